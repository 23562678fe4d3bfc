import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.metrics import log_loss, mean_squared_error

from noclone.models.losses import (
    CrossEntropy,
    Infidelity,
    Linear,
    SquaredError,
    SquaredRadius,
    WeightedFidelity,
)

rng = np.random.default_rng(7)
BINARY, MANY, REAL = rng.integers(2, size=9), rng.integers(4, size=9), rng.normal(size=9)
CASES = [
    (CrossEntropy(1, 2), 1, BINARY),
    (CrossEntropy(3, 2), 3, BINARY),
    (CrossEntropy(4, 4), 4, MANY),
    (WeightedFidelity(1), 1, BINARY),
    (WeightedFidelity(3), 3, BINARY),
    (SquaredError(2), 2, REAL),
    (Infidelity(), 1, REAL),
    (SquaredRadius((0.1, -0.4)), 2, REAL),
]


@pytest.mark.parametrize(("loss", "width", "targets"), CASES)
def test_derivatives_are_those_of_finite_differences(loss, width, targets):
    values = rng.uniform(-1, 1, (9, width))
    head = loss.start() + 0.3 * rng.normal(size=len(loss.start()))
    _, by_values, by_head = loss.of(values, head, targets)

    def joined(point):
        return loss.of(point[: values.size].reshape(values.shape), point[values.size :], targets)[0]

    numeric = approx_fprime(np.concatenate([values.ravel(), head]), joined, 1e-7)
    np.testing.assert_allclose(np.concatenate([by_values.ravel(), by_head]), numeric, atol=1e-6)


@pytest.mark.parametrize(("classes", "targets"), [(2, BINARY), (4, MANY)])
def test_cross_entropy_is_scikit_learns(classes, targets):
    loss, values = CrossEntropy(3, classes), rng.uniform(-1, 1, (9, 3))
    head = rng.normal(size=len(loss.start()))
    chances = loss.probabilities(values, head)
    assert chances.sum(axis=1) == pytest.approx(1)
    expected = log_loss(targets, chances, labels=range(classes))
    assert loss.of(values, head, targets)[0] == pytest.approx(expected)


def test_cross_entropy_survives_large_logits():
    loss = CrossEntropy(1, 2)
    mean, by_values, _ = loss.of(np.array([[1.0]]), np.array([1e5, 0.0]), np.array([0]))
    assert np.isfinite(mean)
    assert np.isfinite(by_values).all()


def test_squared_error_is_scikit_learns():
    loss, values = SquaredError(2), rng.uniform(-1, 1, (9, 2))
    head = rng.normal(size=3)
    predicted = values @ head[:2] + head[2]
    assert loss.of(values, head, REAL)[0] == pytest.approx(mean_squared_error(REAL, predicted))


def test_weighted_fidelity_by_hand():
    # <Z> = 0.5 is fidelity 0.25 with class 0 and 0.75 with class 1; weights 2 and 1; the class is 1
    loss = WeightedFidelity(1)
    mean = loss.of(np.array([[0.5]]), np.array([2.0, 1.0]), np.array([1]))[0]
    assert mean == pytest.approx(((2 * 0.25 - 0) ** 2 + (0.75 - 1) ** 2) / 2)
    assert loss.probabilities(np.array([[0.5]]), np.ones(2)).tolist() == [[0.25, 0.75]]


def test_a_linear_read_out_shares_the_values_out():
    start = Linear(5, 2).start()
    assert Linear(5, 2).apply(np.eye(5), start).sum(axis=0).tolist() == pytest.approx([1.0, 1.0])
