r"""The best scores for an expected behaviour: the channel and the frequencies that leave Eve most.

The least entropy that the theorem behind `score` allows for frequencies q near the expected ones is

.. math:: \min_{q, X} \frac{\alpha}{\alpha - 1} \sum_c q_c \ln \frac{q_c}{p_c(X)},

convex in both, and its slope in q gives the scores. The least over q in a 1-norm ball around the expected
frequencies has a closed form; Newton steps with a logarithmic barrier find X. Neither is trusted: whatever
comes out is certified by `score.certified`.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import null_space
from scipy.sparse.csgraph import connected_components

from noclone.proofs.finite.rounds import Floats, Rounds, numbers
from noclone.proofs.finite.score import Score, certified
from noclone.proofs.problem import Array
from noclone.proofs.reduced import smat, svec

FLOOR = 1e-9
"""No event's score lies further below the others than if it were seen this share as often as allowed."""
NOISE = 1e-15
"""Rounding of the objective, times alpha / (alpha - 1), that a step may climb."""
PROBE = 1e-4
"""Relative step for the second derivatives."""


def best_score(
    found: Rounds,
    expected: Floats,
    alpha: float,
    radius: float = 0.0,
    barrier: float = 1e-9,
) -> Score:
    """Return certified scores that are nearly the best for what is expected.

    Parameters
    ----------
    found : Rounds
    expected : ndarray, shape (k + 1,)
        Expected frequency of each disclosed event, and of "key" last; they sum to 1.
    alpha : float
        Order in (1, 2].
    radius : float
        How far (1-norm) the frequencies may lie from those expected where the key's length is fixed.
    barrier : float
        Weight of the logarithmic barrier at the end; the bound lies about n times this below the optimum.
    """
    a = alpha / (alpha - 1)
    point = (np.eye(found.certain.size) / np.trace(found.certain.unit).real).astype(complex)
    weight = 1e-2
    while True:
        point = _centre(found, expected, alpha, radius, point, weight)
        if weight <= barrier:
            break
        weight = max(weight / 30, barrier)
    values, _ = numbers(found, point, alpha)
    ratios = nearest(values, expected, radius) / values
    scores = a * np.log(np.maximum(ratios, FLOOR * ratios.max()))
    return certified(found, alpha, scores, point, weight / a)


def nearest(values: Floats, expected: Floats, radius: float) -> Floats:
    """Return the distribution q within a 1-norm ball that has the least relative entropy to given numbers.

    Parameters
    ----------
    values : ndarray, shape (k,)
        Positive; they need not sum to 1.
    expected : ndarray, shape (k,)
        A distribution, the centre of the ball.
    radius : float

    Notes
    -----
    Raising the events that are rarest relative to `values` to a common ratio, and lowering the most frequent
    ones to another, each by half the radius, satisfies the conditions of optimality.

    Examples
    --------
    >>> q = nearest(np.array([0.5, 0.3, 0.2]), np.array([0.8, 0.1, 0.1]), 0.2)
    >>> q.round(9).tolist()
    [0.7, 0.18, 0.12]
    >>> nearest(np.array([0.5, 0.3, 0.2]), np.array([0.8, 0.1, 0.1]), 2.0).tolist()
    [0.5, 0.3, 0.2]
    """
    if not radius:
        return expected
    order = np.argsort(expected / values)
    low = _level(values[order], expected[order], radius / 2)
    high = _level(values[order[::-1]], expected[order[::-1]], -radius / 2)
    if low >= high:
        return values / float(values.sum())
    found: Floats = np.minimum(np.maximum(expected, low * values), high * values)
    return found


def _level(values: Floats, expected: Floats, moved: float) -> float:
    """Return the ratio to which the first events are brought by moving that much to (or from) them."""
    levels = (np.cumsum(expected) + moved) / np.cumsum(values)
    return float(levels.min() if moved > 0 else levels.max())


def _centre(
    found: Rounds, expected: Floats, alpha: float, radius: float, point: Array, weight: float
) -> Array:
    """Return the minimiser with the barrier, from a feasible positive definite point."""
    pattern, real = _pattern(found)
    a = alpha / (alpha - 1)

    def slope(x: Array) -> tuple[float, Array]:
        values, gradients = numbers(found, x, alpha)
        q = nearest(values, expected, radius)
        parts = np.where(q > 0, q * np.log(np.where(q > 0, q, 1.0) / values), 0.0)
        return a * float(parts.sum()), -a * np.tensordot(q / values, gradients, 1)

    point = np.where(pattern, point.real if real else point, 0)
    size = len(point)
    coordinates = svec(pattern + (0 if real else 1j * np.triu(pattern, 1)), real) != 0
    for _ in range(40):
        levels, vectors = np.linalg.eigh(point)
        root = (vectors * np.sqrt(levels)) @ vectors.conj().T
        height, gradient = slope(point)
        rows = svec(root @ found.certain.operators @ root, real)[:, coordinates]
        kernel = null_space(rows, rcond=1e-10)
        free = np.zeros((len(coordinates), kernel.shape[1]))
        free[coordinates] = kernel
        directions = smat(free.T, size, real)
        first = free.T @ svec(root @ gradient @ root - weight * np.eye(size), real)
        second = weight * np.eye(len(first))
        for j, direction in enumerate(directions):
            step = PROBE * root @ direction @ root
            change = (slope(point + step)[1] - slope(point - step)[1]) / (2 * PROBE)
            second[:, j] += free.T @ svec(root @ change @ root, real)
        second = (second + second.T) / 2
        heights, axes = np.linalg.eigh(second)
        moves = -axes @ ((axes.T @ first) / np.maximum(heights, weight))
        decrement = float(-first @ moves)
        # The bound's loss grows with the gradient that is left, about the square root of this.
        if decrement < 1e-2 * weight**2:
            break
        change = smat(free @ moves, size, real)
        lowest = float(np.linalg.eigvalsh(change)[0])
        length = min(1.0, 0.9 / max(-lowest, 1e-300))
        while length > 1e-8:
            moved = point + length * root @ change @ root
            total = slope(moved)[0] - weight * float(np.linalg.slogdet(np.eye(size) + length * change)[1])
            if total <= height - 0.1 * length * decrement + NOISE * a:
                break
            length /= 2
        else:
            break
        point = (moved + moved.conj().T) / 2
    return point


def _pattern(found: Rounds) -> tuple[Array, bool]:
    """Return which entries of X can matter, and whether X may be real."""
    maps = [(rows @ group.rows) for group in found.groups for rows in group.symbols]
    used = np.concatenate([found.tests, [found.rest], [each.conj().T @ each for each in maps]])
    links = np.abs(np.concatenate([used, found.certain.operators])).max(axis=0) > 1e-12
    _, labels = connected_components(links, directed=False)
    return labels[:, None] == labels[None, :], bool(np.abs(used.imag).max() < 1e-12)
