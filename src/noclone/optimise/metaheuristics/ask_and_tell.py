"""What all heuristics share: each proposes points of the unit box and is told how high they lie.

A heuristic is a generator. It yields populations and receives their heights; `search` maps the unit box to
the user's, evaluates, counts, and stops it exactly when the budget is spent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import whole
from noclone.core.registry import named_modules, pick
from noclone.core.seeds import stream

Floats = NDArray[np.float64]
Objective = Callable[[Floats], ArrayLike]
"""Points (n, d) to what is maximised (n,), finite; NaN and minus infinity count as the worst."""
Proposals = Generator[Floats, Floats, None]
"""Yields points (n, d) of the unit box, receives their heights (n,)."""
Heuristic = Callable[["Task"], Proposals]


@dataclass(frozen=True)
class Task:
    """What a heuristic knows of a search: the unit box, and what it may spend.

    Attributes
    ----------
    size : int
        Coordinates, d.
    evaluations : int
        Points that will be evaluated; schedules end there.
    start : ndarray, shape (k, d)
        Points to begin with; may be none.
    rng : numpy.random.Generator
    """

    size: int
    evaluations: int
    start: Floats
    rng: np.random.Generator

    def first(self, count: int) -> Floats:
        """Return a first population (count, d): the starting points, the others drawn evenly."""
        points = self.rng.random((count, self.size))
        given = self.start[:count]
        points[: len(given)] = given
        return points

    def rounds(self, population: int) -> int:
        """Return how many populations of this size the budget pays for, the last perhaps in part."""
        return math.ceil(self.evaluations / population)


@dataclass(frozen=True)
class Found:
    """The highest point of a search, and the way there.

    Attributes
    ----------
    point : ndarray, shape (d,)
    value : float
        The objective there.
    evaluations : int
        Points at which the objective was evaluated: the budget.
    curve : ndarray, shape (evaluations,)
        The highest value after each evaluation.
    """

    point: Floats
    value: float
    evaluations: int
    curve: Floats

    def evaluations_to(self, value: float) -> int | None:
        """Return after how many evaluations a value was reached, or None if it was not.

        Examples
        --------
        >>> Found(np.zeros(1), 3.0, 3, np.array([1.0, 1.0, 3.0])).evaluations_to(2)
        3
        """
        return int(np.argmax(self.curve >= value)) + 1 if self.value >= value else None


def heuristics() -> dict[str, str]:
    """Return the title of every heuristic by its name.

    Examples
    --------
    >>> heuristics()["nelder-mead"]
    'Nelder-Mead simplex'
    """
    return {name: module.TITLE for name, module in sorted(named_modules(__package__).items())}


def search(
    heuristic: str | Heuristic,
    objective: Objective,
    low: ArrayLike,
    high: ArrayLike,
    *,
    evaluations: int,
    seed: int,
    start: ArrayLike | None = None,
) -> Found:
    """Maximise a function over a box without derivatives.

    Parameters
    ----------
    heuristic : str or callable
        One of `heuristics()`, or the function `propose` of its module, perhaps with parameters bound by
        `functools.partial`.
    objective : callable
        Takes points (n, d) and returns values (n,), each of its own point only; NaN counts as the worst,
        infinity is refused.
    low, high : array_like, shape (d,)
        The box; points outside are never asked for.
    evaluations : int
        Points to be evaluated, neither more nor fewer.
    seed : int
        The same seed gives the same search.
    start : array_like, shape (d,) or (k, d), optional
        Points to begin with.

    Returns
    -------
    Found

    Raises
    ------
    InvalidInput
        If the heuristic, its parameters, the box, the budget or the start cannot be used, if the objective
        returns another shape or infinity, or if an optional package is missing.

    Examples
    --------
    >>> def bowl(points):
    ...     return -((points - [0.3, 2.0]) ** 2).sum(axis=1)
    >>> found = search("quantum-particle-swarm", bowl, [0, 0], [1, 5], evaluations=1000, seed=1)
    >>> found.point.round(3).tolist(), found.evaluations
    ([0.3, 2.0], 1000)
    """
    return searches(heuristic, objective, low, high, evaluations=evaluations, seeds=[seed], start=start)[0]


def searches(
    heuristic: str | Heuristic,
    objective: Objective,
    low: ArrayLike,
    high: ArrayLike,
    *,
    evaluations: int,
    seeds: Sequence[int],
    start: ArrayLike | None = None,
) -> list[Found]:
    """Repeat a search with several seeds, the populations of all of them evaluated in one call.

    Parameters and errors are those of `search`; each result is the one that `search` gives for its seed.

    Examples
    --------
    >>> def bowl(points):
    ...     return -(points**2).sum(axis=1)
    >>> runs = searches("particle-swarm", bowl, [-1, -1], [1, 1], evaluations=300, seeds=range(5))
    >>> all(run.value > -1e-3 for run in runs)
    True
    """
    low, high = _box(low, high)
    evaluations = whole("evaluations", evaluations, 1)
    begin = (_start(start, low, high) - low) / (high - low)
    propose: Heuristic = (
        pick("search", heuristic, named_modules(__package__)).propose
        if isinstance(heuristic, str)
        else heuristic
    )
    courses = [propose(Task(low.size, evaluations, begin, stream(seed, "metaheuristic"))) for seed in seeds]
    asked = [_asked(course) for course in courses]
    points: list[list[Floats]] = [[] for _ in courses]
    values: list[list[Floats]] = [[] for _ in courses]
    left = [evaluations] * len(courses)
    while running := [i for i, some in enumerate(left) if some]:
        for i in running:
            points[i].append(np.minimum(low + (high - low) * asked[i][: left[i]], high))
        together = [points[i][-1] for i in running]
        heights = _heights(objective, np.concatenate(together))
        for i, own in zip(
            running, np.split(heights, np.cumsum([len(some) for some in together])), strict=False
        ):
            values[i].append(own)
            left[i] -= len(own)
            if left[i]:
                asked[i] = _asked(courses[i], own)
    return [_found(np.concatenate(p), np.concatenate(v)) for p, v in zip(points, values, strict=True)]


def _asked(course: Proposals, told: Floats | None = None) -> Floats:
    """Return the next proposal of a heuristic that is told the heights of its last one, if there was one."""
    try:
        points = next(course) if told is None else course.send(told)
    except StopIteration:
        points = np.empty((0, 0))
    if not len(points):
        raise InvalidInput("heuristic", "must propose points until the budget is spent, but proposed none")
    return points


def higher(points: Floats, heights: Floats, others: Floats, told: Floats) -> tuple[Floats, Floats]:
    """Return, one by one, the higher of two populations (n, d), and its heights (n,)."""
    better = told > heights
    return np.where(better[:, None], others, points), np.where(better, told, heights)


def _box(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    low, high = np.asarray(low, float), np.asarray(high, float)
    if low.ndim != 1 or low.shape != high.shape or not low.size:
        raise InvalidInput("low, high", f"must be of one shape (d,), but are {low.shape} and {high.shape}")
    if not (np.isfinite(low) & np.isfinite(high) & (low < high)).all():
        raise InvalidInput("low", "must lie below high in every coordinate, both finite")
    return low, high


def _start(start: ArrayLike | None, low: Floats, high: Floats) -> Floats:
    points = np.empty((0, low.size)) if start is None else np.atleast_2d(np.asarray(start, float))
    if points.ndim != 2 or points.shape[1] != low.size:
        raise InvalidInput("start", f"must have {low.size} coordinates, but is of shape {points.shape}")
    if not ((low <= points) & (points <= high)).all():
        raise InvalidInput("start", "must lie within the box")
    return points


def _heights(objective: Objective, points: Floats) -> Floats:
    values = np.asarray(objective(points), float)
    if values.shape != (len(points),):
        raise InvalidInput(
            "objective", f"must return an array of shape ({len(points)},), but returned {values.shape}"
        )
    if np.isposinf(values).any():
        raise InvalidInput("objective", "must be finite, minus infinity or NaN, but is infinite somewhere")
    return np.where(np.isnan(values), -np.inf, values)


def _found(points: Floats, values: Floats) -> Found:
    best = int(values.argmax())
    return Found(points[best], float(values[best]), len(values), np.maximum.accumulate(values))
