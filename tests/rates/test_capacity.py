import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from noclone.rates.capacity import (
    repeaterless_bound,
    single_repeater_bound,
    takeoka_guha_wilde_bound,
    thermal_lower_bound,
    thermal_upper_bound,
)

transmittances = st.floats(1e-16, 1 - 1e-9)


@given(transmittances)
def test_order_of_the_bounds(eta):
    assert 0 < repeaterless_bound(eta) < takeoka_guha_wilde_bound(eta)
    assert repeaterless_bound(eta) <= single_repeater_bound(eta)


@given(transmittances, st.floats(0, 5))
def test_thermal_bounds_enclose_the_capacity(eta, photons):
    lower, upper = thermal_lower_bound(eta, photons), thermal_upper_bound(eta, photons)
    assert 0 <= lower <= upper + 1e-9 * (1 + upper)
    assert upper <= repeaterless_bound(eta) * (1 + 1e-9)


@given(transmittances)
def test_without_thermal_photons_both_are_the_pure_loss_capacity(eta):
    np.testing.assert_allclose(thermal_upper_bound(eta, 0.0), repeaterless_bound(eta), rtol=1e-12)
    np.testing.assert_allclose(thermal_lower_bound(eta, 0.0), repeaterless_bound(eta), rtol=1e-12)


def test_linear_at_high_loss_without_underflow():
    eta = np.array([1e-12, 1e-18, 1e-30])
    np.testing.assert_allclose(repeaterless_bound(eta), eta / np.log(2), rtol=1e-11)
    np.testing.assert_allclose(takeoka_guha_wilde_bound(eta), 2 * eta / np.log(2), rtol=1e-11)


def test_ends():
    assert repeaterless_bound(1.0) == np.inf
    assert takeoka_guha_wilde_bound(1.0) == np.inf
    assert repeaterless_bound(0.0) == 0.0
    # A channel that breaks entanglement carries no key: n >= eta / (1 - eta).
    assert thermal_upper_bound(0.1, 0.2) == 0.0
