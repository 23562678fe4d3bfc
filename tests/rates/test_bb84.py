import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.rates.bb84 import gllp_rate, optimal_decoy_intensity, single_photon_fraction
from noclone.rates.entropy import binary_entropy


def test_one_error_rate_gives_the_textbook_rate():
    qber = np.linspace(0.0, 0.5, 11)
    np.testing.assert_allclose(single_photon_fraction(qber, qber), 1 - 2 * binary_entropy(qber))
    assert single_photon_fraction(0.0, 0.0, 1.2) == 1.0


@given(st.floats(1e-4, 1.0), st.floats(1e-3, 0.11), st.floats(1.0, 1.3))
def test_gllp_is_below_the_single_photon_rate(mu, qber, efficiency):
    detected = -np.expm1(-0.1 * mu)
    rate = gllp_rate(mu, detected, qber * detected, efficiency)
    assert rate <= detected * (1 - (1 + efficiency) * binary_entropy(qber)) + 1e-15


def test_gllp_has_no_key_when_every_click_may_be_multiphoton():
    # p_multi = 1 - 1.5 e^-.5 = .0902 > Q
    assert gllp_rate(0.5, 0.05, 0.0, 1.0) == 0.0


@given(st.floats(1e-4, 0.1), st.floats(1.0, 1.5))
def test_optimal_intensity_solves_its_equation(misalignment, efficiency):
    mu = optimal_decoy_intensity(misalignment, efficiency)
    entropy = binary_entropy(misalignment)
    assert (1 - mu) * np.exp(-mu) == pytest.approx(efficiency * entropy / (1 - entropy), rel=1e-9)
