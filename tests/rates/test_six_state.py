import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from noclone.protocols.four_states import BASES
from noclone.rates.bb84 import single_photon_fraction
from noclone.rates.six_state import (
    bell_weights,
    eavesdropper_information,
    finite_entropy,
    frequency_deviation,
    secret_fraction,
)


def test_the_threshold_is_the_papers():
    # Scarani et al., Rev. Mod. Phys. 81, 1301 (2009): 12.61 %.
    limit = brentq(lambda q: float(secret_fraction(q, q, q)), 0.05, 0.2, xtol=1e-15)
    assert limit == pytest.approx(0.126193, abs=5e-7)


def test_the_depolarised_fraction_has_its_closed_form():
    q = np.array([0.01, 0.05, 0.1])
    closed = 1 + 1.5 * q * np.log2(q / 2) + (1 - 1.5 * q) * np.log2(1 - 1.5 * q)
    np.testing.assert_allclose(secret_fraction(q, q, q), closed, rtol=1e-13)


@given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4).filter(lambda w: sum(w) > 0.1))
def test_bell_weights_and_information_are_those_of_the_state(raw):
    """Brute force: a Bell-diagonal state, its errors in each basis, and Eve's Holevo information."""
    weights = np.array(raw) / sum(raw)
    pauli = [np.eye(2), np.diag([1, -1]), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])]
    bell = [np.kron(np.eye(2), each) @ np.array([1, 0, 0, 1]) / np.sqrt(2) for each in pauli]
    state = sum(w * np.outer(b, b.conj()) for w, b in zip(weights, bell, strict=True))
    errors = {}
    for name, basis in BASES.items():
        wrong = 0.0
        for bit in (0, 1):
            # Bob's vectors are conjugated: |00> + |11> is the same in every pair of conjugate bases.
            vector = np.kron(basis[bit], basis[1 - bit].conj())
            wrong += (vector.conj() @ state @ vector).real
        errors[name] = min(max(wrong, 0.0), 1.0)
    np.testing.assert_allclose(bell_weights(errors["x"], errors["y"], errors["z"]), weights, atol=1e-12)

    def entropy(matrix):
        values = np.linalg.eigvalsh(matrix)
        return -sum(v * np.log2(v) for v in values if v > 1e-15)

    joint = np.sqrt(weights)[:, None] * np.array(bell)  # Eve's index, then Alice and Bob
    holevo = entropy(np.diag(weights))
    for bit in (0, 1):
        rows = joint.reshape(4, 2, 2)[:, bit]  # Alice measured her bit of Z
        holevo -= entropy(2 * rows @ rows.conj().T) / 2
    information = eavesdropper_information(errors["x"], errors["y"], errors["z"])
    assert information == pytest.approx(holevo, abs=1e-9)


@given(st.floats(1e-4, 0.12), st.floats(1.0, 1.3))
def test_a_third_basis_never_hurts(qber, efficiency):
    two = single_photon_fraction(qber, qber, efficiency)
    assert secret_fraction(qber, qber, qber, efficiency) >= two


def test_the_finite_entropy_is_the_least_over_what_the_estimates_allow():
    n, m, key, test = 1e7, 1e6, 0.03, 0.04
    bound = finite_entropy(n, m, key, test, 1e-10)
    width_key, width_test = frequency_deviation(n, 5e-11), frequency_deviation(m, 5e-11)
    e, t = np.meshgrid(
        np.linspace(key - width_key, key + width_key, 81),
        np.linspace(test - width_test, test + width_test, 81),
    )
    everywhere = 1 - eavesdropper_information(t, t, e)
    assert everywhere.min() == pytest.approx(float(bound), abs=1e-12)


def test_a_long_block_reaches_the_limit():
    limit = 1 - eavesdropper_information(0.04, 0.04, 0.03)
    assert finite_entropy(1e20, 1e20, 0.03, 0.04, 1e-10) == pytest.approx(float(limit), rel=1e-6)
