"""Continuous pair sources against an integral and simple limits; the paper's rows are in the table."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr

from noclone.rates.continuous_pairs import captured_share, coincidences


def test_window_catches_the_integral_of_the_spread():
    window, fwhm = 3e-10, 2e-10
    sigma = fwhm / (2 * np.sqrt(2 * np.log(2)))
    share, _ = quad(
        lambda t: np.exp(-(t**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi)), -window / 2, window / 2
    )
    true, _ = coincidences(1e7, 0.2, 0.3, 0, 0, window, fwhm)
    assert float(true) == pytest.approx(1e7 * 0.06 * share, rel=1e-10)


def test_perfect_timing_catches_all():
    true, accidental = coincidences(1e6, 0.5, 0.5, 100, 200, 1e-9, 0.0)
    assert float(true) == 250_000.0
    assert float(accidental) == pytest.approx((5e5 + 100) * (5e5 + 200) * 1e-9)


def test_error_rates_that_the_reference_rows_state():
    for rate, qber in ((1e8, 0.02428), (1e6, 0.01015)):
        true, accidental = coincidences(rate, 0.1, 0.1, 300, 300, 3e-10, 1e-10)
        assert float((0.01 * true + accidental / 2) / (true + accidental)) == pytest.approx(qber, abs=5e-6)


def test_grids_broadcast():
    true, accidental = coincidences(np.ones((3, 1)), np.full(4, 0.5), 0.5, 0, 0, 1e-9, 1e-10)
    assert true.shape == accidental.shape == (3, 4)


def test_delays_of_both_sides_against_a_two_dimensional_integral():
    """The difference of two delays, convolved on a grid with a Gaussian of 1 s of standard deviation."""
    sigma, window = 1.0, 2.5
    step = 2e-3
    axis = np.arange(-40, 40, step) + step / 2
    for (a, s), (b, t) in (((0.3, 2.0), (0.6, 0.7)), ((1.0, 1.0), (1.0, 3.0)), ((0.5, 1.5), (0.0, 0.0))):
        both = np.where(axis > 0, np.exp(-np.abs(axis) / s), np.exp(-np.abs(axis) / max(t, 1e-3))) / (s + t)
        # Probability that a Gaussian around each difference lies in the window.
        inside = ndtr((window / 2 - axis) / sigma) - ndtr((-window / 2 - axis) / sigma)
        late_a = np.where(axis > 0, np.exp(-np.abs(axis) / s) / s, 0)
        late_b = np.where(axis < 0, np.exp(-np.abs(axis) / max(t, 1e-3)) / max(t, 1e-3), 0)
        density = a * (1 - b) * late_a + b * (1 - a) * late_b + a * b * both
        expected = np.sum(density * inside) * step
        expected += (1 - a) * (1 - b) * (2 * ndtr(window / 2 / sigma) - 1)
        fwhm = 2 * np.sqrt(2 * np.log(2)) * sigma
        assert float(captured_share(window, fwhm, (a, s), (b, t))) == pytest.approx(expected, abs=2e-6)
