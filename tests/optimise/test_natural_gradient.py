import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.models.ansatz import ansatz
from noclone.optimise.gradient import Plan, Problem, adam, natural_gradient
from noclone.quantum import Circuit, Engine, gate, w, z


def test_the_metric_is_pennylanes():
    qml = pytest.importorskip("pennylane")
    weights = np.random.default_rng(3).uniform(-np.pi, np.pi, (2, 3, 3))

    @qml.qnode(qml.device("default.qubit", wires=3), interface="autograd")
    def circuit(w):
        for i, angle in enumerate((0.3, -0.7, 1.1)):
            qml.RY(angle, wires=i)
        for layer in range(2):
            for i in range(3):
                for name, angle in zip((qml.RZ, qml.RY, qml.RZ), w[layer, i], strict=True):
                    name(angle, wires=i)
            for i in range(3):
                qml.CNOT([i, (i + 1 + layer) % 3])
        return qml.expval(qml.Z(0))

    there = qml.adjoint_metric_tensor(circuit)(qml.numpy.array(weights, requires_grad=True))
    engine = Engine(ansatz("strongly-entangling", 3, 2))
    here = natural_gradient.fubini_study(
        lambda changed: engine.states([[0.3, -0.7, 1.1]], changed), weights.ravel()
    )
    np.testing.assert_allclose(here, np.asarray(there).reshape(18, 18), atol=1e-7)


def test_the_metric_is_a_mean_over_samples():
    engine = Engine(ansatz("strongly-entangling", 2, 1))
    X, weights = np.random.default_rng(0).normal(size=(3, 2)), np.full(6, 0.4)
    whole = natural_gradient.fubini_study(lambda c: engine.states(X, c), weights)
    parts = [
        natural_gradient.fubini_study(lambda c, row=row: engine.states(row, c), weights) for row in X[:, None]
    ]
    np.testing.assert_allclose(whole, np.mean(parts, axis=0), atol=1e-12)


def test_it_escapes_a_badly_scaled_turn_that_adam_does_not():
    """One qubit turned by 0.02 * w: plain steps are small, natural ones are those of the angle itself."""
    engine = Engine(Circuit(1, (gate("ry", 0, angle=0.02 * w[0]),)), [z(0, 1)])

    def loss(weights, rows):
        values, pullback = engine.vjp(None, weights)
        return float(values[0, 0]), pullback(np.ones((1, 1)))[0]

    problem = Problem(
        1,
        lambda v, rows: loss(v, rows)[0],
        loss,
        lambda v, rows: natural_gradient.fubini_study(lambda c: engine.states(None, c), v),
    )
    plan, start = Plan(1.0, 200, tol=0.0), np.array([20.0])
    natural = natural_gradient.minimise(problem, start, plan, np.random.default_rng(0))
    plain = adam.minimise(problem, start, Plan(0.05, 200, tol=0.0), np.random.default_rng(0))
    assert natural.losses[-1] < -0.999 < 0.5 < plain.losses[-1]


def test_it_needs_a_metric():
    problem = Problem(1, lambda v, _: 0.0, lambda v, _: (0.0, v))
    with pytest.raises(InvalidInput, match="not pure"):
        natural_gradient.minimise(problem, np.zeros(1), Plan(), np.random.default_rng(0))
