"""Both engines refuse the same inputs with the same sentences."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, noise, pauli, w, x, z
from noclone.quantum.pauli_transfer import MAX_QUBITS, MixedEngine

CIRCUIT = Circuit(2, (gate("ry", 0, angle=x[0] * w[1]), gate("cx", 0, 1)))
OBSERVABLES = [z(0, 2), pauli("XX")]
X, W = np.ones((3, 1)), np.ones(2)

engines = pytest.mark.parametrize("engine", [Engine, MixedEngine])


@engines
@pytest.mark.parametrize(
    ("features", "weights", "sentence"),
    [
        (np.ones(3), W, r"features must have shape \(samples, at least 1\), but has \(3,\)"),
        (None, W, r"features must have shape \(samples, at least 1\), but has \(1, 0\)"),
        (X, np.ones(1), r"weights must have shape \(2,\), but has \(1,\)"),
        (X, 1.0, r"weights must have shape \(2,\), but has \(\)"),
        ([[0.0], [np.nan]], W, "features must be finite, but hold NaN or infinity"),
        (X, [0.0, -np.inf], "weights must be finite, but hold NaN or infinity"),
    ],
)
def test_numbers_that_do_not_fit_the_circuit(engine, features, weights, sentence):
    made = engine(CIRCUIT, OBSERVABLES)
    for call in (made.expectations, made.vjp, made.states if engine is Engine else made.paulis):
        with pytest.raises(InvalidInput, match=sentence):
            call(features, weights)


@engines
def test_large_numbers_are_finite_and_more_than_are_needed_do_no_harm(engine):
    made = engine(CIRCUIT, OBSERVABLES)
    assert np.isfinite(made.expectations(np.full((3, 1), 1e200), np.zeros(2))).all()
    np.testing.assert_array_equal(made.expectations(np.ones((3, 4)), np.ones(5)), made.expectations(X, W))


@engines
@pytest.mark.parametrize("cotangent", [np.ones(2), np.ones((1, 2)), np.ones((3, 1)), 1.0])
def test_cotangent_of_another_shape(engine, cotangent):
    _, pullback = engine(CIRCUIT, OBSERVABLES).vjp(X, W)
    with pytest.raises(InvalidInput, match=r"cotangent must have shape \(3, 2\), but has"):
        pullback(cotangent)


@engines
@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"observables": [z(0, 3)]}, "observable must be on 2 qubits, but is on 3"),
        ({"precision": "float16"}, "precision"),
        ({"threads": 0}, "threads must be at least 1, but is 0"),
        ({"threads": 1.5}, "threads must be a whole number, but is 1.5"),
    ],
)
def test_settings(engine, settings, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        engine(CIRCUIT, **settings)


def test_mixed_states_of_many_qubits_are_refused_before_they_take_the_memory():
    most = MixedEngine(Circuit(MAX_QUBITS, (noise("bit_flip", 0, 0.25),)), [z(0, MAX_QUBITS)])
    assert most.expectations(None)[0, 0] == pytest.approx(0.5)
    for qubits in (MAX_QUBITS + 1, 20):
        with pytest.raises(InvalidInput, match=f"at most {MAX_QUBITS} qubits for mixed states"):
            MixedEngine(Circuit(qubits))
