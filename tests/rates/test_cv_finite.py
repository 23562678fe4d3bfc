"""Finite-size terms against the reference rows' definitions, simulated estimates and each other."""

import numpy as np
import pytest
from scipy.stats import norm

from noclone.rates import cv_finite
from noclone.rates.gaussian_modulation import after_channel, holevo_homodyne


@pytest.mark.parametrize("eps", [1e-3, 1e-10, 1e-30])
def test_deviations(eps):
    assert norm.sf(cv_finite.gaussian_deviations(eps)) == pytest.approx(eps, rel=1e-9)
    assert norm.sf(cv_finite.tail_deviations(eps)) < eps


def test_estimates_of_sampled_pairs_stay_within_their_ends():
    rng = np.random.default_rng(3)
    t, xi, v_a, g, v, pairs, z = 0.3, 0.02, 4.0, 0.6, 0.1, 2000, 3.0
    inside = np.zeros(2)
    for _ in range(400):
        x = rng.normal(0, np.sqrt(v_a), pairs)
        y = np.sqrt(g * t) * x + rng.normal(0, np.sqrt(1 + v + g * t * xi), pairs)
        slope = (x @ y) / (x @ x)
        rest = np.mean((y - slope * x) ** 2)
        seen_t, seen_noise = slope**2 / g, (rest - 1 - v) / g
        low, high, most = cv_finite.possible_channels(seen_t, seen_noise, v_a, g, v, pairs, z)
        inside += [low <= t <= high, t * xi <= most]
    # 3 standard deviations: .27 % fall outside two ends, .13 % outside one; the noise's tail is skewed.
    assert np.all(inside >= 394)


def test_more_symbols_narrow_the_estimate_to_the_truth():
    low, high, most = cv_finite.possible_channels(0.3, 0.006, 4.0, 0.6, 0.1, 10.0 ** np.arange(4, 20), 6.5)
    assert np.all(np.diff(low) > 0)
    assert np.all(np.diff(high) < 0)
    assert np.all(np.diff(most) < 0)
    np.testing.assert_allclose([low[-1], high[-1], most[-1]], [0.3, 0.3, 0.006], rtol=1e-6)


def test_nothing_is_excluded_by_few_pairs():
    assert float(cv_finite.possible_channels(0.01, 0.0, 1.0, 0.6, 0.1, 100, 6.5)[0]) == 0.0


@pytest.mark.parametrize(("transmittance", "grows"), [(0.03, True), (0.3, True), (0.95, False)])
def test_eve_knows_more_at_the_larger_transmittance_of_a_long_line(transmittance, grows):
    """Why the least transmittance alone is no worst case: the noise at the output is what is known."""
    ends = transmittance * np.array([0.999, 1.001])
    low, high = holevo_homodyne(after_channel(5.0, ends, 0.001), 0.9)
    assert (high > low) == grows


def test_penalties_fall_with_the_block_and_rise_with_demands():
    n = 10.0 ** np.arange(5, 14)
    assert np.all(np.diff(cv_finite.leverrier_penalty(n, 2, 1e-10, 1e-10)) < 0)
    assert cv_finite.leverrier_penalty(1e8, 4, 1e-10, 1e-10) > cv_finite.leverrier_penalty(
        1e8, 2, 1e-10, 1e-10
    )
    assert cv_finite.aep_penalty(7, 0.9, 2.0**-32) == pytest.approx(171.9480569130319, rel=1e-12)
    assert cv_finite.aep_penalty(5, 0.9, 1e-20) > cv_finite.aep_penalty(5, 0.9, 1e-10)
    assert cv_finite.hashing_term(0.9, 1e-10, 1e-20) < cv_finite.hashing_term(0.9, 1e-10, 1e-10) < 0
