"""What an attack must be, said in words: every attack passes, and cheats of every kind are caught."""

from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import pytest

from noclone import attacks
from noclone.attacks import BeamSplitting, DenialOfService, InterceptResend, LaserSeeding
from noclone.core.errors import InvalidInput
from noclone.protocols.b92 import B92
from noclone.protocols.channel_attack import no_photon
from noclone.protocols.check_attack import check_attack
from noclone.protocols.check_pulse_attack import _one_photon, _several_photons
from noclone.protocols.readings import Readings
from noclone.protocols.round_attack import RoundAttack
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.sampling.patterns import with_dead
from noclone.sampling.pulses import honest_patterns


@pytest.mark.parametrize("name", attacks.names())
def test_every_attack_is_sound(name):
    assert check_attack(attacks.get(name)()) == ()


@pytest.mark.parametrize(
    "attack",
    [
        attacks.ChannelCalibration(gate_width_ps=5.0, shift_ps=1e4),
        attacks.DeadTime(blinding_photons=0.0),
        attacks.EntanglingCloner(excess_noise_snu=100.0),
        attacks.HomodyneBlinding(photons=0.0),
        attacks.HomodyneBlinding(photons=1e12),
        attacks.LaserDamage(drop_db=20.0),
        attacks.LaserSeeding(factor=100.0),
        attacks.LocalOscillatorWavelength(imbalance=0.5),
        attacks.ReferencePulse(gain=1e4),
        attacks.TrojanHorse(back_photons=1e4),
    ],
)
def test_attacks_at_the_ends_of_their_ranges_are_sound(attack):
    assert check_attack(attack) == ()


def faults(base, **changes):
    kind = dataclass(frozen=True, kw_only=True)(type("Cheat", (base,), {"__doc__": "A cheat.", **changes}))
    return " ".join(check_attack(kind()))


def honest(self, model, settings):
    return honest_patterns(model, settings)


def test_only_attacks_are_checked():
    with pytest.raises(InvalidInput, match="must be an Attack"):
        check_attack("intercept-resend")


def test_declarations_are_said_in_words():
    assert "DOES is missing or empty" in faults(InterceptResend, DOES="")
    assert "SOURCE is missing" in faults(InterceptResend, SOURCE="")
    assert "lower-case words with hyphens" in faults(InterceptResend, NAME="Intercept Resend")
    assert "NAME must be that of its file, intercept-resend" in faults(
        InterceptResend, NAME="other", __module__="noclone.attacks.intercept_resend"
    )
    assert "injected_light must give photons" in faults(InterceptResend, injected_light={"charlie": 1.0})
    assert "injected_light must give photons" in faults(InterceptResend, injected_light={"bob": -1.0})
    assert "BREAKS_AT must be alice or bob" in faults(InterceptResend, BREAKS_AT="charlie")
    assert "it has no docstring" in faults(InterceptResend, __doc__="")


def test_a_table_that_is_none_is_found():
    assert "must have the shape" in faults(
        InterceptResend, attacked_patterns=lambda self, model, settings: np.ones(4) / 4
    )
    assert "not probabilities that sum to 1" in faults(
        InterceptResend, attacked_patterns=lambda self, model, settings: 0.9 * honest(self, model, settings)
    )
    assert "not probabilities that sum to 1" in faults(
        InterceptResend,
        attacked_patterns=lambda self, model, settings: np.nan * honest(self, model, settings),
    )


def test_an_attack_that_ignores_its_fraction_is_found():
    def always(self, model, settings):
        return settings.photon_probs, self.attacked_patterns(model, settings)

    assert "at fraction 0 it is not the honest link" in faults(InterceptResend, mixture=always)

    def threshold(self, model, settings):
        used = honest if self.fraction < 0.6 else type(self).attacked_patterns
        return settings.photon_probs, used(self, model, settings)

    assert "at fraction 0.5 it is not the mean" in faults(InterceptResend, mixture=threshold)


def test_knowing_the_intensity_is_found():
    def decoys_pass(self, model, settings):
        blocked = InterceptResend.attacked_patterns(self, model, settings)
        return np.where(settings.signal[:, None, None], blocked, honest(self, model, settings))

    assert "by their intensity, which Eve cannot know" in faults(
        InterceptResend, attacked_patterns=decoys_pass
    )


def test_reading_an_empty_pulse_is_found():
    def clairvoyant(self, model, settings):
        dead = (settings.sent_bit[:, None] == bit for bit in (1, 0))
        return with_dead(honest(self, model, settings), *dead)

    assert "which they do not carry" in faults(DenialOfService, attacked_patterns=clairvoyant)


def test_knowing_bobs_basis_is_found():
    def in_z_only(self, model, settings):
        silent = np.eye(4)[0]
        return np.where((settings.measured_basis == 0)[:, None, None], honest(self, model, settings), silent)

    assert "depends on his basis, which Eve cannot know" in faults(
        DenialOfService, attacked_patterns=in_z_only
    )
    assert "depends on his basis" not in faults(
        DenialOfService, attacked_patterns=in_z_only, BREAKS="the receiver measures as described"
    )


def test_light_that_is_not_declared_is_found():
    def brighter(self, model, settings):
        return honest(self, replace(model, channel_transmittance=1.0, efficiency=1.0), settings)

    assert "pulses of 1 photons click with probability 1" in faults(
        DenialOfService, attacked_patterns=brighter
    )

    def from_nothing(self, model, settings):
        return honest(self, replace(model, dark_count_prob=0.3), settings)

    assert "pulses of 0 photons click with probability 0.51" in faults(
        DenialOfService, attacked_patterns=from_nothing
    )
    assert "photons click" not in faults(
        DenialOfService, attacked_patterns=from_nothing, injected_light={"bob": 100.0}
    )


def test_reaching_into_the_source_is_found():
    def doubled(self, settings):
        return replace(settings, photon_probs=settings.photon_probs[:, ::-1])

    assert "declares no light that enters her station" in faults(DenialOfService, attacked_settings=doubled)

    def chooses(self, settings):
        return replace(settings, sent_bit=1 - settings.sent_bit)

    assert "changes sent_bit of the settings" in faults(DenialOfService, attacked_settings=chooses)
    assert "changes alice_monitor_nw, but declares no light" in faults(LaserSeeding, injected_light={})


def test_too_much_information_is_found():
    def everything(self, model, settings):
        return np.ones(np.shape(self.attacked_patterns(model, settings))[:-3])

    found = faults(InterceptResend, attacked_patterns=honest, information=everything)
    assert "0 of them come from several photons, and error rates of single ones of 0 in Z and 0 in X" in found
    assert "in X allow 0;" in found
    assert "claims 1 bits" in faults(InterceptResend, information=everything)  # 25 % of errors allow .645
    assert "in X allow 0.645" in faults(InterceptResend, information=everything)
    assert "claims" not in faults(InterceptResend, information=everything, BREAKS="an assumption")
    assert "number of bits from 0 to 1, but is 1.5" in faults(
        InterceptResend, information=lambda self, model, settings: np.asarray(1.5)
    )
    assert "from 0 to 1, but is nan" in faults(
        InterceptResend, information=lambda self, model, settings: np.asarray(np.nan)
    )


def untold(self, model, settings):
    return np.zeros(np.shape(self.attacked_patterns(model, settings))[:-3])


def blocking(chosen, fewest=1):
    """Return the patterns of an Eve who blocks pulses with so many photons that Alice sent in some states."""

    def patterns(self, model, settings):
        numbers = np.arange(settings.photon_probs.shape[1])[:, None]
        blocked = chosen(settings)[:, None, None] & (numbers >= fewest)
        return np.where(blocked, no_photon(model, settings), honest(self, model, settings))

    return patterns


def in_x(settings):
    return settings.sent_basis == 1


def test_knowing_alices_choices_is_found():
    for chosen in (in_x, lambda settings: settings.sent_bit == 1):
        found = faults(DenialOfService, attacked_patterns=blocking(chosen))
        assert "averaged over Alice's bit, depends on her basis" in found
        for broken, seen in (("bob", True), ("alice", False)):
            found = faults(
                DenialOfService, attacked_patterns=blocking(chosen), BREAKS="an assumption", BREAKS_AT=broken
            )
            assert ("depends on her basis" in found) == seen
    # Of two photons a measurement tells something of the basis.
    assert faults(DenialOfService, attacked_patterns=blocking(in_x, 2), information=untold) == ""

    def both_bases(self, model, settings):  # her bit without loss in either basis, whatever Bob's is
        bright = replace(model, channel_transmittance=1.0, efficiency=0.999)
        bits = np.eye(4)[1 + settings.sent_bit][:, None] * (
            np.arange(settings.photon_probs.shape[1])[:, None] > 0
        )
        clicks = 1 - bright.patterns(1, 0, 0, 0)[0]
        quiet = no_photon(model, settings)
        return np.where(bits.sum(axis=-1, keepdims=True) > 0, (1 - clicks) * quiet + clicks * bits, quiet)

    found = faults(
        DenialOfService, attacked_patterns=both_bases, BREAKS="an assumption", injected_light={"bob": 1e6}
    )
    assert "single photons tells more of Alice's bit in both bases" in found
    assert "what becomes of 2 photons tells Alice's states apart better" in found


@pytest.mark.parametrize("number", [1, 2, 3])
def test_no_measurement_is_taken_for_a_cheat(number):
    """Random measurements of several photons, and that of Helstrom, which tells two states apart best."""
    rng, angles = np.random.default_rng(number), (0.0, np.pi / 2, np.pi / 4, -np.pi / 4)
    single = np.array([[np.cos(angle), np.sin(angle)] for angle in angles])
    states = reduce(lambda a, b: np.einsum("ka,kb->kab", a, b).reshape(4, -1), [single] * number)
    size = states.shape[1]
    difference = np.outer(states[0], states[0]) - np.outer(states[2], states[2])
    values, vectors = np.linalg.eigh(difference)
    better = vectors[:, values > 0] @ vectors[:, values > 0].T
    measurements = [np.array([better, np.eye(size) - better, 0 * better, 0 * better])]
    for _ in range(100):
        roots = rng.normal(size=(4, size, size)) * rng.exponential(size=(4, 1, 1)) ** 3
        effects = roots @ roots.transpose(0, 2, 1)
        scale = np.linalg.inv(np.linalg.cholesky(effects.sum(axis=0)))
        measurements.append(scale @ effects @ scale.T)
    for effects in measurements:
        seen = np.einsum("sa,kab,sb->sk", states, effects, states)
        if number == 1:
            assert not [*_one_photon(seen.reshape(2, 2, 1, 4))]
        else:
            padded = np.zeros((4, 1, number + 1, 4))
            padded[..., 0] = 1
            padded[:, 0, number] = seen
            assert not [*_several_photons(padded)]


def test_light_that_several_photons_do_not_explain_is_found():
    def passive(self, model, settings):
        return honest(self, model, settings)

    for claimed, unsound in ((1.0, True), (0.42, True), (0.3, False)):

        def told(self, model, settings, claimed=claimed):
            several = settings.photon_probs.shape[1] > 2
            return untold(self, model, settings) + (claimed if several else 0.0)

        found = faults(DenialOfService, attacked_patterns=passive, information=told)
        assert ("bits of a sifted bit, but 0.384 of them come from several photons" in found) == unsound


def test_a_biased_choice_of_basis_allows_what_errors_in_the_other_basis_do():
    # Measuring in Z tells 64/68 of the sifted bits at an error rate of 3 %: all errors are in X.
    assert check_attack(InterceptResend(basis="z")) == ()


@pytest.mark.parametrize("name", ["bob_current_ua", "alice_monitor_nw", "source_power"])
@pytest.mark.parametrize("factor", [0.0, 2.0])
def test_monitors_show_no_light_that_is_not_declared(name, factor):
    def read(self, readings):
        return replace(readings, **{name: factor * getattr(readings, name)})

    station = "bob" if name.startswith("bob") else "alice"
    assert f"it changes {name}, but declares no light" in faults(DenialOfService, attacked_readings=read)
    assert faults(DenialOfService, attacked_readings=read, injected_light={station: 1.0}) == ""
    assert "declares no light" in faults(
        DenialOfService, attacked_readings=read, injected_light={station: 0.0}
    )


def test_clicks_that_come_too_sharply_are_found():
    def sharper(self, readings):
        return replace(readings, arrival_std_ps=readings.arrival_std_ps / 2)

    assert "it narrows the arrival times" in faults(DenialOfService, attacked_readings=sharper)
    assert "narrows" not in faults(
        DenialOfService, attacked_readings=sharper, BREAKS="clicks come with the detectors' jitter"
    )


def test_an_attack_for_one_link_only_is_found():
    def scalar(self, model, settings):
        return honest(
            self, replace(model, channel_transmittance=float(model.channel_transmittance)), settings
        )

    assert "attacked_patterns fails for an array of links" in faults(
        DenialOfService, attacked_patterns=scalar
    )

    def averaged(self, model, settings):
        mean = float(np.mean(model.channel_transmittance))
        return honest(self, replace(model, channel_transmittance=mean), settings)

    assert "attacked_patterns for an array of links differs" in faults(
        DenialOfService, attacked_patterns=averaged
    )


def test_readings_that_are_none_are_found():
    assert "arrival_mean_ps is not a finite number" in faults(
        DenialOfService, attacked_readings=lambda self, read: replace(read, arrival_mean_ps=np.nan)
    )
    assert "have no width" in faults(
        DenialOfService, attacked_readings=lambda self, read: replace(read, arrival_std_ps=0.0)
    )

    @dataclass(frozen=True)
    class More(Readings):
        temperature: float = 20.0

    assert "must return Readings, but returns More" in faults(
        DenialOfService, attacked_readings=lambda self, read: More()
    )


def test_a_refused_link_is_said():
    def refuses(self, model, settings):
        raise InvalidInput("source", "must be something else")

    assert "refuses a link that it should run on: source must be" in faults(
        BeamSplitting, attacked_patterns=refuses
    )


def test_the_declared_light_of_bob_is_counted_in_photons():
    # One photon declared, all of it detected, on top of nothing: 1 - exp(-efficiency) and dark counts.
    def one_more(self, model, settings):
        quiet = honest(self, replace(model, channel_transmittance=0.0), settings)
        click = -np.expm1(-np.asarray(model.efficiency))[..., None]
        return (1 - click) * quiet + click * np.array([0.0, 0.5, 0.5, 0.0])

    assert "photons click" not in faults(
        DenialOfService, attacked_patterns=one_more, injected_light={"bob": 1.0}
    )
    assert "photons click" in faults(DenialOfService, attacked_patterns=one_more, injected_light={"bob": 0.5})


# Attacks on symbols


class _Symbols(SymbolAttack):
    NAME = "cheat"
    DOES = RESENDS = LEARNS = CHANGES = SOURCE = "nothing"

    def attacked(self, model):
        return model

    def information(self, model):
        return np.zeros(np.shape(model.transmittance))


def test_faults_of_attacks_on_symbols_are_found():
    assert faults(_Symbols) == ""
    assert "changes modulation_snu, which is out of Eve's reach" in faults(
        _Symbols, attacked=lambda self, model: replace(model, modulation_snu=20.0)
    )
    assert "passes more light than there is" in faults(
        _Symbols, attacked=lambda self, model: replace(model, transmittance=1.5), BREAKS="an assumption"
    )

    def foreign(self, model):
        return replace(model, foreign_signal_photons=1e6)

    assert "declares no light that enters Bob's station" in faults(_Symbols, attacked=foreign)
    assert faults(_Symbols, attacked=foreign, injected_light={"bob": 1e6}) == ""

    assert "its foreign light has 1e+06 photons, but it declares 1e+05" in faults(
        _Symbols, attacked=foreign, injected_light={"bob": 1e5}
    )

    def seven(self, model):
        return np.full(np.shape(model.transmittance), 7.0)

    assert "claims 7 bits of a symbol" in faults(_Symbols, information=seven)
    assert faults(_Symbols, information=seven, BREAKS="an assumption") == ""
    assert "must be a finite number of bits" in faults(_Symbols, information=lambda self, model: np.nan)
    assert "array of links differs" in faults(_Symbols, information=lambda self, model: np.zeros(()))

    def refuses(self, model):
        raise InvalidInput("model", "is not liked")

    assert "refuses every link" in faults(_Symbols, attacked=refuses)


def changed(**factors):
    """Return an attack that multiplies a model's parameters, or sets them where they are 0."""

    def attacked(self, model):
        return replace(model, **{name: getattr(model, name) * factor for name, factor in factors.items()})

    return attacked


@pytest.mark.parametrize(
    ("attacked", "declared", "fault"),
    [
        (changed(oscillator_photons=100.0, shot_noise_v2=100.0), {}, "oscillator_photons are 1e+09"),
        (changed(reference_photons=1e6), {}, "reference_photons are 1e+10"),
        (changed(excess_noise_snu=0.9), {}, "lowers excess_noise_snu"),
        (changed(phase_noise_rad2=0.0), {}, "lowers phase_noise_rad2"),
        (changed(shot_noise_v2=0.9), {}, "does not follow the oscillator's power"),
        (changed(shot_noise_v2=0.9, oscillator_photons=0.9), {}, "does not leave Bob's station"),
        (changed(reference_photons=0.0), {}, "whether the oscillator travels"),
        (lambda self, model: replace(model, displacement_v=5.0), {}, "neither resends symbols nor declares"),
    ],
)
def test_what_no_channel_does_to_symbols_is_found(attacked, declared, fault):
    assert fault in faults(_Symbols, attacked=attacked, injected_light=declared)


def test_what_light_and_resending_explain_is_no_fault():
    displaced = faults(_Symbols, attacked=lambda self, model: replace(model, displacement_v=5.0, resent=1.0))
    assert displaced == ""
    brighter = changed(oscillator_photons=100.0)
    lit = faults(_Symbols, attacked=brighter, injected_light={"bob": 1e9}, BREAKS="the shot noise is known")
    assert "oscillator_photons are" not in lit
    # 6 dB are lost: a channel without loss brings four times the light.
    assert "reference_photons are" in faults(_Symbols, attacked=changed(reference_photons=4.0))
    assert "reference_photons are" not in faults(_Symbols, attacked=changed(reference_photons=3.9))
    noisier = changed(excess_noise_snu=0.9)
    assert faults(_Symbols, attacked=noisier, BREAKS="the shot noise is what it was when calibrated") == ""


# Attacks on rounds


class _Rounds(RoundAttack):
    NAME = "cheat"
    DOES = RESENDS = LEARNS = CHANGES = SOURCE = "nothing"
    PROTOCOLS = (B92.NAME,)

    def sample(self, protocol, link, rounds, rng):
        return protocol.sample(link, rounds, rng)

    def statistics(self, protocol, link):
        return protocol.statistics(link)

    def information(self, protocol, link):
        return 0.0

    def hidden(self, protocol, link):
        return True


def test_faults_of_attacks_on_rounds_are_found():
    assert faults(_Rounds) == ""
    assert "PROTOCOLS names b93, which does not exist" in faults(_Rounds, PROTOCOLS=("b93",))
    assert "must be from 0 to 1 bits, but is 2.0" in faults(
        _Rounds, information=lambda self, protocol, link: 2.0
    )
    assert "do not name what those of b92 do: flash" in faults(
        _Rounds,
        statistics=lambda self, protocol, link: {**protocol.statistics(link), "flash": np.asarray(0.0)},
    )

    def halved(self, protocol, link):
        return {name: value / 2 for name, value in protocol.statistics(link).items()}

    found = faults(_Rounds, statistics=halved)
    assert "at fraction 0 it is not the honest link of b92" in found
    assert "disagrees with its statistics" in found
    assert "is not a probability" in faults(
        _Rounds,
        statistics=lambda self, protocol, link: {
            name: 0 * value - 1 for name, value in protocol.statistics(link).items()
        },
    )
    assert "its sample does not name" in faults(
        _Rounds, sample=lambda self, protocol, link, rounds, rng: {"flash": 1}
    )


def test_information_that_leaves_no_trace_is_found():
    def all_bits(self, protocol, link):
        return 1.0

    for name in ("b92", "cow", "strong-reference-b92"):
        found = faults(_Rounds, PROTOCOLS=(name,), information=all_bits)
        assert f"leaves what is seen of {name} as it was without loss and noise" in found
        assert faults(_Rounds, PROTOCOLS=(name,), information=all_bits, BREAKS="an assumption") == ""
    # Intensity 0.3: so many of the pulses that are not empty have more than one photon.
    assert "allows 0.1425" in faults(_Rounds, PROTOCOLS=("cow",), information=all_bits)
    assert 1 - 0.3 / np.expm1(0.3) == pytest.approx(0.1425, abs=1e-4)
