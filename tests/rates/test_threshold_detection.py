import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from noclone.link import ThresholdDetectors
from noclone.link.detection import DetectionModel
from noclone.rates.threshold_detection import record_of_light, record_of_photons

PROB = st.floats(0.0, 1.0)


def binomial(count, trials, prob):
    return math.comb(trials, count) * prob**count * (1 - prob) ** (trials - count)


def brute_force(photons, detected, share, dark):
    """Sum over how many photons are detected and how they divide."""
    total = 0.0
    for seen in range(photons + 1):
        for own in range(seen + 1):
            prob = binomial(seen, photons, detected) * binomial(own, seen, share)
            silent = 0.0 if own else 1 - dark
            other_silent = 0.0 if seen - own else 1 - dark
            total += prob * ((1 - silent) * other_silent + (1 - silent) * (1 - other_silent) / 2)
    return total


@given(st.integers(0, 4), PROB, PROB, st.floats(0.0, 0.9))
def test_photons_are_counted_one_by_one(photons, detected, share, dark):
    expected = brute_force(photons, detected, share, dark)
    assert record_of_photons(photons, detected, share, dark) == pytest.approx(expected, abs=1e-14)


@given(st.floats(0.0, 2.0), PROB, PROB, st.floats(0.0, 0.9))
def test_light_is_a_poissonian_mixture_of_photons(intensity, detected, share, dark):
    photons = np.arange(40)
    mixture = poisson.pmf(photons, intensity) @ record_of_photons(photons, detected, share, dark)
    assert record_of_light(intensity, detected, share, dark) == pytest.approx(mixture, abs=1e-13)


@given(st.floats(1e-9, 1.0), st.floats(0.0, 0.5), st.floats(0.0, 1e-2))
def test_it_is_the_detection_model_of_matching_bases(transmittance, misalignment, dark):
    bob = ThresholdDetectors(efficiency=0.3, dark_count_prob=dark, misalignment=misalignment)
    pattern = DetectionModel.of(bob, transmittance).coherent_patterns(0.5, 0, 0, 0)
    wrong = record_of_light(0.5, 0.3 * transmittance, misalignment, dark)
    assert wrong == pytest.approx(pattern[2] + pattern[3] / 2, rel=1e-9, abs=1e-17)
