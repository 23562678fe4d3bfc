"""E91: statistics against sampling, the violation, what the declaration keeps, both prices of the key."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors
from noclone.link.pair_sources import PulsedPairSource, SinglePairSource
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.declaration import depolarising
from noclone.protocols.e91 import ANGLES_A, ANGLES_B, E91, KEYED, TESTED
from noclone.rates.device_independent import holevo_bits
from noclone.rates.entropy import binary_entropy


def link(mean_pairs, error=0.0, loss=(1.0, 2.0), dark=1e-4, efficiency=0.9):
    return Link(
        alice=ThresholdDetectors(efficiency=efficiency, dark_count_prob=dark, misalignment=0.01),
        channels=tuple(FixedLoss(loss_db=each) for each in loss),
        middle=PulsedPairSource(mean_pairs=mean_pairs, polarisation_error=error, clock_rate_hz=1e8),
        bob=ThresholdDetectors(efficiency=0.7, dark_count_prob=dark, misalignment=0.02),
    )


VARYING = link(0.3).replaced(
    {"channel_a": MeasuredTransmittance(duration_s=(1, 1, 2), transmittance=(1.0, 0.5, 0.1))}
)
LINKS = {
    "usual": link(0.2),
    "bright": link(2.0),
    "bad source": link(0.5, error=0.15),
    "source at Alice": link(0.3, loss=(0.0, 6.0), dark=1e-3),
    "varying": VARYING,
}


def test_nothing_is_wrong_with_it():
    assert check_protocol(E91) == ()


@pytest.mark.parametrize("name", LINKS)
def test_sampled_rounds_agree_with_the_statistics(name):
    where, protocol = LINKS[name], E91()
    protocol.check_link(where)
    rounds = 300_000
    seen = protocol.sample(where, rounds, np.random.default_rng(31))
    for row in compare(protocol.statistics(where), seen, rounds):
        assert row.p_value > 1e-4, row


def test_settings_are_those_of_ekert():
    for a, b in KEYED:
        assert ANGLES_A[a] == ANGLES_B[b]
    signs = [sign * np.cos(ANGLES_A[a] - ANGLES_B[b]) for (a, b), sign in TESTED.items()]
    assert np.allclose(signs, 2**-0.5)


def test_faint_pulses_violate_maximally_and_noise_lowers_s():
    perfect = ThresholdDetectors(efficiency=0.1)
    for error in (0.0, 0.05):
        where = link(1e-9, error=error).replaced({"alice": perfect, "bob": perfect})
        bounds = E91().rate(where).bounds
        assert float(bounds["chsh"]) == pytest.approx(2 * 2**0.5 * (1 - 2 * error), rel=1e-6)
        assert float(bounds["phase_error"]) == pytest.approx(error, abs=1e-6)


def test_threshold_of_the_violation_and_of_trusted_devices():
    perfect = ThresholdDetectors(efficiency=0.5)
    errors = np.array([0.0714, 0.0716, 0.1099, 0.1101])
    where = link(1e-9).replaced({"alice": perfect, "bob": perfect})
    where = where.replaced({"middle": where.middle.with_arrays({"polarisation_error": errors})})
    rates = {bound: E91(f_ec=1.0).rate(where, bound=bound).rate_per_pulse > 0 for bound in E91.BOUNDS}
    assert rates["chsh"].tolist() == [True, False, False, False]
    assert rates["trusted-devices"].tolist() == [True, True, True, False]


def test_rate_with_a_measured_violation():
    """The documentation of qkd 0.2.0: S = 2.7 on two fibres of 10 km gives 3.0929e-5 bits per pulse."""
    station = ThresholdDetectors(efficiency=0.2, dark_count_prob=1e-6)
    way = FixedLoss(loss_db=2.0)
    middle = PulsedPairSource(mean_pairs=0.02, polarisation_error=0.033, clock_rate_hz=1e8)
    key = E91().key(Link(alice=station, channels=(way, way), middle=middle, bob=station), "chsh", None)
    rate = key.sifted * (1 - 1.22 * binary_entropy(key.qber) - holevo_bits(2.7))
    assert float(rate) == pytest.approx(3.0929e-5, rel=3e-5)


def test_declaration_keeps_two_ninths():
    declared = E91().declaration()
    kept, wrong = declared.kept_and_wrong(depolarising(0.1))
    assert kept == pytest.approx(2 / 9)
    assert wrong / kept == pytest.approx(0.05)
    assert np.allclose(sum(outcome.element for outcome in declared.outcomes.values()), np.eye(2))
    perfect = ThresholdDetectors(efficiency=0.5)
    where = link(1e-9, error=0.05).replaced({"alice": perfect, "bob": perfect})
    shown = E91().statistics(where)
    assert float(shown["key"] / shown["coincidence"]) == pytest.approx(kept)
    assert float(shown["error"] / shown["coincidence"]) == pytest.approx(wrong, rel=1e-6)


def test_the_violation_costs_more_than_trust():
    for length_km in (0.0, 20.0, 100.0):
        where, protocol = E91.typical(length_km)
        trusted, priced = (
            float(protocol.rate(where, bound=bound).rate_per_pulse) for bound in ("trusted-devices", "chsh")
        )
        assert 0 < priced < trusted


def test_wrong_source_is_refused():
    where, protocol = E91.typical(5.0)
    with pytest.raises(InvalidInput, match="middle must be pulsed-pairs for e91, but is single-pairs"):
        protocol.check_link(where.replaced({"middle": SinglePairSource(clock_rate_hz=1e6)}))
