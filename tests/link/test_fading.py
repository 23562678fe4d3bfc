"""Quadrature of fading against known moments, sampled values and converged averages."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import kv, loggamma

from noclone.link import fading


@pytest.mark.parametrize("index", [1e-3, 0.1, 0.6])
def test_log_normal_moments(index):
    # E[I^n] = (1 + index)^(n (n - 1) / 2) for mean 1.
    shares, values = fading.log_normal(index, 8)
    for order in (1, 2, 3, 0.5):
        expected = (1 + index) ** (order * (order - 1) / 2)
        assert shares @ values**order == pytest.approx(expected, rel=3e-4)


@pytest.mark.parametrize(("large", "small"), [(0.05, 0.02), (0.2, 0.33), (0.12, 0.55)])
def test_gamma_gamma_moments(large, small):
    # E[I^n] = Gamma(a + n) Gamma(b + n) / (Gamma(a) Gamma(b) (a b)^n).
    shares, values = fading.product(fading.gamma(large, 6), fading.gamma(small, 6))
    a, b = 1 / np.expm1(large), 1 / np.expm1(small)
    for order in (1, 2, 3, 0.5):
        log = loggamma(a + order) + loggamma(b + order) - loggamma(a) - loggamma(b) - order * np.log(a * b)
        assert shares @ values**order == pytest.approx(np.exp(log), rel=2e-3)
    assert shares @ values**2 - 1 == pytest.approx(np.expm1(large + small), rel=1e-3)


def test_gamma_gamma_is_the_density_of_al_habash():
    # Opt. Eng. 40, 1554 (2001): the density with a Bessel function, integrated against exp(-I).
    large, small = 0.2051, 0.3294
    a, b = 1 / np.expm1(large), 1 / np.expm1(small)

    def density(i):
        log = (
            np.log(2)
            + (a + b) / 2 * np.log(a * b)
            - loggamma(a)
            - loggamma(b)
            + ((a + b) / 2 - 1) * np.log(i)
        )
        return np.exp(log) * kv(a - b, 2 * np.sqrt(a * b * i))

    expected = quad(lambda i: density(i) * np.exp(-i), 0, 60, epsabs=1e-12)[0]
    shares, values = fading.product(fading.gamma(large, 6), fading.gamma(small, 6))
    assert shares @ np.exp(-values) == pytest.approx(expected, rel=1e-4)


def test_nodes_average_like_samples():
    rng = np.random.default_rng(8)
    a, b = 4.2, 1.9
    sampled = np.log1p(10 * rng.gamma(a, 1 / a, 10**6) * rng.gamma(b, 1 / b, 10**6))
    shares, values = fading.product(fading.gamma(np.log1p(1 / a), 6), fading.gamma(np.log1p(1 / b), 6))
    nodes = shares @ np.log1p(10 * values)
    assert nodes == pytest.approx(sampled.mean(), abs=4.5 * sampled.std() / 1e3 + 1e-4)


@pytest.mark.parametrize("kind", [fading.log_normal, fading.gamma])
def test_averages_of_smooth_functions_converge(kind):
    def average(count):
        shares, values = kind(0.4, count)
        return shares @ (1 - np.exp(-0.7 * values))

    errors = [abs(average(count) - average(60)) for count in (3, 6, 9)]
    assert errors[0] < 1e-3
    assert errors[1] < 1e-5
    assert errors[2] < 1e-6


def test_grids_have_the_nodes_in_front():
    index = np.array([[0.01, 0.1, 0.2], [0.3, 0.4, 0.5]])
    for kind in (fading.log_normal, fading.gamma):
        shares, values = kind(index, 5, rank=2)
        assert values.shape == (5, 2, 3)
        np.testing.assert_allclose(np.tensordot(shares, values, axes=1), 1.0, rtol=1e-14)
        np.testing.assert_array_equal(values[:, 1, 2], kind(0.5, 5)[1])


def test_still_air_and_turbulent_air_share_a_grid():
    _, values = fading.gamma(np.array([0.0, 1e-12, 0.3]), 6, rank=1)
    assert np.abs(values[:, :2] - 1).max() < 1e-4
    assert np.isfinite(values).all()
