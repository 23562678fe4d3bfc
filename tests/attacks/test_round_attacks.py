"""Attacks on rounds: sampled against expected, hidden where theory hides them, seen where it does not."""

import dataclasses

import numpy as np
import pytest

from noclone import attacks
from noclone.attacks.unambiguous_discrimination import UnambiguousDiscrimination
from noclone.attacks.zero_error_coherent_one_way import STRETCH, ZeroErrorCoherentOneWay, _sent_on
from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.agreement import compare
from noclone.protocols.b92 import B92
from noclone.protocols.bb84 import BB84
from noclone.protocols.cow import CoherentOneWay
from noclone.protocols.strong_reference_b92 import StrongReferenceB92
from noclone.rates.coherent_one_way import discrimination_prob, zero_error_gain

REAL = ThresholdDetectors(efficiency=0.7, dark_count_prob=1e-3, misalignment=0.02)
IDEAL = ThresholdDetectors(efficiency=1.0)
SINGLE = SinglePhotonSource(clock_rate_hz=1e6)


def laser(intensity):
    return WeakCoherentSource(intensities=(intensity,), clock_rate_hz=1e6)


def link_of(transmittance, source=SINGLE, bob=REAL):
    return Link(alice=source, channel=FixedLoss(loss_db=-10 * np.log10(transmittance)), bob=bob)


SETTINGS = [
    *((UnambiguousDiscrimination, B92(overlap=0.6), link_of(way)) for way in (0.2, 0.8)),
    *((UnambiguousDiscrimination, B92(overlap=0.6), link_of(way, laser(1.5))) for way in (0.2, 0.8)),
    (UnambiguousDiscrimination, StrongReferenceB92(), link_of(0.3, laser(0.3))),
    *((ZeroErrorCoherentOneWay, CoherentOneWay(), link_of(way, laser(0.5))) for way in (0.01, 0.3)),
]


@pytest.mark.parametrize("fraction", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("kind", "protocol", "link"), SETTINGS)
def test_sampled_rounds_agree_with_the_statistics(kind, protocol, link, fraction):
    attack = kind(fraction=fraction)
    rounds = 400 * 2 * STRETCH if kind is ZeroErrorCoherentOneWay else 400_000
    sampled = attack.sample(protocol, link, rounds, np.random.default_rng(5))
    expected = attack.statistics(protocol, link)
    assert set(sampled) == set(expected) == set(protocol.statistics(link))
    if kind is ZeroErrorCoherentOneWay and fraction > 0:
        return  # clicks come in runs; see below
    for row in compare(expected, sampled, rounds):
        assert row.p_value > 1e-4, row


@pytest.mark.parametrize("way", [0.01, 0.3])
@pytest.mark.parametrize("fraction", [0.4, 1.0])
def test_runs_of_coherent_one_way_agree_in_the_mean(way, fraction):
    """Clicks of one run are not independent: the spread is taken from many short trains."""
    attack, link = ZeroErrorCoherentOneWay(fraction=fraction), link_of(way, laser(0.5))
    rng, rounds = np.random.default_rng(8), 2 * 10 * STRETCH
    trains = [attack.sample(CoherentOneWay(), link, rounds, rng) for _ in range(60)]
    for name, prob in attack.statistics(CoherentOneWay(), link).items():
        counts = np.array([each[name] for each in trains])
        error = max(counts.std(ddof=1), np.sqrt(rounds * float(prob))) / np.sqrt(len(counts))
        # A train of ten stretches has nine boundaries, and no neighbour behind its last sequence.
        assert abs(counts.mean() - rounds * float(prob)) < 4 * error + 1, name


@pytest.mark.parametrize(("kind", "protocol", "link"), SETTINGS)
def test_a_fraction_of_zero_is_no_attack(kind, protocol, link):
    honest = protocol.statistics(link)
    for name, prob in kind(fraction=0).statistics(protocol, link).items():
        assert float(prob) == pytest.approx(float(honest[name]), rel=1e-12)


def law(seen):
    """Return an attack's or protocol's statistics as numbers."""
    return np.array([float(each) for each in seen.values()])


@pytest.mark.parametrize("source", [SINGLE, laser(0.2), laser(2.0)])
@pytest.mark.parametrize("overlap", [0.3, 0.7])
def test_discrimination_leaves_no_trace_where_the_loss_reaches_the_overlap(source, overlap):
    eve, b92 = UnambiguousDiscrimination(), B92(overlap=overlap)
    for way, hidden in ((0.5 * (1 - overlap), True), (1 - overlap, True), (1.05 * (1 - overlap), False)):
        link = link_of(way, source)
        honest, attacked = law(b92.statistics(link)), law(eve.statistics(b92, link))
        if hidden:
            np.testing.assert_allclose(attacked, honest, rtol=1e-9)
        else:
            assert attacked[0] < honest[0]
    assert eve.hidden(b92, link_of(0.9 * (1 - overlap), source))
    assert not eve.hidden(b92, link_of(1.05 * (1 - overlap), source))


def test_where_discrimination_is_hidden_the_proof_gives_no_key():
    eve = UnambiguousDiscrimination()
    for overlap in (0.4, 0.68):
        for way in (0.99 * (1 - overlap), 0.5 * (1 - overlap)):
            link = link_of(way, bob=IDEAL)
            assert eve.hidden(B92(overlap=overlap), link)
            assert float(B92(overlap=overlap).rate(link).rate_per_pulse) == 0


def test_discrimination_of_single_photons_delivers_one_less_the_overlap():
    link, b92 = link_of(0.9, bob=IDEAL), B92(overlap=0.6)
    seen = UnambiguousDiscrimination().statistics(b92, link)
    assert float(seen["click"]) == pytest.approx(0.4)
    assert float(seen["error"]) == 0
    assert UnambiguousDiscrimination().information(b92, link) == 1


def test_of_dark_counts_eve_knows_what_she_discriminated():
    b92 = B92(overlap=0.6)
    told = [UnambiguousDiscrimination().information(b92, link_of(way)) for way in (0.3, 1e-7)]
    assert 0.9 < told[0] < 1
    assert told[1] == pytest.approx(0.4, abs=1e-3)


def test_a_strong_reference_shows_what_is_blocked():
    """A blocked pulse clicks with 1 - exp(-local), wrongly half of the time, for an ideal detector."""
    protocol, eve, intensity, way = StrongReferenceB92(), UnambiguousDiscrimination(), 0.1, 0.2
    link = link_of(way, laser(intensity), IDEAL)
    honest, attacked = protocol.statistics(link), eve.statistics(protocol, link)
    assert float(honest["error"]) == pytest.approx(0, abs=1e-12)
    blocked = np.exp(-2 * intensity) * -np.expm1(-way * intensity)
    assert float(attacked["error"]) == pytest.approx(blocked / 2)
    assert float(attacked["error"] / attacked["conclusive"]) > 0.25
    assert not eve.hidden(protocol, link)


def cow_link(way, bob=IDEAL):
    return link_of(way, laser(0.3), bob)


def test_the_zero_error_attack_keeps_gain_error_rate_and_visibility():
    cow, eve = CoherentOneWay(visibility=1.0), ZeroErrorCoherentOneWay()
    link = cow_link(0.005)
    honest, attacked = cow.statistics(link), eve.statistics(cow, link)
    assert eve.hidden(cow, link)
    assert float(attacked["kept"]) == pytest.approx(float(honest["kept"]), rel=1e-9)
    assert float(attacked["wrong"]) == float(honest["wrong"]) == 0
    assert float(attacked["monitor faint"]) == float(honest["monitor faint"]) == 0
    # What it does change: full neighbours are more frequent among the sequences sent on.
    assert 1.1 < float(attacked["monitor bright"]) / float(honest["monitor bright"]) < 1.3
    assert eve.information(cow, link) == 1


def test_on_a_real_receiver_the_zero_error_attack_adds_next_to_no_errors():
    link, cow = CoherentOneWay.typical(100)
    honest, attacked = cow.statistics(link), ZeroErrorCoherentOneWay().statistics(cow, link)

    def rates(seen):
        bright, faint = float(seen["monitor bright"]), float(seen["monitor faint"])
        return float(seen["wrong"] / seen["kept"]), (bright - faint) / (bright + faint)

    np.testing.assert_allclose(rates(attacked), rates(honest), atol=5e-4)
    assert ZeroErrorCoherentOneWay().information(cow, link) > 0.999


def test_no_key_is_left_that_the_legacy_rate_promises():
    link, cow = CoherentOneWay.typical(100)
    assert ZeroErrorCoherentOneWay().hidden(cow, link)
    assert float(dataclasses.replace(cow, insecure=True).rate(link).rate_per_pulse) > 0


def test_the_gain_it_can_match_is_that_of_the_rates():
    """`zero_error_gain` counts runs without end; a stretch cuts off one in its length at most."""
    cow, eve = CoherentOneWay(), ZeroErrorCoherentOneWay()
    most = float(eve.statistics(cow, cow_link(1.0))["kept"])
    limit = 0.5 * float(zero_error_gain(0.3, cow.decoy_prob))
    assert limit * (1 - 2 / STRETCH) < most < limit
    honest = float(cow.statistics(cow_link(1.0))["kept"])
    reach = limit / honest  # about; the gain is nearly linear
    assert eve.hidden(cow, cow_link(0.8 * reach))
    assert not eve.hidden(cow, cow_link(1.3 * reach))


def test_what_is_sent_on_begins_and_ends_with_an_empty_pulse():
    rng = np.random.default_rng(4)
    full = np.array([[False, True], [True, False], [True, True]])[rng.integers(0, 3, 3 * STRETCH)]
    known = rng.random(3 * STRETCH) < 0.6
    sent = _sent_on(known, full)
    assert 0.1 < sent.mean() < 0.6
    assert not (sent & ~known).any()
    for start in range(0, 3 * STRETCH, STRETCH):
        part, light = sent[start : start + STRETCH], full[start : start + STRETCH]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], part.astype(int), [0]])))
        for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
            assert not light[first, 0]
            assert not light[last, 1]


def test_the_success_of_discrimination_is_what_the_rates_say():
    assert 0 < float(discrimination_prob(0.3)) < 0.3


def test_attacks_refuse_other_protocols():
    link, bb84 = BB84.typical(10)
    for kind in (UnambiguousDiscrimination, ZeroErrorCoherentOneWay):
        with pytest.raises(InvalidInput, match=f"for {kind.NAME}, but is bb84"):
            kind().statistics(bb84, link)


def test_they_are_found_by_name():
    assert attacks.get("unambiguous-discrimination") is UnambiguousDiscrimination
    assert attacks.parse("zero-error-coherent-one-way:fraction=.5") == ZeroErrorCoherentOneWay(fraction=0.5)
