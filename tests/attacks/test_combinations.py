"""Several attacks at once: mixtures made by hand, and what users write and read of them."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies

import noclone as nc
from noclone import attacks
from noclone.attacks import (
    DenialOfService,
    DetectorBlinding,
    InterceptResend,
    LaserSeeding,
    LocalOscillatorCalibration,
    LocalOscillatorIntensity,
    PhotonNumberSplitting,
    Saturation,
    TimeShift,
    TrojanHorse,
)
from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.link.detection import DetectionModel
from noclone.protocols.channel_attack import sifted_information
from noclone.protocols.check_attack import check_attack
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.pulse_combination import PulseCombination
from noclone.protocols.readings import NAMES, Readings
from noclone.protocols.symbol_attack import Combination, SymbolAttack
from noclone.sampling.pulses import honest_patterns
from noclone.simulation.drift import FIELD
from noclone.simulation.link_telemetry import link_telemetry
from noclone.simulation.pulse_telemetry import block_probs, pulse_telemetry
from noclone.simulation.simulate import with_truth

SETUP = nc.load("lim-2014")
SETTINGS = SETUP.recorded.pulse_settings(SETUP.link)
MODEL = DetectionModel(0.1, 0.2, dark_count_prob=1e-5, misalignment=0.01)
BLOCKS = replace(MODEL, channel_transmittance=np.array([0.1, 0.02, 0.3])[:, None, None])
PAIRS = (
    (InterceptResend(fraction=0.25), TimeShift(fraction=0.125)),
    (PhotonNumberSplitting(fraction=0.2), InterceptResend(fraction=0.1)),
    (LaserSeeding(fraction=0.3), PhotonNumberSplitting(fraction=0.2)),
    (DenialOfService(fraction=0.5), DetectorBlinding(fraction=0.25), TimeShift(fraction=0.25, early_prob=1)),
    (TrojanHorse(fraction=0.4), InterceptResend(fraction=0.0)),
)
NAMED = [attacks.get(name) for name in attacks.names()]


def both_of(parts):
    return PulseCombination(parts=parts)


def emitted(part):
    return part.attacked_settings(SETTINGS).photon_probs


@pytest.mark.parametrize("parts", PAIRS, ids=lambda parts: both_of(parts).NAME)
@pytest.mark.parametrize("model", [MODEL, BLOCKS], ids=["one link", "three"])
def test_pulses_do_what_the_parts_make_of_their_shares(parts, model):
    both = both_of(parts)
    total = sum(part.fraction for part in parts)
    assert both.fraction == pytest.approx(total)
    photon_probs, patterns = both.mixture(model, SETTINGS)
    alone = sum(part.fraction * emitted(part) for part in parts)
    np.testing.assert_allclose(photon_probs, (1 - total) * SETTINGS.photon_probs + alone, atol=1e-15)
    by_hand = (1 - total) * SETTINGS.photon_probs[..., None] * honest_patterns(model, SETTINGS)
    for part in parts:
        by_hand = by_hand + part.fraction * emitted(part)[..., None] * part.attacked_patterns(model, SETTINGS)
    np.testing.assert_allclose(photon_probs[..., None] * patterns, by_hand, atol=1e-15)
    np.testing.assert_allclose(patterns.sum(axis=-1), 1)
    np.testing.assert_allclose(both.by_cause(model, SETTINGS).sum(axis=0), by_hand.sum(axis=-2), atol=1e-15)


@pytest.mark.parametrize(
    "parts", [*PAIRS[:3], (InterceptResend(fraction=0.1), TimeShift(early_prob=1, fraction=0.5))]
)
@pytest.mark.parametrize("model", [MODEL, replace(MODEL, efficiency_mismatch=0.5), BLOCKS])
def test_what_eve_knows_is_what_all_her_findings_tell(parts, model):
    """Brute force: which part is at work and what it finds, taken together as one finding."""
    clicks = [
        part.fraction * np.sum(emitted(part) * finding[..., 1:].sum(axis=-1), axis=-1)
        for part in parts
        for finding in part.outcomes(model, SETTINGS)
    ]
    by_hand = sifted_information(SETTINGS, np.stack(np.broadcast_arrays(*clicks), axis=-1))
    np.testing.assert_allclose(both_of(parts).information(model, SETTINGS), by_hand, rtol=1e-9)


def test_parts_that_attack_nothing_are_not_named():
    both = both_of((TrojanHorse(fraction=0.4), InterceptResend(fraction=0.0)))
    assert both.NAME == "trojan-horse"
    assert set(pulse_telemetry(SETUP, 2, 1e5, attack=both).labels) == {"trojan-horse"}
    assert replace(both, fraction=0.0).NAME == "intercept-resend+trojan-horse"


def test_an_attack_without_clicks_tells_nothing():
    parts = DenialOfService(fraction=0.9), InterceptResend(fraction=0.1)
    dark_free = replace(MODEL, dark_count_prob=0.0)
    told = both_of(parts).information(dark_free, SETTINGS)
    assert float(told) == pytest.approx(float(parts[1].information(dark_free, SETTINGS)))
    silent = DenialOfService(fraction=0.9), TimeShift(fraction=0.0)
    assert float(both_of(silent).information(dark_free, SETTINGS)) == 0


@pytest.mark.parametrize("parts", PAIRS, ids=lambda parts: both_of(parts).NAME)
def test_readings_are_those_of_samples(parts):
    """Times drawn by cause; the monitors are means over pulses."""
    both, honest, rng = both_of(parts), Readings(arrival_std_ps=80.0), np.random.default_rng(3)
    clicks = both.by_cause(MODEL, SETTINGS)[..., 1:].sum(axis=-1) @ SETTINGS.probs
    shares = clicks / clicks.sum()
    found = both.readings(honest, shares[1:])
    kinds = [honest, *(part.attacked_readings(honest) for part in both.parts)]
    counts = np.rint(1_000_000 * shares).astype(int)
    times = np.concatenate(
        [
            rng.normal(kind.arrival_mean_ps, kind.arrival_std_ps, n)
            for kind, n in zip(kinds, counts, strict=True)
        ]
    )
    if all(kind.arrival_skew == 0 for kind in kinds):
        assert float(found.arrival_skew) == pytest.approx(
            float(np.mean((times - times.mean()) ** 3) / times.std() ** 3), abs=0.02
        )
    assert float(found.arrival_mean_ps) == pytest.approx(times.mean(), abs=1.0)
    assert float(found.arrival_std_ps) == pytest.approx(times.std(), rel=5e-3)
    weights = [1 - both.fraction, *(part.fraction for part in both.parts)]
    for name in NAMES[3:]:
        by_hand = sum(w * getattr(kind, name) for w, kind in zip(weights, kinds, strict=True))
        assert float(getattr(found, name)) == pytest.approx(float(by_hand))


@pytest.mark.parametrize("parts", PAIRS, ids=lambda parts: both_of(parts).NAME)
def test_combinations_are_sound(parts):
    assert check_attack(both_of(parts)) == ()


def test_combinations_of_symbol_attacks_are_sound():
    for pair in itertools.combinations(
        (Saturation(), LocalOscillatorIntensity(), attacks.HomodyneBlinding()), 2
    ):
        assert check_attack(Combination(parts=pair)) == ()


def test_a_combination_breaks_and_injects_what_its_parts_do():
    both = both_of((InterceptResend(fraction=0.25), TrojanHorse(fraction=0.75)))
    assert both.BREAKS == TrojanHorse.BREAKS
    assert f"{InterceptResend.DOES}, or {TrojanHorse.DOES}" == both.DOES
    assert list(both.injected_light) == ["alice"]
    assert both.injected_light["alice"] == 0.75 * TrojanHorse().injected_light["alice"]
    assert both_of(PAIRS[1]).BREAKS == ""


@given(strategies.lists(strategies.floats(0, 1), min_size=2, max_size=4), strategies.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_fractions_scale_and_are_read_again(weights, fraction):
    kinds = (InterceptResend, TimeShift, PhotonNumberSplitting, TrojanHorse)
    shares = [weight / max(math.fsum(weights), 1) for weight in weights]
    both = both_of(tuple(kind(fraction=share) for kind, share in zip(kinds, shares, strict=False)))
    assert attacks.parse(both.text()) == both
    scaled = replace(both, fraction=fraction)
    assert scaled.fraction == pytest.approx(fraction)
    assert attacks.parse(scaled.text()) == scaled
    if both.fraction > 1e-9 and fraction > 1e-9:
        for before, after in zip(both.parts, scaled.parts, strict=True):
            assert after.fraction / scaled.fraction == pytest.approx(before.fraction / both.fraction)


def other_value(spec, default):
    """Return a value that a field may hold besides its default, of as many digits as there are."""
    if spec.choices:
        return next(each for each in spec.choices if each != default)
    if spec.whole:
        return default + 1 if default + 1 <= spec.high else default - 1
    return default + (min(spec.high, default + 1) - default) / 3 or default / 3


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.NAME)
def test_every_attack_is_read_again_as_it_is_written(kind):
    plain = kind()
    assert attacks.parse(plain.text()) == plain
    for name, spec in specs(kind).items():
        default = getattr(plain, name)
        value = other_value(spec, default)
        if value == default:  # at the upper end of its range
            value = default * 2 / 3
        changed = replace(plain, **{name: value})
        assert changed != plain
        assert attacks.parse(changed.text()) == changed


@pytest.mark.parametrize(
    ("one", "other"),
    list(itertools.combinations([kind for kind in NAMED if issubclass(kind, PulseAttack)], 2))[::7],
)
def test_pairs_on_pulses_are_written_and_read(one, other):
    both = attacks.parse(f"{other.NAME}:fraction=.2+{one.NAME}:fraction=1e-1")
    assert both == both_of((one(fraction=0.1), other(fraction=0.2)))
    assert attacks.parse(both.text()) == both


def test_pairs_on_symbols_are_written_and_read():
    both = attacks.parse("saturation:fraction=.5+local-oscillator-intensity:fraction=.5,kept=0.9")
    assert both == Combination(parts=(Saturation(), LocalOscillatorIntensity(kept=0.9)), fraction=0.5)
    assert attacks.parse(both.text()) == both
    assert attacks.parse("saturation+polarisation").NAME == "polarisation+saturation"


def test_the_plus_of_a_number_does_not_split():
    assert attacks.parse("homodyne-blinding:photons=9e+6") == attacks.HomodyneBlinding(photons=9e6)
    both = attacks.parse("homodyne-blinding:photons=9e+6+saturation:displacement=+3")
    assert both.parts == (attacks.HomodyneBlinding(photons=9e6), Saturation(displacement=3))
    assert isinstance(both, SymbolAttack)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "intercept-resend+saturation",
            "attacks at once must all act on pulses or all on symbols, but act: intercept-resend on pulses, "
            "saturation on symbols",
        ),
        (
            "zero-error-coherent-one-way+unambiguous-discrimination",
            "on rounds, unambiguous-discrimination on rounds",
        ),
        (
            "intercept-resend+time-shift",
            "must attack at most all pulses together, but their fractions sum to 2",
        ),
        ("intercept-resend:fraction=.6+time-shift:fraction=.6", "fractions sum to 1.2"),
        ("intercept-resend:fraction=.1+intercept-resend:fraction=.1", "must be different attacks"),
        ("saturation:fraction=.5+polarisation", "must have one fraction, but have 0.5 and 1.0"),
        ("intercept-resend+time-shfit", "did you mean time-shift"),
        ("intercept-resend+", "must be|is not known"),
    ],
)
def test_what_cannot_be_combined_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message):
        attacks.parse(text)


def test_parts_of_another_kind_are_refused():
    with pytest.raises(InvalidInput, match="parts must act on pulses, but saturation acts on symbols"):
        both_of((InterceptResend(fraction=0.1), Saturation()))
    with pytest.raises(InvalidInput, match="parts must act on symbols, but time-shift acts on pulses"):
        Combination(parts=(TimeShift(), Saturation()))
    with pytest.raises(InvalidInput, match=r"fraction must be at least 0 and at most 1, but is 1\.5"):
        PulseCombination(parts=PAIRS[0], fraction=1.5)
    with pytest.raises(InvalidInput, match="at least two"):
        both_of((InterceptResend(),))


def test_simulated_records_are_those_of_the_mixture():
    both = attacks.parse("intercept-resend:fraction=.3+photon-number-splitting:fraction=.4")
    run = with_truth(SETUP, 3_000_000, attack=both, seed=5)
    table = both.table(
        DetectionModel.of(SETUP.link.detectors("bob"), float(SETUP.link.channel.segments()[1][0])), SETTINGS
    )
    clicks = np.einsum("j,jn,jnk->jk", SETTINGS.probs, table.settings.photon_probs, table.patterns[..., 1:])
    for intensity in range(3):
        rows = np.arange(len(SETTINGS.probs)) // 8 == intensity
        expected = 3_000_000 * clicks[rows].sum()
        seen = np.count_nonzero(run.alice.intensity == intensity)
        assert abs(seen - expected) < 5 * math.sqrt(expected)
    assert attacks.parse(run.alice.run.provenance["attack"]) == both


def test_telemetry_of_pulses_is_labelled_with_both():
    both = attacks.parse("time-shift:fraction=.2+denial-of-service:fraction=.5")
    seen = pulse_telemetry(SETUP, 40, 1e8, attack=both)
    assert set(seen.labels.tolist()) == {"denial-of-service+time-shift"}
    assert attacks.parse(seen.card["attack"]) == both
    # Denied pulses give dark counts only, so that the shifted ones are more than their share of the clicks.
    clicks = (
        both.by_cause(
            DetectionModel.of(SETUP.link.detectors("bob"), float(SETUP.link.channel.segments()[1][0])),
            SETTINGS,
        )[..., 1:].sum(axis=-1)
        @ SETTINGS.probs
    )
    shares = clicks / clicks.sum()
    assert shares[1] < 1e-3
    assert shares[2] > 0.25
    wanted = both.readings(Readings(), shares[1:])
    for name in ("arrival_mean_ps", "arrival_std_ps", "alice_monitor_nw", "bob_current_ua"):
        column = seen.values[:, seen.columns.index(name)]
        error = column.std() / math.sqrt(len(column))
        assert abs(column.mean() - float(getattr(wanted, name))) < 5 * error + 1e-12


def test_telemetry_of_symbols_is_labelled_with_both():
    link = nc.load("zhang-2020-27km")
    both = attacks.parse("local-oscillator-calibration:fraction=.5+local-oscillator-intensity:fraction=.5")
    assert both == Combination(parts=(LocalOscillatorCalibration(), LocalOscillatorIntensity()), fraction=0.5)
    seen = link_telemetry(link, 3, 1000, attacks=[both])
    assert set(seen.labels.tolist()) == {"local-oscillator-calibration+local-oscillator-intensity"}
    assert attacks.parse(seen.card["attack"]) == both


def test_dead_time_takes_clicks_of_every_cause_alike():
    ready = SETUP.replace({"bob.statistics": "exact"})
    dead = ready.replace({"bob.dead_time_s": 1e-5, "bob.efficiency": 0.9})
    setups = ready.replace({"bob.efficiency": 0.9}), dead
    weather = FIELD.weather(np.arange(3) * 60.0, np.random.default_rng(1))
    both = attacks.parse("time-shift:fraction=.2+intercept-resend:fraction=.1")
    (ready_probs, ready_shares), (dead_probs, dead_shares) = (
        block_probs(each, SETTINGS, weather, slice(0, 3), both, steady=False) for each in setups
    )
    assert dead_probs[..., 1:].sum() < 0.95 * ready_probs[..., 1:].sum()
    np.testing.assert_allclose(dead_shares, ready_shares)
    assert dead_shares.shape == (2, 3)
