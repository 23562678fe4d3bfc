"""Finite shots: means, standard errors and correlations against theory."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, noise, pauli, w, x, z
from noclone.quantum.layers import angle_embedding, strongly_entangling
from noclone.quantum.pauli_transfer import MixedEngine
from noclone.quantum.shots import (
    _outcomes,
    estimates,
    inversion_test,
    measurement_bases,
    sample_bits,
    swap_test,
)

CIRCUIT = angle_embedding(3) + strongly_entangling(3, 2)
OBSERVABLES = [
    z(0, 3),
    pauli("ZZI", 0.5) + pauli("IIZ", -2.0),
    pauli("XYI") + pauli("IIX"),
    pauli("YZX", 0.3) + pauli("III", 0.7),
]
rng = np.random.default_rng(8)
X, W = rng.normal(size=(3, 3)), rng.normal(size=CIRCUIT.n_weights)


def test_estimates_are_unbiased_and_their_spread_is_the_standard_error():
    engine = Engine(CIRCUIT, OBSERVABLES)
    shots, repeats = 50, 3000
    many = estimates(engine, np.repeat(X, repeats, axis=0), W, shots, np.random.default_rng(1))
    many = many.reshape(3, repeats, 4)
    exact = engine.expectations(X, W)
    # Words read from one basis share their shots; the variance of a sum is that of the summed outcomes.
    measured_apart = [[OBSERVABLES[0]], [OBSERVABLES[1]], [OBSERVABLES[2]], [pauli("YZX", 0.3)]]
    variance = np.zeros((3, 4))
    states = engine.states(X, W)
    for column, parts in enumerate(measured_apart):
        for part in parts:
            matrix = part.matrix()
            mean = np.einsum("bi,ij,bj->b", states.conj(), matrix, states).real
            square = np.einsum("bi,ij,bj->b", states.conj(), matrix @ matrix, states).real
            variance[:, column] += (square - mean**2) / shots
    error = np.sqrt(variance / repeats)
    assert np.all(np.abs(many.mean(axis=1) - exact) < 4.5 * error)
    np.testing.assert_allclose(many.var(axis=1), variance, rtol=6 * np.sqrt(2 / repeats), atol=1e-12)


def test_diagonal_words_come_from_the_same_bits():
    bell = Circuit(2, (gate("h", 0), gate("cx", 0, 1)))
    engine = Engine(bell, [z(0, 2), z(1, 2), pauli("ZZ"), pauli("XX")])
    one = estimates(engine, None, (), 31, np.random.default_rng(2))[0]
    assert one[0] == one[1] != 0
    assert one[2] == one[3] == 1


def test_words_are_grouped_by_qubit_wise_commutation():
    words = ["ZIZ", "XXI", "IXX", "IYI", "XIY", "III"]
    groups = measurement_bases(words)
    assert groups == {"ZZZ": ["ZIZ", "III"], "XXX": ["XXI", "IXX"], "XYY": ["IYI", "XIY"]}


def test_the_same_seed_gives_the_same_numbers():
    engine = Engine(CIRCUIT, OBSERVABLES)
    first, again, other = (estimates(engine, X, W, 20, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)


def test_bits_follow_the_probabilities_in_no_order():
    circuit = Circuit(2, (gate("ry", 0, angle=x[0]), gate("ry", 1, angle=w[0])))
    bits = sample_bits(Engine(circuit), [[0.6], [np.pi]], [1.4], 40_000, np.random.default_rng(4))
    assert bits.shape == (2, 40_000, 2)
    assert bits.dtype == np.uint8
    chances = np.array([[np.sin(0.3) ** 2, np.sin(0.7) ** 2], [1.0, np.sin(0.7) ** 2]])
    spread = np.sqrt(chances * (1 - chances) / 40_000) + 1e-12
    assert np.all(np.abs(bits.mean(axis=1) - chances) < 4.5 * spread)
    halves = bits.reshape(2, 2, 20_000, 2).mean(axis=2)
    assert np.all(np.abs(halves[:, 0] - halves[:, 1]) < 4.5 * np.sqrt(2) * np.sqrt(2) * spread)


@pytest.mark.parametrize(
    ("test", "variance"), [(swap_test, lambda f: 1 - f**2), (inversion_test, lambda f: f * (1 - f))]
)
def test_fidelity_tests_have_their_standard_errors(test, variance):
    exact, shots, repeats = np.array([0.0, 0.2, 0.9, 1.0 + 1e-16]), 40, 20_000
    many = test(np.tile(exact, (repeats, 1)), shots, np.random.default_rng(5))
    error = np.sqrt(np.maximum(variance(exact), 0) / shots)
    assert np.all(np.abs(many.mean(axis=0) - exact) <= 4.5 * error / np.sqrt(repeats) + 1e-12)
    np.testing.assert_allclose(many.std(axis=0), error, rtol=0.03, atol=1e-7)


def test_at_least_one_shot():
    with pytest.raises(InvalidInput, match="shots must be at least 1, but is 0"):
        estimates(Engine(CIRCUIT, OBSERVABLES), X, W, 0, rng)
    with pytest.raises(InvalidInput, match="shots must be at least 1"):
        swap_test(0.5, 0, rng)


NOISY = CIRCUIT.with_noise(lambda wire: noise("amplitude_damping", wire, 0.1))


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_outcomes_of_mixed_states_are_the_diagonals_of_turned_densities(precision):
    """Probabilities <b| V rho V^dagger |b>, from density matrices and the bases' eigenvectors."""
    engine = MixedEngine(NOISY, OBSERVABLES, precision=precision)
    densities = MixedEngine(NOISY).densities(X, W)
    h, sdg = np.array([[1, 1], [1, -1]]) / np.sqrt(2), np.diag([1, -1j])
    turns = {"X": h, "Y": h @ sdg, "Z": np.eye(2)}
    for basis in ("ZZZ", "XYZ", "YXX"):
        turn = np.kron(np.kron(turns[basis[0]], turns[basis[1]]), turns[basis[2]])
        want = np.einsum("ij,bjk,ik->bi", turn, densities, turn.conj()).real
        found = _outcomes(engine, X, W)(basis)
        np.testing.assert_allclose(found, want, atol=1e-12 if precision == "float64" else 1e-6)


def test_shots_of_a_noisy_circuit_scatter_around_its_exact_values():
    engine, shots, repeats = MixedEngine(NOISY, OBSERVABLES), 50, 2000
    many = estimates(engine, np.repeat(X, repeats, axis=0), W, shots, np.random.default_rng(1))
    many = many.reshape(3, repeats, 4)
    error = many.std(axis=1) / np.sqrt(repeats)
    assert np.all(np.abs(many.mean(axis=1) - engine.expectations(X, W)) < 4.5 * error)
    assert np.all(error > 0)
    bits = sample_bits(engine, X, W, 20_000, np.random.default_rng(1))
    chance = (1 - engine.expectations(X, W)[:, 0]) / 2
    assert np.all(np.abs(bits[..., 0].mean(axis=1) - chance) < 4.5 * np.sqrt(chance * (1 - chance) / 20_000))


@pytest.mark.parametrize("shots", [1.5, 10.0, True, "10", np.nan, None])
@pytest.mark.parametrize(
    "draw",
    [
        lambda shots: estimates(Engine(CIRCUIT, OBSERVABLES), X, W, shots, rng),
        lambda shots: sample_bits(Engine(CIRCUIT), X, W, shots, rng),
        lambda shots: swap_test(0.5, shots, rng),
        lambda shots: inversion_test(0.5, shots, rng),
    ],
)
def test_shots_are_a_whole_number(draw, shots):
    with pytest.raises(InvalidInput, match="shots must be a whole number, but is"):
        draw(shots)
