"""Unequal detectors against the entropies of filtered two-qubit states."""

import numpy as np
import pytest

from noclone.rates.efficiency_mismatch import mismatch_ceiling, mismatched_fraction
from noclone.rates.entropy import binary_entropy

CORRELATED = [np.array([[1, 0, 0, 1]]).T / np.sqrt(2), np.array([[1, 0, 0, -1]]).T / np.sqrt(2)]


def entropy(matrix):
    values = np.linalg.eigvalsh(matrix)
    values = values[values > 1e-15]
    return -float(np.sum(values * np.log2(values)))


def secret_bits(state, ratio):
    """H(Alice's bit | Eve) of a detection, Eve holding the purification, and the error of the other basis.

    Detecting with unequal efficiencies is a filter diag(1, sqrt(r)) on Bob's qubit and an ideal measurement;
    then H(Z|E) = S(after measuring Z) - S(before).
    """
    filter_z = np.kron(np.eye(2), np.diag([1, np.sqrt(ratio)]))
    filtered = filter_z @ state @ filter_z
    filtered = filtered / np.trace(filtered)
    blocks = [np.kron(np.diag(side), np.eye(2)) for side in ([1, 0], [0, 1])]
    measured = sum(block @ filtered @ block for block in blocks)
    return entropy(measured) - entropy(filtered)


def observed_error(state, ratio):
    """Error rate of the other basis, seen by the same unequal detectors, both bits alike."""
    signs = {+1: np.array([1, 1]) / np.sqrt(2), -1: np.array([1, -1]) / np.sqrt(2)}
    seen = {(a, b): np.kron(signs[a], signs[b]) for a in signs for b in signs}
    weight = {+1: 1.0, -1: ratio}
    prob = {key: weight[key[1]] * float(np.real(v @ state @ v)) for key, v in seen.items()}
    return (prob[1, -1] + prob[-1, 1]) / sum(prob.values())


@pytest.mark.parametrize("ratio", [1.0, 0.8, 0.5, 0.2])
@pytest.mark.parametrize("error", [0.0, 0.03, 0.11, 0.3])
def test_fraction_is_that_of_the_phase_flip(ratio, error):
    right, wrong = (ket @ ket.T for ket in CORRELATED)
    state = (1 - error) * right + error * wrong
    assert observed_error(state, ratio) == pytest.approx(error, abs=1e-12)
    assert mismatched_fraction(error, ratio) == pytest.approx(secret_bits(state, ratio), abs=1e-9)


def test_no_symmetric_attack_gives_less():
    # Bell-diagonal states with errors in both bases: Eve learns at most what the bound grants.
    rng = np.random.default_rng(7)
    paulis = (np.eye(2), np.diag([1, -1]), np.array([[0, 1], [1, 0]]), np.array([[0, 1], [-1, 0]]))
    for _ in range(300):
        weights = rng.dirichlet([8, 1, 1, 1])
        kets = [np.kron(np.eye(2), pauli) @ CORRELATED[0] for pauli in paulis]
        state = sum(w * ket @ ket.T for w, ket in zip(weights, kets, strict=True))
        ratio = rng.uniform(0.1, 1)
        error = observed_error(state, ratio)
        assert secret_bits(state, ratio) >= mismatched_fraction(error, ratio) - 1e-9


def test_equal_detectors_lose_the_usual_entropy():
    error = np.linspace(0, 0.5, 11)
    np.testing.assert_allclose(mismatched_fraction(error, 1.0), 1 - binary_entropy(error), atol=1e-12)


def test_two_to_one_is_the_entropy_of_two_thirds():
    # h(2/3) = log2(3) - 2/3.
    assert mismatch_ceiling(0.5) == pytest.approx(np.log2(3) - 2 / 3, abs=1e-12)
    assert mismatched_fraction(0.0, 0.5) == pytest.approx(float(mismatch_ceiling(0.5)), abs=1e-12)


def test_more_mismatch_and_more_errors_leave_less():
    ratios, errors = np.linspace(0.05, 1, 40), np.linspace(0, 0.5, 40)
    values = mismatched_fraction(errors[:, None], ratios)
    assert (np.diff(values, axis=0) < 1e-12).all()
    assert (values <= mismatch_ceiling(ratios) + 1e-12).all()
    assert (np.diff(values[:10], axis=1) > -1e-12).all()
