import subprocess
import sys

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.optimise.gradient import METHODS, Plan, Problem, adam, method
from noclone.optimise.gradient.descent import ALL, batches


def rosenbrock(weights, rows=ALL):
    a, b = weights
    return (1 - a) ** 2 + 100 * (b - a * a) ** 2, np.array(
        [-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)]
    )


ROSENBROCK = Problem(1, lambda w, rows: rosenbrock(w)[0], rosenbrock)


def test_the_steps_are_those_of_scikit_learn():
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

    there = np.array([-0.5, 0.7])
    optimiser = AdamOptimizer([there], learning_rate_init=0.03)
    for _ in range(60):
        optimiser.update_params([there], [rosenbrock(there)[1]])
    found = adam.minimise(
        ROSENBROCK, np.array([-0.5, 0.7]), Plan(0.03, max_iter=60, tol=0.0), np.random.default_rng(0)
    )
    np.testing.assert_allclose(found.weights, there, rtol=1e-6)  # it adds its floor before a correction


def test_minibatches_find_the_mean():
    data = np.random.default_rng(1).normal(3.0, 1.0, 500)
    problem = Problem(
        500,
        lambda w, rows: float(np.mean((data[rows] - w) ** 2)),
        lambda w, rows: (float(np.mean((data[rows] - w) ** 2)), 2 * np.mean(w - data[rows], keepdims=True)),
    )
    found = adam.minimise(
        problem,
        np.zeros(1),
        Plan(0.02, 2000, batch_size=50, tol=0.0, patience=2000),
        np.random.default_rng(2),
    )
    assert abs(found.weights[0] - data.mean()) < 0.1
    assert len(found.losses) == 2000
    assert not found.settled


def test_a_flat_loss_stops_the_descent():
    bowl = Problem(1, lambda w, _: float(w @ w), lambda w, _: (float(w @ w), 2 * w))
    found = adam.minimise(bowl, np.ones(2), Plan(0.1, 5000, tol=1e-6, patience=10), np.random.default_rng(0))
    assert found.settled
    assert len(found.losses) < 1000
    assert np.abs(found.weights).max() < 0.05


def test_batches_are_drawn_from_all_samples():
    stream = batches(100, 10, np.random.default_rng(0))
    assert len({int(i) for _ in range(100) for i in next(stream)}) == 100


@pytest.mark.parametrize(
    ("field", "value"),
    [("learning_rate", 0.0), ("max_iter", 0), ("batch_size", 0), ("tol", -1.0), ("patience", 1)],
)
def test_a_plan_says_what_is_wrong(field, value):
    with pytest.raises(InvalidInput, match=field):
        Plan(**{field: value})


def test_every_method_minimises_and_unknown_ones_are_named():
    bowl = Problem(
        1, lambda w, _: float(w @ w), lambda w, _: (float(w @ w), 2 * w), lambda w, _: np.eye(len(w)) / 4
    )
    for name in METHODS:
        found = method(name).minimise(bowl, np.ones(3), Plan(max_iter=400, tol=0.0), np.random.default_rng(0))
        assert np.abs(found.weights).max() < 0.05, name
        assert found.losses[0] > found.losses[-1]
    with pytest.raises(InvalidInput, match="adam"):
        method("adamant")


def test_protocols_are_not_loaded_with_an_optimiser():
    code = """
import sys
from noclone.optimise.gradient import adam
assert not any("noclone.protocols" in name for name in sys.modules)
from noclone.optimise import Tuned, advise, curves, tune
import noclone
assert callable(tune) and callable(advise) and noclone.tune is tune
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
