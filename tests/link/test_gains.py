"""Gains of unequal and jittering detectors against samples and brute force."""

import numpy as np
import pytest

from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.link.gains import fixed_photons, poissonian, single_photon
from noclone.link.receivers import ThresholdDetectors
from noclone.sampling import clicks, per_pulse, photons, pulses

ONE_CLASS = np.array([1.0])


def sampled_gains(detectors, intensity, transmittance, clock_rate_hz, count):
    """Clicks and errors per pulse, both bits alike, from the loop over photons."""
    bit = np.array([0, 1])
    settings = pulses.PulseSettings(
        np.full(2, 0.5), photons.poisson(np.full(2, intensity)), 0 * bit, bit, 0 * bit, bit >= 0
    )
    got = per_pulse.sample(
        settings,
        np.zeros(2, int),
        np.full(2, intensity),
        DetectionModel.of(detectors, transmittance),
        DetectorMemory.of(detectors, clock_rate_hz),
        count,
        seed=5,
    )
    return len(got.position), int((got.outcome != got.setting).sum())


@pytest.mark.parametrize(
    "changes",
    [
        {"efficiency_mismatch": 0.4},
        {"efficiency_mismatch": 0.4, "dead_time_s": 2e-8},
        {"dead_time_s": 2e-8, "dead_time_kind": "paralysable", "afterpulse_prob": 0.05},
        {"jitter_s": 8e-10, "jitter_tail_share": 0.2, "jitter_tail_s": 5e-10},
    ],
)
def test_gains_are_those_of_a_sampled_run(changes):
    bob = ThresholdDetectors(efficiency=0.5, dark_count_prob=1e-3, misalignment=0.05, **changes)
    count, clock = 4_000_000, 1e9
    click, error = sampled_gains(bob, 0.4, 0.2, clock, count)
    gains = poissonian(bob, np.array([0.4]), ONE_CLASS, 0.2, clock)
    for got, expected in ((click, gains.click[0]), (error, gains.error[0])):
        # Trains of after-pulses spread counts a little more than a binomial; the exactness of the formula's
        # double clicks is limited to about 1e-4 of the gain.
        spread = 1.1 * np.sqrt(count * expected)
        assert got == pytest.approx(count * expected, abs=4.5 * spread + 2e-4 * count * expected)


def test_event_driven_clicks_of_unequal_detectors_follow_the_ratio():
    bob = ThresholdDetectors(efficiency=0.5, efficiency_mismatch=0.25)
    bit = np.array([0, 1])
    settings = pulses.PulseSettings(
        np.full(2, 0.5), photons.poisson(np.full(2, 1e-2)), 0 * bit, bit, 0 * bit, bit >= 0
    )
    table = pulses.honest_table(DetectionModel.of(bob, 1.0), settings)
    got = clicks.joined(list(clicks.sample(table, DetectorMemory(), 20_000_000, seed=2)))
    zeros, ones = np.bincount(got.outcome, minlength=2)
    assert ones / zeros == pytest.approx(0.25, rel=4.5 * np.sqrt(1 / ones + 1 / zeros) + 2e-3)


def test_single_photons_of_unequal_detectors():
    bob = ThresholdDetectors(efficiency=0.4, misalignment=0.1, efficiency_mismatch=0.5)
    # Bit 0: right .9 x .4, wrong .1 x .2; bit 1: right .9 x .2, wrong .1 x .4.
    yields = single_photon(bob, 1.0)
    assert yields.single == pytest.approx((0.36 + 0.02 + 0.18 + 0.04) / 2)
    assert yields.single_error == pytest.approx((0.02 + 0.04) / 2)
    gains = fixed_photons(bob, 1, ONE_CLASS, 1.0, 1e9)
    assert gains.click[0] == pytest.approx(0.3)
    assert gains.error[0] == pytest.approx(0.03)


@pytest.mark.parametrize("statistics", ["exact", "ma-2005", "lim-2014"])
def test_jitter_scales_the_efficiency_in_every_formula(statistics):
    late = ThresholdDetectors(efficiency=0.2, dark_count_prob=1e-6, jitter_s=8e-10, statistics=statistics)
    worse = ThresholdDetectors(
        efficiency=float(late.effective_efficiency), dark_count_prob=1e-6, statistics=statistics
    )
    intensities, probs = np.array([0.5, 0.1]), np.array([0.7, 0.3])
    for function, arguments in ((poissonian, (intensities, probs, 0.1, 1e9)), (single_photon, (0.1,))):
        for one, other in zip(function(late, *arguments), function(worse, *arguments), strict=True):
            np.testing.assert_array_equal(one, other)


def test_paper_formulas_refuse_what_they_do_not_know():
    for changes in ({"efficiency_mismatch": 0.5}, {"dead_time_kind": "paralysable"}):
        with pytest.raises(ValueError, match="unless statistics is exact"):
            ThresholdDetectors(efficiency=0.2, statistics="lim-2014", **changes)
