r"""The best scores for an expected behaviour: the channel and the frequencies that leave Eve most.

The least entropy that the theorem behind `score` allows for frequencies q near the expected ones is

.. math:: \min_{q, X} \frac{\alpha}{\alpha - 1} \sum_c q_c \ln \frac{q_c}{p_c(X)},

convex in both, and its slope in q gives the scores. The least over q in a 1-norm ball around the expected
frequencies has a closed form. X follows the central path of `newton`, with the exact slope and, for the key
rounds, the curvature of the von Neumann entropy, which differs by a share of about alpha - 1. None of it is
trusted: whatever comes out is bounded anew by `score.certified`, in floating-point arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from noclone.proofs.finite.rounds import Floats, Rounds, numbers
from noclone.proofs.finite.score import SLOPE_ROUNDING, Score, certified
from noclone.proofs.hessian import Entropies
from noclone.proofs.newton import EDGE, Frame, Point, Space, central_path
from noclone.proofs.problem import Array
from noclone.proofs.reduced import Reduced, svec
from noclone.proofs.reduction.blocks import connected
from noclone.proofs.reduction.independent import equations
from noclone.proofs.reduction.real import conjugated
from noclone.proofs.reduction.symmetry import twirled
from noclone.proofs.reduction.terms import compressed
from noclone.proofs.starts import interior

FLOOR = 1e-9
"""No event's score lies further below the others than if it were seen this share as often as allowed."""
POLISHED = 40
"""Steps at the last barrier, at most."""


def best_score(
    found: Rounds,
    expected: Floats,
    alpha: float,
    radius: float = 0.0,
    barrier: float = 1e-9,
) -> Score:
    """Return scores, nearly the best for what is expected, with a constant that holds.

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
        It is raised for orders so near 1 that rounding matters more.
    """
    a = alpha / (alpha - 1)
    reduced = _reduced(found, expected)

    def objective(point: Point) -> _Near:
        values, gradients = numbers(found, reduced.lift(list(point.blocks)), alpha)
        return _Near(reduced, point, a, values, gradients, expected, radius)

    # Less would be lost in what the bound adds for rounding.
    barrier = max(barrier, 3 * SLOPE_ROUNDING * a)
    *_, end = central_path(objective, reduced, interior(reduced), barrier)
    point = reduced.lift(list(_polished(objective, Space(reduced), end.point, end.barrier).blocks))
    values, _ = numbers(found, point, alpha)
    ratios = nearest(values, expected, radius) / values
    scores = a * np.log(np.maximum(ratios, FLOOR * ratios.max()))
    return certified(found, alpha, scores, point, end.barrier / a)


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


@dataclass(frozen=True, eq=False)
class _Near:
    """The objective a sum_c q_c ln(q_c / p_c) near a point, in the coordinates of a step from it."""

    reduced: Reduced
    point: Point
    factor: float
    values: Floats
    gradients: Array
    expected: Floats
    radius: float

    @cached_property
    def nearest(self) -> Floats:
        """The best q."""
        return nearest(self.values, self.expected, self.radius)

    @property
    def value(self) -> float:
        """The objective."""
        q = self.nearest
        return self.factor * float(q @ np.log(np.where(q > 0, q, 1.0) / self.values))

    @property
    def slope(self) -> Floats:
        """Its derivatives; those of q do not enter, as q is the best."""
        found: Floats = -self.factor * (self.nearest / self.values) @ self.slopes
        return found

    def curvature(self) -> Floats:
        """Return its second derivatives, nearly."""
        entropies = Entropies.at(self.reduced, self.point.roots).curvature()
        moved = np.sign(self.nearest - self.expected)
        # Events that the ball brings to a common ratio count as one, and all do where it holds p itself.
        labels = np.where(moved == 0, np.arange(len(moved)), moved - 2)
        ratios = self.nearest / self.values
        if np.ptp(ratios) <= 1e-12 * ratios.max():
            labels = np.zeros(len(moved))
        groups = (np.unique(labels)[:, None] == labels).astype(float)
        slopes = groups @ self.slopes
        weights = self.factor * (groups @ self.nearest) / (groups @ self.values) ** 2
        found: Floats = self.nearest[-1] / self.values[-1] * entropies + (slopes.T * weights) @ slopes
        return found

    @cached_property
    def slopes(self) -> Floats:
        """The derivatives of every number, shape (k + 1, N)."""
        parts = []
        for lifts, root in zip(self.reduced.lifts, self.point.roots, strict=True):
            inside = sum(one.conj().T @ self.gradients @ one for one in lifts)
            parts.append(svec(root.conj().T @ inside @ root, self.reduced.real))
        return np.concatenate(parts, axis=1)


def _polished(objective: Callable[[Point], _Near], space: Space, point: Point, barrier: float) -> Point:
    """Return the point from which Newton steps at one barrier leave no smaller slope.

    The path ends near its minimum by the measure of the curvature; what a bound loses is the slope itself.
    """
    best, least = point, np.inf
    for _ in range(POLISHED):
        near, frame = objective(point), Frame(space, point)
        turned = frame.turned(np.column_stack([near.slope, space.identity]))[frame.count :]
        pull = barrier * turned[:, 1] - turned[:, 0]
        left = float(np.linalg.norm(pull))
        if not left < least:
            break
        best, least = point, left
        hessian = frame.turned(frame.turned(near.curvature()).T)[frame.count :, frame.count :]
        levels, vectors = np.linalg.eigh(hessian + barrier * np.eye(len(pull)))
        step = frame.step(vectors / np.maximum(levels, barrier) @ (vectors.T @ pull))
        if space.room(step) <= -EDGE:
            break
        point = space.moved(point, step)
    return best


def _reduced(found: Rounds, expected: Floats) -> Reduced:
    """Return what holds of every channel, in blocks and real where all that is disclosed allows it."""
    certain, seen = found.certain, len(found.tests) + 1
    # As a ball, so that symmetries must exchange the events and not merely what follows from them.
    values = np.concatenate([certain.low, expected[:-1], [0.0]])
    task = replace(
        certain,
        names=(*certain.names, *map(str, found.events), "rest"),
        operators=np.concatenate([certain.operators, found.tests, found.rest[None]]),
        low=values,
        high=values,
        observed=seen,
        radius=1.0,
    )
    form = connected(twirled(task, found.symmetries))
    averaged = conjugated(form)
    real = averaged is not None
    form = averaged or form
    kept = np.flatnonzero(form.exact)
    form = replace(
        form,
        operators=tuple(part[kept] for part in form.operators),
        names=tuple(form.names[i] for i in kept),
        low=form.low[kept],
        high=form.high[kept],
        loose=form.loose[kept],
        radius=0.0,
        lengths=form.lengths[kept],
    )
    table, totals, scalars = equations(form, real)
    bases = tuple(basis[None] for basis in form.bases)
    return Reduced(form.sizes, real, scalars, table, totals, compressed(form, real), bases)
