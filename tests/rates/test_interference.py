"""One-photon interference against numerical averages and limit cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.rates.interference import matched_clicks, random_phase_click

means = st.floats(1e-9, 5.0)
darks = st.sampled_from([0.0, 1e-9, 1e-5, 0.01])


def detectors(mean_0, mean_1, dark):
    """Only the first detector clicks, written out."""
    return (1 - (1 - dark) * np.exp(-mean_0)) * (1 - dark) * np.exp(-mean_1)


@given(means, means, st.floats(-1, 1), darks)
def test_matched_clicks_are_products_of_independent_detectors(a, b, visibility, dark):
    port_0, port_1 = ((a + b) / 2 + sign * np.sqrt(a * b) * visibility for sign in (1, -1))
    expected = detectors(port_0, port_1, dark), detectors(port_1, port_0, dark)
    np.testing.assert_allclose(matched_clicks(a, b, visibility, dark), expected, rtol=1e-9, atol=1e-15)


@given(means, means, st.floats(0, 1), darks)
def test_a_random_phase_is_the_average_over_matched_ones(a, b, overlap, dark):
    phase = 2 * np.pi * np.arange(64) / 64  # exact for this periodic and analytic function
    both = matched_clicks(a, b, overlap * np.cos(phase), dark)
    expected = np.mean(both[0] + both[1])
    np.testing.assert_allclose(random_phase_click(a, b, dark, overlap), expected, rtol=1e-12, atol=1e-300)


def test_no_digits_are_lost_at_high_loss():
    # The leading order is a + b + 2 p; nothing else is left at 1e-14.
    assert random_phase_click(1e-14, 3e-14, 0.0) == pytest.approx(4e-14, rel=1e-13)
    assert matched_clicks(1e-14, 1e-14, 1 - 2e-3, 0.0)[1] == pytest.approx(2e-17, rel=1e-10)


def test_dark_counts_alone():
    assert random_phase_click(0.0, 0.0, 1e-6) == pytest.approx(2e-6 * (1 - 1e-6), rel=1e-14)
