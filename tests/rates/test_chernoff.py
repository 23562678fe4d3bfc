"""Chernoff's bound against Lambert's function, against the tails that it bounds, and at extreme counts."""

import numpy as np
import pytest
from scipy.special import lambertw
from scipy.stats import binom, poisson

from noclone.rates.chernoff import chernoff_interval
from noclone.rates.concentration import clopper_pearson_interval


def test_closed_form_by_lamberts_function():
    """The means m with m - x + x ln(x/m) = ln(1/eps) are -x W(-exp(-1 - ln(1/eps)/x)) on its two branches."""
    counts = 10 ** np.random.default_rng(0).uniform(1, 6, 2000)
    lower, upper = chernoff_interval(counts, 1e-10)
    argument = -np.exp(-1 - np.log(1e10) / counts)
    assert upper == pytest.approx((-counts * lambertw(argument, -1)).real, rel=1e-9)
    assert lower == pytest.approx((-counts * lambertw(argument, 0)).real, rel=1e-9)


@pytest.mark.parametrize("eps", [1e-3, 1e-10])
def test_tails_are_at_most_eps(eps):
    counts = np.array([1, 2, 5, 20, 100, 1000])
    lower, upper = chernoff_interval(counts, eps)
    assert (poisson.cdf(counts, upper) <= eps).all()
    assert (poisson.sf(counts - 1, lower) <= eps).all()
    assert (binom.cdf(counts, 5000, upper / 5000) <= eps).all()
    assert (binom.sf(counts - 1, 5000, lower / 5000) <= eps).all()


def test_never_tighter_than_the_exact_tail():
    counts, trials = np.array([10.0, 1e3, 1e5]), np.full(3, 1e12)
    lower, upper = chernoff_interval(counts, 1e-9)
    exact_lower, exact_upper = clopper_pearson_interval(counts, trials, np.full(3, 1e-9))
    assert (lower <= exact_lower).all()
    assert (upper >= exact_upper).all()


def test_extremes():
    assert [float(x) for x in chernoff_interval(0.0, np.exp(-7.0))] == [0.0, 7.0]
    lower, upper = chernoff_interval(1e24, np.exp(-8.0))
    assert upper / 1e24 - 1 == pytest.approx(4e-12, rel=1e-3)
    assert 1 - lower / 1e24 == pytest.approx(4e-12, rel=1e-3)
    assert chernoff_interval(1e-6, 1e-10)[0] == 0.0
    with np.errstate(all="raise"):
        chernoff_interval(np.array([0.0, 1e-9, 1.0, 1e30]), 1e-300)
