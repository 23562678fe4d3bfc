"""Qudits against the algebra that defines them, qubits, and the qubit engine."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, qudits
from noclone.quantum.gates import PAULIS, unitary

rng = np.random.default_rng(5)


@pytest.mark.parametrize("d", [2, 3, 4, 5, 6, 7])
def test_weyl_heisenberg_algebra(d):
    x, z = qudits.weyl(d, 1, 0), qudits.weyl(d, 0, 1)
    root = np.exp(2j * np.pi / d)
    np.testing.assert_allclose(z @ x, root * x @ z, atol=1e-12)
    for matrix in (x, z):
        np.testing.assert_allclose(np.linalg.matrix_power(matrix, d), np.eye(d), atol=1e-12)
    np.testing.assert_allclose(qudits.weyl(d, 2, 3), x @ x @ z @ z @ z, atol=1e-12)
    words = np.array([qudits.weyl(d, a, b).ravel() for a in range(d) for b in range(d)])
    np.testing.assert_allclose(words.conj() @ words.T, d * np.eye(d * d), atol=1e-11)
    f = qudits.fourier(d)
    np.testing.assert_allclose(f @ f.conj().T, np.eye(d), atol=1e-12)
    np.testing.assert_allclose(f @ x @ f.conj().T, z, atol=1e-12)


def test_two_levels_are_a_qubit():
    np.testing.assert_array_equal(qudits.weyl(2, 1, 0), PAULIS["X"])
    np.testing.assert_allclose(qudits.weyl(2, 0, 1), PAULIS["Z"], atol=1e-15)
    np.testing.assert_allclose(qudits.fourier(2), unitary("h"), atol=1e-15)
    np.testing.assert_array_equal(qudits.controlled_shift(2), unitary("cx"))


@pytest.mark.parametrize("d", [2, 3, 5, 7, 11])
def test_bases_are_bases_are_unbiased_and_diagonalise_their_operators(d):
    bases = qudits.mutually_unbiased_bases(d)
    assert bases.shape == (d + 1, d, d)
    for i, first in enumerate(bases):
        np.testing.assert_allclose(first.conj().T @ first, np.eye(d), atol=1e-12)
        operator = qudits.weyl(d, 0, 1) if i == 0 else qudits.weyl(d, 1, i - 1)
        inside = first.conj().T @ operator @ first
        np.testing.assert_allclose(np.abs(inside), np.eye(d), atol=1e-12)
        for second in bases[:i]:
            np.testing.assert_allclose(np.abs(first.conj().T @ second) ** 2, 1 / d, atol=1e-12)


@pytest.mark.parametrize("d", [1, 4, 6, 9, 15])
def test_unbiased_bases_need_a_prime_dimension(d):
    with pytest.raises(InvalidInput, match="dimension must be"):
        qudits.mutually_unbiased_bases(d)


def test_gates_on_chosen_qudits_are_kronecker_products():
    d, n = 3, 3
    states = rng.normal(size=(4, d**n)) + 1j * rng.normal(size=(4, d**n))
    one = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    two = rng.normal(size=(d * d, d * d))
    eye = np.eye(d)
    np.testing.assert_allclose(
        qudits.apply(states, one, (1,), d), states @ np.kron(np.kron(eye, one), eye).T, atol=1e-12
    )
    np.testing.assert_allclose(qudits.apply(states, two, (1, 2), d), states @ np.kron(eye, two).T, atol=1e-12)
    swap = np.eye(d * d)[[j * d + i for i in range(d) for j in range(d)]]
    np.testing.assert_allclose(
        qudits.apply(states, two, (2, 1), d), states @ np.kron(eye, swap @ two @ swap).T, atol=1e-12
    )


def test_probabilities_of_some_qudits_in_their_order():
    states = qudits.basis_states([[2, 0, 1], [1, 1, 0]], 3)
    assert qudits.probabilities(states, (0, 2), 3).argmax(axis=1).tolist() == [2 * 3 + 1, 1 * 3 + 0]
    assert qudits.probabilities(states, (2, 0), 3).argmax(axis=1).tolist() == [1 * 3 + 2, 0 * 3 + 1]
    random = rng.normal(size=(5, 27)) + 1j * rng.normal(size=(5, 27))
    random /= np.linalg.norm(random, axis=1)[:, None]
    joint = qudits.probabilities(random, (0, 1, 2), 3)
    np.testing.assert_allclose(joint, np.abs(random) ** 2)
    np.testing.assert_allclose(
        qudits.probabilities(random, (1,), 3), joint.reshape(5, 3, 3, 3).sum(axis=(1, 3))
    )


def test_qubits_run_like_the_engine():
    circuit = Circuit(3, (gate("h", 0), gate("cx", 0, 2), gate("h", 1), gate("cx", 2, 1)))
    states = qudits.basis_states([[0, 0, 0]], 2)
    for part in circuit.gates:
        states = qudits.apply(states, unitary(part.name), part.wires, 2)
    np.testing.assert_allclose(states, Engine(circuit).states(None), atol=1e-12)


def test_an_entangled_pair_is_correlated_in_conjugate_bases():
    d = 5
    pair = qudits.apply(qudits.basis_states([[0, 0]], d), qudits.fourier(d), (0,), d)
    pair = qudits.apply(pair, qudits.controlled_shift(d), (0, 1), d)
    for basis in qudits.mutually_unbiased_bases(d):
        seen = qudits.apply(pair, basis.conj().T, (0,), d)
        seen = qudits.apply(seen, basis.T, (1,), d)
        np.testing.assert_allclose(
            qudits.probabilities(seen, (0, 1), d).reshape(d, d), np.eye(d) / d, atol=1e-12
        )


def test_levels_that_are_not_there_are_refused():
    with pytest.raises(InvalidInput, match="digits must have shape"):
        qudits.basis_states([[0, 3]], 3)
