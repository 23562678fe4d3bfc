"""Circuits to PennyLane and back."""

import sys

import numpy as np
import pennylane as qml
import pytest

from noclone.core.errors import InvalidInput
from noclone.quantum import Circuit, Engine, gate, noise, w, x
from noclone.quantum.bridges.pennylane import from_pennylane, to_pennylane
from noclone.quantum.gates import CHANNELS, GATES
from noclone.quantum.layers import strongly_entangling


def all_gates(seed, angle):
    rng = np.random.default_rng(seed)
    parts = []
    for name in rng.permutation(list(GATES)):
        wires = map(int, rng.permutation(4)[: GATES[name].wires])
        parts.append(gate(str(name), *wires, angle=None if GATES[name].generator is None else angle(rng)))
    return Circuit(4, tuple(parts))


@pytest.mark.parametrize("seed", range(5))
def test_numbers_come_back_gate_by_gate(seed):
    circuit = all_gates(seed, lambda rng: rng.normal())
    back, weights = from_pennylane(to_pennylane(circuit), wires=range(4))
    assert back == circuit
    assert len(weights) == 0


@pytest.mark.parametrize("seed", range(5))
def test_trainable_angles_become_weights(seed):
    circuit = all_gates(seed, lambda rng: w[int(rng.integers(5))] + 0.1 * x[int(rng.integers(2))])
    features = qml.numpy.array([0.4, -0.8], requires_grad=False)
    weights = qml.numpy.array(np.random.default_rng(seed).normal(size=5), requires_grad=True)
    back, values = from_pennylane(to_pennylane(circuit), features, weights, wires=range(4))
    turns = sum(part.angle is not None for part in circuit.gates)
    assert back.n_weights == len(values) == turns
    want = Engine(circuit, backend="reference").states([[0.4, -0.8]], weights)
    np.testing.assert_allclose(Engine(back, backend="reference").states(None, values), want, atol=1e-12)


def test_noise_comes_back():
    circuit = Circuit(1, tuple(noise(name, 0, 0.1) for name in CHANNELS))
    assert from_pennylane(to_pennylane(circuit))[0] == circuit


def test_the_strongly_entangling_template_is_ours():
    """PennyLane's template turns by Rot(phi, theta, omega), that is RZ(phi), RY(theta), RZ(omega)."""
    weights = qml.numpy.array(np.random.default_rng(0).normal(size=(3, 4, 3)), requires_grad=True)

    @qml.qnode(qml.device("default.qubit", wires=4))
    def model(weights):
        qml.StronglyEntanglingLayers(weights, wires=range(4))
        return qml.state()

    ours = strongly_entangling(4, 3)
    back, values = from_pennylane(model, weights)
    np.testing.assert_array_equal(values, weights.ravel())
    assert {*back.gates} == {*ours.gates}
    state = Engine(ours, backend="reference").states(None, values)[0]
    np.testing.assert_allclose(state, model(weights), atol=1e-12)


def test_a_batch_of_features_runs_at_once():
    circuit = Circuit(2, (gate("ry", 0, angle=x[0] * w[0]), gate("crx", 0, 1, angle=x[1])))
    features = np.random.default_rng(1).normal(size=(7, 2))
    apply = to_pennylane(circuit)

    @qml.qnode(qml.device("default.qubit"))
    def model(features, weights):
        apply(features, weights)
        return qml.state()

    want = Engine(circuit, backend="reference").states(features, [0.7])
    np.testing.assert_allclose(model(features, np.array([0.7])), want, atol=1e-12)


def test_labels_of_wires_are_put_in_order():
    def function():
        qml.CNOT(wires=["b", "a"])

    assert from_pennylane(function)[0] == Circuit(2, (gate("cx", 1, 0),))
    assert from_pennylane(function, wires=["b", "a"])[0] == Circuit(2, (gate("cx", 0, 1),))


@pytest.mark.filterwarnings("ignore:Operator ThermalRelaxationError")
@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda: qml.ThermalRelaxationError(0.1, 1.0, 1.0, 0.1, wires=0), "ThermalRelaxationError"),
        (lambda: qml.RX(np.array([0.1, 0.2]), wires=0), "has a batch"),
        (lambda: qml.RX(0.1, wires="c"), r"lack one of \['c'\]"),
    ],
)
def test_what_cannot_cross_is_one_sentence(function, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        from_pennylane(function, wires=["a", 0])


def test_without_pennylane_one_sentence_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "pennylane", None)
    with pytest.raises(InvalidInput, match=r'pip install "noclone\[bridges\]"'):
        to_pennylane(Circuit(1))
