"""Kato's inequality: its free numbers are optimal, and it holds in simulated runs."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from noclone.rates.kato import kato_interval


@pytest.mark.parametrize(("count", "trials"), [(1e3, 1e10), (1e5, 1e7), (2e6, 1e7)])
def test_deviation_is_the_smallest_that_the_inequality_allows(count, trials):
    # exp(-2 (b^2 - a^2) / (1 + sign 4 a / (3 sqrt n))^2) = eps, minimised over a numerically.
    log = -np.log(1e-10)
    lower, upper = kato_interval(count, trials, 1e-10)
    for sign, found in ((1.0, upper - count), (-1.0, count - lower)):

        def width(a, sign=sign):
            b = np.sqrt(a * a + 0.5 * log * (1 + sign * 4 * a / (3 * np.sqrt(trials))) ** 2)
            return (b + a * (2 * count / trials - 1)) * np.sqrt(trials)

        reach = 0.7 * np.sqrt(trials)
        best = minimize_scalar(width, bounds=(-reach, reach), method="bounded", options={"xatol": 1e-10})
        assert found == pytest.approx(best.fun, rel=1e-6)


def test_rare_events_scatter_like_their_root():
    lower, upper = kato_interval(1e4, 1e12, 1e-10)
    expected = np.sqrt(2 * 1e4 * np.log(1e10))
    assert upper - 1e4 == pytest.approx(expected, rel=0.1)
    assert 1e4 - lower == pytest.approx(expected, rel=0.1)


def test_holds_in_simulated_runs():
    counts = np.random.default_rng(1).binomial(10_000, 0.01, 20_000)
    lower, upper = kato_interval(counts, 10_000, 0.01)
    assert (upper < 100).mean() < 0.01
    assert (lower > 100).mean() < 0.01


def test_lower_bound_of_nothing_is_nothing():
    lower, upper = kato_interval(0.0, 1e6, 1e-10)
    assert lower == 0.0
    assert 0 < upper < 50
