"""Maximising many smooth functions at once, each over the same box, without derivatives.

Every problem climbs by itself with Newton's method on a quadratic fitted to a small stencil, inside a
trust region; the stencils of all problems are evaluated in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Objective = Callable[[Whole, Floats], Floats]
"""Problem numbers (n,) and points (n, T, d) to values (n, T); what is not a number counts as -inf."""

SPACING = (0.001, 0.01)
"""Spacing of the stencil, where parameters matter on a scale of 1: as the trust radius, within this range."""
RADIUS = 0.5
"""First and largest trust radius."""
TRIALS = np.array([0.2, 1.0, 3.0])
"""Trust radii that are tried at once, as multiples of the current one."""
GAIN = 1e-11
"""A climb goes on while a round gains more than this share of the value, or moves beyond the stencil."""
ROUNDS = 100
"""No climb is longer."""


@dataclass(frozen=True)
class Maxima:
    """The highest point found of each problem.

    Attributes
    ----------
    points : ndarray, shape (B, d)
    values : ndarray, shape (B,)
    evaluations : int
        Points at which the objective was evaluated, all problems together.
    """

    points: Floats
    values: Floats
    evaluations: int


def maximise(objective: Objective, low: ArrayLike, high: ArrayLike, starts: Floats) -> Maxima:
    """Maximise B functions over one box, each from several starts.

    The course of one problem depends on no other problem in the batch.

    Parameters
    ----------
    objective : callable
        Takes the numbers of the problems asked for, shape (n,), and points of shape (n, T, d), and returns
        values of shape (n, T). A problem occurs once for each of its starts.
    low, high : array_like, shape (d,)
        The box, at least two spacings of the stencil wide, in parameters that matter on a scale of 1.
    starts : ndarray, shape (B, S, d)
        Points within the box.

    Returns
    -------
    Maxima
        The best of each problem's starts.

    Notes
    -----
    Trust-region Newton with finite differences: J. Nocedal, S. Wright, Numerical Optimization (2006),
    chapters 4 and 8; negative curvature by absolute eigenvalues as in Dauphin et al., NeurIPS 27 (2014).

    Examples
    --------
    >>> centres = np.array([[0.2, 0.7], [0.5, 2.0]])
    >>> def bowls(rows, points):
    ...     return -((points - centres[rows, None]) ** 2).sum(axis=-1)
    >>> maximise(bowls, [0, 0], [1, 1], np.full((2, 1, 2), 0.5)).points.round(6).tolist()
    [[0.2, 0.7], [0.5, 1.0]]
    """
    problems, climbs, size = starts.shape
    low, high = np.asarray(low, float), np.asarray(high, float)
    rows = np.repeat(np.arange(problems), climbs)
    best = starts.reshape(-1, size).astype(float)
    value = _values(objective, rows, best[:, None])[:, 0]
    radius = np.full(len(rows), RADIUS)
    evaluations = len(rows)
    climbing = np.arange(len(rows))
    for _ in range(ROUNDS):
        if not climbing.size:
            break
        x, top, reach = best[climbing], value[climbing], radius[climbing]
        spacing = np.clip(reach, *SPACING)
        stencil = _stencil(x, spacing, low, high)
        seen = _values(objective, rows[climbing], stencil)
        slope, curvature = _derivatives(x, stencil, seen, spacing)
        trials = _trials(x, slope, curvature, np.minimum(reach[:, None] * TRIALS, RADIUS), low, high)
        tried = _values(objective, rows[climbing], trials)
        evaluations += seen.size + tried.size

        points, found = np.concatenate([trials, stencil], axis=1), np.concatenate([tried, seen], axis=1)
        pick = found.argmax(axis=1)[:, None]
        reached = np.take_along_axis(found, pick, axis=1)[:, 0]
        there = np.take_along_axis(points, pick[..., None], axis=1)[:, 0]
        better = reached > top
        moved = np.abs(there - x).max(axis=1)
        reach = np.where(better, np.minimum(TRIALS[-1] * moved, RADIUS), TRIALS[0] * reach)
        best[climbing] = np.where(better[:, None], there, x)
        value[climbing] = np.where(better, reached, top)
        radius[climbing] = reach
        with np.errstate(invalid="ignore"):
            gained = reached - top > GAIN * np.abs(top)
        climbing = climbing[gained | (reach >= SPACING[0])]
    highest = value.reshape(problems, climbs).argmax(axis=1) + np.arange(problems) * climbs
    return Maxima(best[highest], value[highest], evaluations)


def _values(objective: Objective, rows: Whole, points: Floats) -> Floats:
    values = objective(rows, points)
    return np.where(np.isnan(values), -np.inf, values)


def _stencil(x: Floats, spacing: Floats, low: Floats, high: Floats) -> Floats:
    """Return (n, 1 + 2 d + d (d - 1) / 2, d) points in the box: a centre, one step along each axis, or two.

    The centre is x, or where x is near a wall a point one step away from it.
    """
    step = spacing[:, None]
    centre = np.clip(x, low + step, high - step)
    unit = np.eye(x.shape[-1])
    first, second = np.triu_indices(len(unit), 1)
    offsets = np.concatenate([0 * unit[:1], unit, -unit, unit[first] + unit[second]])
    points: Floats = np.clip(centre[:, None] + step[..., None] * offsets, low, high)
    return points


def _derivatives(x: Floats, stencil: Floats, seen: Floats, spacing: Floats) -> tuple[Floats, Floats]:
    """Return slope (n, d) and curvature (n, d, d) at x of the quadratic through the stencil, or 0."""
    size = x.shape[-1]
    centre, up, down, two = np.split(seen, [1, 1 + size, 1 + 2 * size], axis=1)
    first, second = np.triu_indices(size, 1)
    both = np.arange(size)
    step = spacing[:, None]
    curvature = np.zeros((len(x), size, size))
    with np.errstate(invalid="ignore"):
        cross = (two - up[:, first] - up[:, second] + centre) / step**2
        curvature[:, first, second] = curvature[:, second, first] = cross
        curvature[:, both, both] = (up - 2 * centre + down) / step**2
        slope = (up - down) / (2 * step) + np.einsum("nij,nj->ni", curvature, x - stencil[:, 0])
    usable = np.isfinite(seen.sum(axis=1))
    return np.where(usable[:, None], slope, 0.0), np.where(usable[:, None, None], curvature, 0.0)


def _trials(x: Floats, slope: Floats, curvature: Floats, radii: Floats, low: Floats, high: Floats) -> Floats:
    """Return (n, R, d) points in the box: the best of the quadratic within each trust radius (n, R)."""
    # A coordinate that pushes against the wall of the box stays there.
    held = np.where(slope < 0, x <= low, x >= high)
    slope = np.where(held, 0.0, slope)
    curvature = np.where(held[:, :, None] | held[:, None, :], 0.0, curvature)
    bend, axes = np.linalg.eigh(curvature)
    along = np.einsum("nji,nj->ni", axes, slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        full = np.where(along == 0.0, 0.0, along / np.abs(bend))
    lengths = np.clip(full[:, None], -radii[..., None], radii[..., None])
    steps = np.where(held[:, None], 0.0, np.einsum("nij,nrj->nri", axes, lengths))
    trials: Floats = np.clip(x[:, None] + steps, low, high)
    return trials


def spread_starts(values: Floats, candidates: Floats, apart: float, count: int) -> Floats:
    """Choose for each problem the best candidates that lie apart from each other.

    Parameters
    ----------
    values : ndarray, shape (B, N)
        Of each problem at each candidate.
    candidates : ndarray, shape (N, d)
    apart : float
        Two chosen candidates differ by this much along one axis at least.
    count : int
        How many to choose.

    Returns
    -------
    ndarray, shape (B, count, d)

    Examples
    --------
    >>> points = np.array([[0.1], [0.2], [0.9]])
    >>> spread_starts(np.array([[3.0, 2.0, 1.0]]), points, 0.5, 2).ravel().tolist()
    [0.1, 0.9]
    """
    left = values.copy()
    chosen = np.empty((len(values), count), np.int64)
    for i in range(count):
        chosen[:, i] = left.argmax(axis=1)
        near = (np.abs(candidates - candidates[chosen[:, i], None]) < apart).all(axis=-1)
        left[near] = -np.inf
    return candidates[chosen]
