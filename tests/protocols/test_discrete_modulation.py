"""Discrete modulation: known rates, its distance to Gaussian modulation, statistics against samples."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link, MeasuredTransmittance
from noclone.link.coherent import CoherentReceiver, DiscreteModulation, GaussianModulation
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.discrete_modulation import DiscreteModulationQKD
from noclone.protocols.gg02 import GG02


def link_of(t, name="64qam", v_a=5.0, xi=0.02, channel=None, bob=None, **source):
    if "qam" in name:
        source = {"distribution": "binomial"} | source
    return Link(
        alice=DiscreteModulation(
            constellation=name, modulation_variance_snu=v_a, excess_noise_snu=xi, clock_rate_hz=1e9, **source
        ),
        channel=channel or FixedLoss(loss_db=-10 * np.log10(t)),
        bob=CoherentReceiver(detection="heterodyne", **{"efficiency": 1.0} | (bob or {})),
    )


def total(link):
    return float(sum(DiscreteModulationQKD().rate(link).terms.values()))


def test_it_is_sound():
    assert check_protocol(DiscreteModulationQKD) == ()


CONSTELLATION_VALUES = [  # with the information of the constellation; beta .95, .2 dB/km
    (10, "64qam", 5.0, 0.005, 0.45056277),
    (25, "64qam", 5.0, 0.02, 0.1249895),
    (50, "64qam", 5.0, 0.02, 0.027347094),
    (10, "qpsk", 2 * 0.48**2, 0.005, 0.04406893),
    (10, "qpsk", 2 * 0.46**2, 0.01, 0.019505015),
    (50, "qpsk", 2 * 0.3**2, 0.02, -0.0094166462),
]


@pytest.mark.parametrize(("length_km", "name", "v_a", "xi", "expected"), CONSTELLATION_VALUES)
def test_values_of_other_evaluations(length_km, name, v_a, xi, expected):
    assert total(link_of(10 ** (-0.02 * length_km), name, v_a, xi)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("length_km", "xi", "best", "expected"),
    [(25, 0.005, 0.44, 0.01325), (25, 0.01, 0.42, 6.8e-4), (50, 0.005, 0.38, 1.66e-3)],
)
def test_best_amplitudes_of_four_states(length_km, xi, best, expected):
    """Known for amplitudes in steps of .02, with the information of a Gaussian."""
    alpha = np.arange(0.3, 0.6, 0.02)
    link = link_of(10 ** (-0.02 * length_km), "qpsk", 0.3, xi)
    grid = link.replaced({"alice": link.alice.with_arrays({"modulation_variance_snu": 2 * alpha**2})})
    rates = DiscreteModulationQKD().rate(grid).rate_per_pulse
    assert rates.max() == pytest.approx(expected, rel=8e-3)
    assert alpha[rates.argmax()] == pytest.approx(best)


def test_more_states_come_closer_to_gaussian_modulation():
    names = ("qpsk", "16qam", "64qam", "256qam")
    receiver = {"efficiency": 0.6, "electronic_noise_snu": 0.1, "trusted": True}
    rates = [total(link_of(0.1, name, 2.5, 0.01, bob=receiver)) for name in names]
    gaussian = Link(
        alice=GaussianModulation(modulation_variance_snu=2.5, excess_noise_snu=0.01, clock_rate_hz=1e9),
        channel=FixedLoss(loss_db=10),
        bob=CoherentReceiver(detection="heterodyne", **receiver),
    )
    limit = float(GG02().rate(gaussian).rate_per_pulse)
    assert np.all(np.diff([*rates, limit]) > 0)
    assert rates[-1] > 0.95 * limit


def test_an_untrusted_receiver_is_a_longer_and_noisier_channel():
    t, xi, eta, v = 0.5, 0.005, 0.7, 0.01
    untrusted = link_of(t, xi=xi, bob={"efficiency": eta, "electronic_noise_snu": v})
    same = link_of(t * eta, xi=xi + 2 * v / (eta * t))
    assert total(untrusted) == pytest.approx(total(same), abs=1e-12)
    trusted = link_of(t, xi=xi, bob={"efficiency": eta, "electronic_noise_snu": v, "trusted": True})
    assert total(trusted) > total(untrusted)


def test_a_varying_channel_is_averaged_over_its_intervals():
    ts, shares = (0.5, 0.1, 0.001), (0.2, 0.5, 0.3)
    varying = MeasuredTransmittance(duration_s=shares, transmittance=ts)
    each = [max(total(link_of(t)), 0.0) for t in ts]
    assert total(link_of(1, channel=varying)) == pytest.approx(np.dot(shares, each))


def test_a_grid_over_the_shaping():
    link = link_of(0.3, "16qam", 3.0, distribution="maxwell-boltzmann", shaping=0.0)
    strengths = np.array([0.0, 0.1, 0.2])
    grid = link.replaced({"alice": link.alice.with_arrays({"shaping": strengths})})
    together = DiscreteModulationQKD().rate(grid).rate_per_pulse
    alone = [
        max(total(link_of(0.3, "16qam", 3.0, distribution="maxwell-boltzmann", shaping=s)), 0.0)
        for s in strengths
    ]
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    statistics = DiscreteModulationQKD().statistics(grid)["alice * alice"]
    assert statistics.variance.shape == (3,)


LINKS = [
    link_of(0.5, "bpsk", 0.4),
    link_of(0.3, "qpsk", 0.5),
    link_of(0.8, "8psk", 2.0, bob={"efficiency": 0.6, "electronic_noise_snu": 0.1}),
    link_of(0.9, "16qam", 8.0, bob={"efficiency": 0.7, "adc_bits": 6, "adc_range": 16.0}),
    link_of(0.4, "256qam", 10.0, distribution="maxwell-boltzmann", shaping=0.05),
    link_of(1, channel=MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.9, 0.1))),
]


@pytest.mark.parametrize("index", range(len(LINKS)))
def test_samples_agree_with_statistics(index):
    link, protocol, rounds = LINKS[index], DiscreteModulationQKD(), 300_000
    protocol.check_link(link)
    sampled = protocol.sample(link, rounds, np.random.default_rng(300 + index))
    for row in compare(protocol.statistics(link), sampled, rounds):
        assert row.p_value > 1e-4, row


def test_homodyne_detection_is_refused():
    link = link_of(0.5)
    link = link.replaced({"bob": CoherentReceiver(efficiency=0.5)})
    with pytest.raises(InvalidInput, match=r"bob.detection must be heterodyne for discrete-modulation"):
        DiscreteModulationQKD().check_link(link)
