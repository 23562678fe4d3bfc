"""Twin-field key distribution as a protocol: links, bounds, sampling."""

import time

import numpy as np
import pytest
from scipy.optimize import brentq

from noclone.core.errors import InvalidInput
from noclone.link import (
    Fibre,
    FixedLoss,
    Link,
    MeasuredTransmittance,
    SinglePhotonSource,
    ThresholdDetectors,
    WeakCoherentSource,
)
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.twin_field import TwinField


def link_of(loss_a, loss_b, mu_a=(0.05,), mu_b=(0.05,), *, efficiency=1.0, dark=1e-7, misalignment=0.0):
    return Link(
        alice=WeakCoherentSource(intensities=mu_a, clock_rate_hz=1e9),
        channels=(FixedLoss(loss_db=loss_a), FixedLoss(loss_db=loss_b)),
        middle=ThresholdDetectors(efficiency=efficiency, dark_count_prob=dark, misalignment=misalignment),
        bob=WeakCoherentSource(intensities=mu_b, clock_rate_hz=1e9),
    )


def signed(protocol, link):
    return float(sum(protocol.key(link, protocol.bound, None).terms.values()))


def test_it_is_a_sound_protocol():
    assert check_protocol(TwinField) == ()


def test_it_crosses_the_repeaterless_bound_at_157_55_km():
    # Notes' parameters: eta_D = 1, .2 dB/km, p_d = 1e-7, f = 1.16; intensity of the optimum there, .0527.
    def excess(km):
        link = link_of(0.1 * km, 0.1 * km, (0.0527,), (0.0527,))
        return signed(TwinField(), link) / float(TwinField().capacity(link, "repeaterless")) - 1

    assert brentq(excess, 140, 180) == pytest.approx(157.55, abs=0.01)


def test_mismatches_map_to_the_table():
    # Row "TF-QKD CAL19" of reference_rates.csv: 300 km, phi = .02 pi, theta = asin(sqrt(.02)).
    link = link_of(30, 30, (0.04339,), (0.04339,), misalignment=np.sin(0.01 * np.pi) ** 2)
    protocol = TwinField(polarisation_angle_rad=float(np.arcsin(np.sqrt(0.02))))
    assert signed(protocol, link) == pytest.approx(2.5905729921421106e-05, rel=1e-5)


LINKS = [
    (link_of(8, 8), TwinField()),
    (link_of(5, 15, (0.02,), (0.2,), efficiency=0.6, dark=1e-3, misalignment=0.03), TwinField()),
    (link_of(12, 3, (0.3,), (0.04,), dark=0.02), TwinField(polarisation_angle_rad=0.4)),
    (link_of(0, 0, (1.0, 0.3), (1.0, 0.1, 0.0), efficiency=0.9), TwinField(polarisation_angle_rad=0.2)),
    (
        Link(
            alice=WeakCoherentSource(intensities=(0.4,), clock_rate_hz=1e9),
            channels=(
                MeasuredTransmittance(duration_s=(1.0, 3.0), transmittance=(0.5, 0.02)),
                MeasuredTransmittance(duration_s=(2.0, 1.0), transmittance=(0.9, 0.1)),
            ),
            middle=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-4, misalignment=0.02),
            bob=WeakCoherentSource(intensities=(0.3,), clock_rate_hz=1e9),
        ),
        TwinField(),
    ),
]


@pytest.mark.parametrize("case", range(len(LINKS)))
def test_sampled_rounds_agree_with_the_statistics(case):
    link, protocol = LINKS[case]
    rounds = 150_000
    counts = protocol.sample(link, rounds, np.random.default_rng(case))
    for row in compare(protocol.statistics(link), counts, rounds):
        assert row.p_value > 1e-5, row


def test_asymmetric_arms_want_asymmetric_intensities():
    # Grasselli, Navarrete, Curty, New J. Phys. 21, 113032 (2019): independent intensities compensate.
    protocol = TwinField()
    equal = max(signed(protocol, link_of(10, 20, (mu,), (mu,))) for mu in np.geomspace(0.003, 0.2, 25))
    own = max(
        signed(protocol, link_of(10, 20, (mu,), (min(1.0, ratio * mu),)))
        for mu in np.geomspace(0.003, 0.2, 25)
        for ratio in (3.0, 6.0, 10.0)
    )
    assert own > 2 * equal > 0


def test_few_intensities_give_less_than_infinitely_many():
    mu = (0.04, 0.012, 0.003, 0.0)
    link = link_of(30, 30, mu, mu, dark=1e-8)
    infinite, few = (
        float(TwinField(bound=bound).rate(link).rate_per_pulse) for bound in ("infinite-decoys", "decoys")
    )
    assert 0.8 * infinite < few < infinite
    three = link_of(30, 30, mu[:1] + mu[2:], mu[:1] + mu[2:], dark=1e-8)
    assert float(TwinField(bound="decoys").rate(three).rate_per_pulse) < few


def test_few_intensities_on_a_grid():
    mu = (0.04, 0.01, 0.0)
    loss = np.array([20.0, 30.0])
    link = link_of(20, 20, mu, mu)
    grid = link.replaced(
        {name: getattr(link, name).with_arrays({"loss_db": loss}) for name in ("channel_a", "channel_b")}
    )
    protocol = TwinField(bound="decoys")
    alone = [float(protocol.rate(link_of(each, each, mu, mu)).rate_per_pulse) for each in loss]
    np.testing.assert_allclose(protocol.rate(grid).rate_per_pulse, alone, rtol=1e-9)


def test_fading_averages_what_is_observed():
    steady = link_of(10, 10)
    varying = steady.replaced(
        {"channel_a": MeasuredTransmittance(duration_s=(1.0, 1.0), transmittance=(0.19, 0.01))}
    )
    assert signed(TwinField(), varying) < 0.9 * signed(TwinField(), steady)


def test_rates_stay_below_the_capacity_with_one_repeater():
    rng = np.random.default_rng(3)
    for _ in range(100):
        mu_a, mu_b = ((float(rng.uniform(0.001, 0.5)),) for _ in range(2))
        link = link_of(*rng.uniform(0, 50, 2), mu_a, mu_b, dark=10 ** rng.uniform(-11, -6))
        rate = TwinField().rate(link)
        assert rate.rate_per_pulse <= rate.capacity


def test_links_that_cannot_run_it():
    link, protocol = TwinField.typical(100.0)
    with pytest.raises(InvalidInput, match="alice must be weak-coherent"):
        protocol.check_link(link.replaced({"alice": SinglePhotonSource(clock_rate_hz=1e9)}))
    slow = ThresholdDetectors(efficiency=0.5, dead_time_s=1e-8)
    with pytest.raises(InvalidInput, match="dead_time_s is not used"):
        protocol.check_link(link.replaced({"middle": slow}))
    with pytest.raises(InvalidInput, match="must equal alice"):
        protocol.check_link(link.replaced({"bob": WeakCoherentSource(intensities=(0.1,), clock_rate_hz=1e6)}))
    with pytest.raises(InvalidInput, match="decoys needs at least 2 intensities"):
        protocol.rate(link, bound="decoys")


def test_a_batch_is_fast():
    lengths, mu = np.linspace(0, 225, 20_000), np.linspace(0.01, 0.1, 20_000)
    link, protocol = TwinField.typical(100.0)
    grid = link.replaced(
        {name: Fibre(length_km=0).with_arrays({"length_km": lengths}) for name in ("channel_a", "channel_b")}
        | {name: getattr(link, name).with_arrays({"intensities[0]": mu}) for name in ("alice", "bob")}
    )
    protocol.rate(link)
    start = time.process_time()
    protocol.rate(grid)
    assert lengths.size / (time.process_time() - start) > 1e5
