"""The batched maximiser on functions whose tops are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.optimise.batched import maximise, spread_starts


def bowls(rng, problems, size):
    """Return random concave quadratics, and their tops."""
    tops = rng.uniform(-2, 2, (problems, size))
    spread = np.linalg.qr(rng.standard_normal((problems, size, size)))[0]
    bend = spread * np.exp(rng.uniform(-3, 3, (problems, 1, size))) @ np.swapaxes(spread, 1, 2)

    def value(rows, points):
        away = points - tops[rows, None]
        return 5.0 - np.einsum("nti,nij,ntj->nt", away, bend[rows], away)

    return value, tops


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_concave_quadratics_are_solved_to_the_top(seed, size):
    rng = np.random.default_rng(seed)
    value, tops = bowls(rng, 20, size)
    found = maximise(value, [-3.0] * size, [3.0] * size, rng.uniform(-3, 3, (20, 1, size)))
    assert found.points == pytest.approx(tops, abs=1e-6)
    assert found.values == pytest.approx(5.0, abs=1e-11)


def test_a_curved_ridge_is_followed_to_its_end():
    """Rosenbrock's function in 4 dimensions, stretched differently for each problem."""
    steepness = np.array([1.0, 10.0, 100.0])

    def value(rows, points):
        ridge = (points[..., 1:] - points[..., :-1] ** 2) ** 2
        return -(steepness[rows, None] * ridge.sum(axis=-1) + ((1 - points[..., :-1]) ** 2).sum(axis=-1))

    found = maximise(value, [-2] * 4, [2] * 4, np.full((3, 1, 4), -0.5) + np.zeros((3, 1, 4)))
    assert found.points[:2] == pytest.approx(np.ones((2, 4)), abs=1e-3)
    assert found.values == pytest.approx(0.0, abs=1e-4)


def test_tops_outside_the_box_are_met_at_its_wall():
    """Of a quadratic with correlated coordinates the best point on the wall is not the nearest to the top."""

    def value(rows, points):
        x, y = points[..., 0] - 2, points[..., 1]
        return -(x**2 + y**2 + x * y)

    found = maximise(value, [-1, -1], [1, 1], np.zeros((1, 1, 2)))
    assert found.points[0] == pytest.approx([1, 0.5], abs=1e-6)


def test_a_slope_without_top_ends_in_the_corner():
    found = maximise(lambda rows, points: points @ [1.0, -2.0], [0, 0], [7, 9], np.ones((1, 1, 2)))
    assert found.points[0].tolist() == [7.0, 0.0]


def test_the_highest_of_several_tops_wins():
    heights = np.array([[1.0, 2.0], [3.0, 2.0]])

    def value(rows, points):
        away = (points - np.array([-2.0, 2.0])) ** 2
        return (heights[rows, None] * np.exp(-away)).sum(axis=-1)

    starts = np.broadcast_to(np.array([[-1.0], [1.0]]), (2, 2, 1))
    found = maximise(value, [-4], [4], starts)
    assert found.points.ravel() == pytest.approx([2, -2], abs=1e-3)
    assert found.values == pytest.approx(heights.max(axis=1), abs=1e-6)


def test_a_kink_that_points_up_does_not_stop_the_climb():
    """A clipped bound is the larger of two smooth functions; the top lies within one of them."""

    def value(rows, points):
        x, y = points[..., 0], points[..., 1]
        return np.maximum(-((x - 1) ** 2), -((x + 1) ** 2) - 0.3) - (y - x) ** 2

    found = maximise(value, [-3, -3], [3, 3], np.array([[[0.0, 0.0]]]))
    assert found.points[0] == pytest.approx([1, 1], abs=1e-5)


def test_points_without_a_value_are_avoided():
    def value(rows, points):
        x = points[..., 0]
        with np.errstate(invalid="ignore"):
            return np.where(x < 0.5, np.sqrt(x), np.nan)

    found = maximise(value, [0.0], [3.0], np.array([[[0.1], [2.0]]]))
    assert 0.45 < found.points[0, 0] < 0.5
    nowhere = maximise(lambda rows, points: points[..., 0] * np.nan, [0.0], [1.0], np.full((1, 2, 1), 0.5))
    assert nowhere.values[0] == -np.inf


def test_a_problem_does_not_depend_on_its_batch():
    rng = np.random.default_rng(3)
    value, _ = bowls(rng, 50, 5)
    starts = rng.uniform(-3, 3, (50, 3, 5))
    together = maximise(value, [-3.0] * 5, [3.0] * 5, starts)
    for row in (0, 17, 49):
        alone = maximise(
            lambda rows, points, row=row: value(rows + row, points), [-3.0] * 5, [3.0] * 5, starts[[row]]
        )
        assert alone.points[0] == pytest.approx(together.points[row], rel=1e-9)
        assert alone.values[0] == pytest.approx(together.values[row], rel=1e-12)


def test_evaluations_are_counted():
    seen = []

    def value(rows, points):
        seen.append(points[..., 0].size)
        return -(points[..., 0] ** 2)

    assert maximise(value, [-1], [1], np.full((2, 3, 1), 0.7)).evaluations == sum(seen)


def test_starts_lie_apart_as_long_as_there_are_any():
    candidates = np.array([[0.0], [0.1], [5.0], [5.1]])
    starts = spread_starts(np.array([[4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0]]), candidates, 1.0, 2)
    assert starts[..., 0].tolist() == [[0.0, 5.0], [5.1, 0.1]]
