"""What an attack must be, said in words: every attack passes, and cheats of every kind are caught."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from noclone import attacks
from noclone.attacks import BeamSplitting, DenialOfService, InterceptResend, TrojanHorse
from noclone.core.errors import InvalidInput
from noclone.protocols.b92 import B92
from noclone.protocols.check_attack import check_attack
from noclone.protocols.readings import Readings
from noclone.protocols.round_attack import RoundAttack
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.sampling.patterns import with_dead
from noclone.sampling.pulses import honest_patterns


@pytest.mark.parametrize("name", attacks.names())
def test_every_attack_is_sound(name):
    assert check_attack(attacks.get(name)()) == ()


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
    assert "INJECTED_LIGHT must give photons" in faults(InterceptResend, INJECTED_LIGHT={"charlie": 1.0})
    assert "INJECTED_LIGHT must give photons" in faults(InterceptResend, INJECTED_LIGHT={"bob": 0.0})
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
        DenialOfService, attacked_patterns=from_nothing, INJECTED_LIGHT={"bob": 100.0}
    )


def test_reaching_into_the_source_is_found():
    def doubled(self, settings):
        return replace(settings, photon_probs=settings.photon_probs[:, ::-1])

    assert "declares no light that enters her station" in faults(DenialOfService, attacked_settings=doubled)

    def chooses(self, settings):
        return replace(settings, sent_bit=1 - settings.sent_bit)

    assert "changes sent_bit of the settings" in faults(DenialOfService, attacked_settings=chooses)
    assert "raises alice_monitor_nw, but declares no light" in faults(TrojanHorse, INJECTED_LIGHT={})


def test_too_much_information_is_found():
    def everything(self, model, settings):
        return np.ones(np.shape(self.attacked_patterns(model, settings))[:-3])

    found = faults(InterceptResend, attacked_patterns=honest, information=everything)
    assert "claims 1 bits of a single photon at an error rate of 0, which allows 0" in found
    assert "claims 1 bits" in faults(InterceptResend, information=everything)  # 25 % of errors allow .645
    assert "allows 0.645" in faults(InterceptResend, information=everything)
    assert "single photon" not in faults(InterceptResend, information=everything, BREAKS="an assumption")
    assert "number of bits from 0 to 1, but is 1.5" in faults(
        InterceptResend, information=lambda self, model, settings: np.asarray(1.5)
    )
    assert "from 0 to 1, but is nan" in faults(
        InterceptResend, information=lambda self, model, settings: np.asarray(np.nan)
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
        DenialOfService, attacked_patterns=one_more, INJECTED_LIGHT={"bob": 1.0}
    )
    assert "photons click" in faults(DenialOfService, attacked_patterns=one_more, INJECTED_LIGHT={"bob": 0.5})


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
    assert faults(_Symbols, attacked=foreign, INJECTED_LIGHT={"bob": 1e6}) == ""

    def seven(self, model):
        return np.full(np.shape(model.transmittance), 7.0)

    assert "claims 7 bits of a symbol" in faults(_Symbols, information=seven)
    assert faults(_Symbols, information=seven, BREAKS="an assumption") == ""
    assert "must be a finite number of bits" in faults(_Symbols, information=lambda self, model: np.nan)
    assert "array of links differs" in faults(_Symbols, information=lambda self, model: np.zeros(()))

    def refuses(self, model):
        raise InvalidInput("model", "is not liked")

    assert "refuses every link" in faults(_Symbols, attacked=refuses)


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
