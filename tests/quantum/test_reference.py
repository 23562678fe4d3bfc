"""The reference engine against dense matrices and finite differences."""

import importlib

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, Gate, gate, noise, pauli, projector, w, x, z
from noclone.quantum.gates import GATES, unitary

rng = np.random.default_rng(1)


def dense(matrix, wires, qubits):
    """The matrix on all qubits, built entry by entry."""
    full = np.zeros((2**qubits,) * 2, complex)
    for column in range(2**qubits):
        bits = [column >> (qubits - 1 - q) & 1 for q in range(qubits)]
        inside = int("".join(str(bits[wire]) for wire in wires), 2)
        for out in range(len(matrix)):
            new = list(bits)
            for place, wire in enumerate(wires):
                new[wire] = out >> (len(wires) - 1 - place) & 1
            full[int("".join(map(str, new)), 2), column] += matrix[out, inside]
    return full


@pytest.mark.parametrize("name", list(GATES))
def test_every_gate_is_placed_on_its_wires(name):
    wires = (2, 0, 3)[: GATES[name].wires]
    angle = None if GATES[name].generator is None else 0.7
    start = Circuit(4, tuple(gate("ry", q, angle=0.3 + q) for q in range(4)))
    before = Engine(start, backend="reference").states(None)[0]
    after = Engine(start + Circuit(4, (gate(name, *wires, angle=angle),)), backend="reference").states(None)[
        0
    ]
    np.testing.assert_allclose(after, dense(unitary(name, 0.7), wires, 4) @ before, atol=1e-13)


def test_gradients_by_weights_and_features_are_those_of_finite_differences():
    circuit = Circuit(
        3,
        (
            gate("ry", 0, angle=x[0] * x[1]),
            gate("rx", 1, angle=w[0] * x[2] + 0.2),
            gate("cry", 0, 2, angle=w[1]),
            gate("rzz", 1, 2, angle=w[0] * w[1] * x[0] * x[0]),
            gate("crx", 2, 1, angle=w[2] - x[1]),
        ),
    )
    engine = Engine(
        circuit, [pauli("XYZ"), 0.3 * z(1, 3) + pauli("IIX"), projector((0, 2), 3)], backend="reference"
    )
    features, weights, cotangent = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(4, 3))
    _, pullback = engine.vjp(features, weights)
    by_weight, by_feature = pullback(cotangent, inputs=True)
    step = 1e-6

    def loss(features, weights):
        return (cotangent * engine.expectations(features, weights)).sum()

    for k in range(3):
        shift = step * np.eye(3)[k]
        assert by_weight[k] == pytest.approx(
            (loss(features, weights + shift) - loss(features, weights - shift)) / (2 * step), abs=1e-8
        )
    for b, i in ((0, 0), (1, 1), (3, 2)):
        shift = np.zeros((4, 3))
        shift[b, i] = step
        assert by_feature[b, i] == pytest.approx(
            (loss(features + shift, weights) - loss(features - shift, weights)) / (2 * step), abs=1e-8
        )


def test_observables_are_their_matrices():
    observable = 0.5 * pauli("XYZ") + projector((1,), 3)
    engine = Engine(
        Circuit(3, tuple(gate("rx", q, angle=x[q]) for q in range(3))), [observable], backend="reference"
    )
    features = rng.normal(size=(5, 3))
    states = engine.states(features)
    want = np.einsum("bi,ij,bj->b", states.conj(), observable.matrix(), states).real
    np.testing.assert_allclose(engine.expectations(features)[:, 0], want, atol=1e-13)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: gate("rq", 0, angle=1.0), "gate 'rq'"),
        (lambda: gate("ry", 0), "must have an angle"),
        (lambda: gate("h", 0, angle=1.0), "must have no angle"),
        (lambda: gate("cx", 1, 1), "2 distinct wires"),
        (lambda: Circuit(2, (gate("h", 2),)), "wires below 2"),
        (lambda: Circuit(2) + Circuit(3), "must have 2 qubits"),
        (lambda: x[0] * x[1] * x[2], "at most 2 features"),
        (lambda: x[-1], "whole numbers from 0 up"),
        (lambda: pauli("XQ"), "in I, X, Y, Z"),
        (lambda: z(3, 2), "between 0 and 1"),
        (lambda: gate("ry", 0, angle=float("nan")), "finite"),
        (lambda: Gate("ry", (-2,), w[0]), "distinct wires from 0 up"),
        (lambda: Gate("rq", (0,), w[0]), "gate .rq."),
        (lambda: noise("bit_flip", -1, 0.5), "distinct wires from 0 up"),
        (lambda: noise("bit_flip", 0, float("nan")), "strength between 0 and 1"),
        (lambda: x[1.5], "whole numbers from 0 up"),
        (lambda: Circuit(2.5), "at least 1 qubit"),
        (lambda: projector((5,), 2), "between 0 and 1"),
        (lambda: pauli(""), "Pauli words"),
        (lambda: pauli("Z", float("nan")), "finite numbers"),
        (lambda: Engine(Circuit(2), [z(0, 3)]), "on 2 qubits"),
        (lambda: Engine(Circuit(1, (gate("ry", 0, angle=x[1]),))).states([[1.0]]), "at least 2"),
        (lambda: Engine(Circuit(1, (gate("ry", 0, angle=w[1]),))).states(None, [1.0]), r"shape \(2,\)"),
    ],
)
def test_bad_input_is_one_sentence(wrong, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        wrong()


def test_the_engine_loads_without_numba():
    assert importlib.import_module("noclone.quantum").Engine is Engine
