"""Gains of unequal and jittering detectors against samples and brute force."""

import numpy as np
import pytest

from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.link.gains import fixed_photons, photon_mixture, poissonian
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
    gains = fixed_photons(bob, 1, ONE_CLASS, 1.0, 1e9)
    assert gains.click[0] == pytest.approx(0.3)
    assert gains.error[0] == pytest.approx(0.03)
    assert gains.yields.single == pytest.approx((0.36 + 0.02 + 0.18 + 0.04) / 2)
    assert gains.yields.single_error == pytest.approx((0.02 + 0.04) / 2)


@pytest.mark.parametrize("statistics", ["exact", "ma-2005", "lim-2014"])
def test_jitter_scales_the_efficiency_in_every_formula(statistics):
    late = ThresholdDetectors(efficiency=0.2, dark_count_prob=1e-6, jitter_s=8e-10, statistics=statistics)
    worse = ThresholdDetectors(
        efficiency=float(late.effective_efficiency), dark_count_prob=1e-6, statistics=statistics
    )
    intensities, probs = np.array([0.5, 0.1]), np.array([0.7, 0.3])
    one, other = (poissonian(bob, intensities, probs, 0.1, 1e9) for bob in (late, worse))
    for part, same in ((one[:2], other[:2]), (one.yields, other.yields)):
        np.testing.assert_array_equal(part, same)


def test_paper_formulas_refuse_what_they_do_not_know():
    unequal, remembered = {"efficiency_mismatch": 0.5}, {"dead_time_s": 1e-6}
    paralysable, afterpulses = {"dead_time_kind": "paralysable"}, {"afterpulse_prob": 0.02}
    for changes in (unequal, remembered, paralysable, afterpulses):
        for statistics in ("ma-2005", "lim-2014"):
            with pytest.raises(ValueError, match="unless statistics is exact"):
                ThresholdDetectors(efficiency=0.2, statistics=statistics, **changes)
    booked = {"afterpulse_prob": 0.02, "afterpulsing": "proportional"}
    assert ThresholdDetectors(efficiency=0.2, statistics="lim-2014", **booked).afterpulse_prob == 0.02
    with pytest.raises(ValueError, match="statistics is ma-2005"):
        ThresholdDetectors(efficiency=0.2, statistics="ma-2005", **booked)


@pytest.mark.parametrize("statistics", ["exact", "ma-2005", "lim-2014"])
def test_gains_are_probabilities_however_many_dark_counts_there_are(statistics):
    intensities, probs = np.array([2.0, 0.1]), np.array([0.7, 0.3])
    for dark, misalignment, efficiency in np.ndindex(5, 3, 3):
        bob = ThresholdDetectors(
            dark_count_prob=(0.0, 0.3, 0.45, 0.6, 0.999)[dark],
            misalignment=misalignment / 4,
            efficiency=efficiency / 2,
            afterpulse_prob=0.0 if statistics == "ma-2005" else 0.5,
            afterpulsing="proportional",
            statistics=statistics,
        )
        gains = poissonian(bob, intensities, probs, 1.0, 1e9)
        one = np.exp(-intensities) * intensities
        known = np.exp(-intensities) * gains.yields.vacuum + one * gains.yields.single
        assert np.all(gains.click <= 1 + 1e-15)
        assert np.all(known <= gains.click * (1 + 1e-12))
        assert np.all(gains.error <= gains.click)
        assert np.all(one * gains.yields.single_error <= gains.error * (1 + 1e-12))


MEMORIES = (
    {"dead_time_s": 2e-8},
    {
        "dead_time_s": 2e-8,
        "dead_time_kind": "paralysable",
        "afterpulse_prob": 0.05,
        "afterpulse_time_s": 1e-8,
    },
    {"afterpulse_prob": 0.2, "efficiency_mismatch": 0.4},
)


@pytest.mark.parametrize("changes", MEMORIES)
def test_a_class_detects_what_its_photon_numbers_detect(changes):
    # What detectors remember is set by the pulses of all classes, so that a photon number has one yield.
    bob = ThresholdDetectors(efficiency=0.5, dark_count_prob=1e-3, misalignment=0.05, **changes)
    means, probs = np.array([0.6, 0.1, 0.0]), np.array([0.5, 0.3, 0.2])
    number = photons.poisson(means)
    coherent = poissonian(bob, means, probs, 0.2, 1e9)
    mixed = photon_mixture(bob, number, probs, 0.2, 1e9)
    np.testing.assert_allclose(coherent.click, mixed.click, rtol=1e-12)
    np.testing.assert_allclose(coherent.error, mixed.error, rtol=1e-12)
    assert coherent.click[2] == pytest.approx(float(coherent.yields.vacuum), rel=1e-12)
    # Pulses so dim that they hold one photon or none, too few to be remembered.
    few = poissonian(bob, np.array([0.6, 1e-6]), np.array([1 - 1e-9, 1e-9]), 0.2, 1e9)
    rise = (few.click[1] - few.yields.vacuum) / 1e-6
    assert rise == pytest.approx(float(few.yields.single - few.yields.vacuum), rel=1e-4)


@pytest.mark.parametrize("changes", MEMORIES)
def test_single_photons_are_detected_as_in_a_sampled_run(changes):
    bob = ThresholdDetectors(efficiency=0.5, dark_count_prob=1e-3, misalignment=0.05, **changes)
    # Settings 0, 1: bright pulses; 2, 3: empty ones; 4, 5: single photons; bits 0 and 1 in turns.
    bit, light = np.tile([0, 1], 3), np.repeat([0.6, 0.0, 0.0], 2)
    share, number = np.repeat([0.5, 0.2, 0.3], 2) / 2, np.repeat([0, 0, 1], 2)
    settings = pulses.PulseSettings(share, photons.poisson(light), 0 * bit, bit, 0 * bit, bit >= 0)
    count = 3_000_000
    model, memory = DetectionModel.of(bob, 0.2), DetectorMemory.of(bob, 1e9)
    got = per_pulse.sample(settings, number, light, model, memory, count, seed=7)
    mixture = photons.poisson([0.6, 0.0, 0.0])
    mixture[2, :2] = 0.0, 1.0
    gains = photon_mixture(bob, mixture, np.array([0.5, 0.2, 0.3]), 0.2, 1e9)
    kind = got.setting // 2
    wrong = got.outcome != bit[got.setting]
    for seen, part, expected in (
        (kind == 1, 0.2, gains.yields.vacuum),
        (kind == 2, 0.3, gains.yields.single),
        ((kind == 2) & wrong, 0.3, gains.yields.single_error),
    ):
        mean = count * part * float(expected)
        assert seen.sum() == pytest.approx(mean, abs=5 * np.sqrt(mean) + 2e-4 * mean)
