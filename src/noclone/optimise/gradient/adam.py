"""Adam: gradient steps scaled by running means of the gradient and of its square."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from noclone.optimise.gradient.descent import Descent, Floats, Plan, Problem, batches

DECAY_FIRST, DECAY_SECOND, FLOOR = 0.9, 0.999, 1e-8


class Moments(NamedTuple):
    """What Adam remembers: decaying sums of gradients and of their squares, and the number of steps."""

    first: Floats
    second: Floats
    steps: int = 0

    @staticmethod
    def none(size: int) -> Moments:
        """Return the memory before the first step."""
        return Moments(np.zeros(size), np.zeros(size))


def step(weights: Floats, slope: Floats, moments: Moments, learning_rate: float) -> tuple[Floats, Moments]:
    """Return weights and memory after one step against a gradient.

    Source: D. P. Kingma, J. Ba, arXiv:1412.6980, algorithm 1.

    Examples
    --------
    >>> weights, _ = step(np.zeros(1), np.array([5.0]), Moments.none(1), 0.1)
    >>> weights.round(6).tolist()
    [-0.1]
    """
    count = moments.steps + 1
    first = DECAY_FIRST * moments.first + (1 - DECAY_FIRST) * slope
    second = DECAY_SECOND * moments.second + (1 - DECAY_SECOND) * slope * slope
    size = np.sqrt(second / (1 - DECAY_SECOND**count)) + FLOOR
    moved = weights - (learning_rate / (1 - DECAY_FIRST**count)) * first / size
    return moved, Moments(first, second, count)


def minimise(problem: Problem, start: Floats, plan: Plan, random: np.random.Generator) -> Descent:
    """Minimise by Adam; `plan.learning_rate` is about the change of each weight in one step.

    Parameters
    ----------
    problem : Problem
        With a gradient.
    start : ndarray, shape (W,)
    plan : Plan
    random : Generator
        Draws the samples of each step.

    Returns
    -------
    Descent

    Raises
    ------
    InvalidInput
        If the problem has no gradient.

    Examples
    --------
    >>> bowl = Problem(1, lambda w, _: float(w @ w), lambda w, _: (float(w @ w), 2 * w))
    >>> found = minimise(bowl, np.ones(2), Plan(max_iter=500, tol=1e-9), np.random.default_rng(0))
    >>> bool(np.abs(found.weights).max() < 1e-2)
    True
    """
    slope_at, weights, moments = problem.slope(), start, Moments.none(len(start))
    losses: list[float] = []
    for _, rows in zip(range(plan.max_iter), batches(problem.samples, plan.batch_size, random), strict=False):
        loss, slope = slope_at(weights, rows)
        losses.append(loss)
        weights, moments = step(weights, slope, moments, plan.learning_rate)
        if plan.settled(losses):
            return Descent(weights, np.array(losses), True)
    return Descent(weights, np.array(losses), False)
