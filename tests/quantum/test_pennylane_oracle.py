"""Values and gradients of 100 random circuits of all gates are those of PennyLane's default.qubit."""

from functools import cache

import numpy as np
import pennylane as qml
import pytest

from noclone.quantum import Circuit, Engine, Observable, gate, w, x
from noclone.quantum.bridges.pennylane import to_pennylane
from noclone.quantum.gates import GATES

pytestmark = pytest.mark.filterwarnings("ignore:Casting complex values")

RUNS = [("reference", "float64"), ("compiled", "float64"), ("compiled", "float32")]
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
FEATURES, WEIGHTS, SAMPLES, SUMS = 3, 4, 3, 2


def random_angle(rng):
    i, j, k, m = (int(each) for each in rng.integers((FEATURES, FEATURES, WEIGHTS, WEIGHTS)))
    forms = (x[i], w[k], x[i] * x[j], w[k] * x[i], w[k] + w[m] * x[i] * x[j], w[k] * w[m] - x[i])
    return rng.normal() * forms[rng.integers(len(forms))] + rng.normal()


def problem(seed):
    """A circuit with each gate that fits, in random order; sums of random Pauli words; numbers for all."""
    rng = np.random.default_rng(seed)
    qubits = 1 + seed % 5
    parts = []
    for name in rng.permutation([name for name, kind in GATES.items() if kind.wires <= qubits]):
        wires = map(int, rng.permutation(qubits)[: GATES[name].wires])
        angle = None if GATES[name].generator is None else random_angle(rng)
        parts.append(gate(str(name), *wires, angle=angle))
    observables = []
    for _ in range(SUMS):
        words = {"".join(rng.choice(list("IXYZ"), qubits)): rng.normal() / 3 for _ in range(3)}
        observables.append(Observable(tuple((value, word) for word, value in words.items())))
    features, weights = rng.normal(size=(SAMPLES, FEATURES)), rng.normal(size=WEIGHTS)
    return Circuit(qubits, tuple(parts)), observables, features, weights, rng.normal(size=(SAMPLES, SUMS))


def theirs(observable):
    words = [
        qml.prod(*(getattr(qml, letter)(wire) for wire, letter in enumerate(word)))
        for _, word in observable.words
    ]
    return qml.dot([value for value, _ in observable.words], words)


@cache
def oracle(seed):
    """PennyLane's values, and its gradients of their sum times the cotangent, by backpropagation."""
    circuit, observables, features, weights, cotangent = problem(seed)
    apply = to_pennylane(circuit)

    @qml.qnode(qml.device("default.qubit", wires=circuit.qubits), diff_method="backprop")
    def model(features, weights):
        apply(features, weights)
        return [qml.expval(theirs(observable)) for observable in observables]

    def loss(features, weights):
        values = qml.math.stack(model(features, weights), axis=1)
        return qml.numpy.sum(cotangent * values)

    numbers = [qml.numpy.array(each, requires_grad=True) for each in (features, weights)]
    by_feature, by_weight = qml.grad(loss)(*numbers)
    return np.stack(model(features, weights), axis=1), by_weight, by_feature


@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize(("backend", "precision"), RUNS)
def test_values_and_gradients_are_those_of_pennylane(backend, precision, seed):
    circuit, observables, features, weights, cotangent = problem(seed)
    values, pullback = Engine(circuit, observables, backend=backend, precision=precision).vjp(
        features, weights
    )
    found = (values, *pullback(cotangent, inputs=True))
    for ours, want in zip(found, oracle(seed), strict=True):
        np.testing.assert_allclose(ours, want, rtol=0, atol=TOLERANCE[precision])
