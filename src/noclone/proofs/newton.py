"""Newton's method on positive operators under linear equations, and the central path that it follows.

A step S takes X = L L^dagger to L (1 + S) L^dagger. In these coordinates the barrier's Hessian is a multiple
of the identity however near X is to the boundary, and the equations are eliminated in them too, by an
orthogonal factorisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular
from scipy.linalg.lapack import dgeqrf, dormqr

from noclone.proofs.reduced import Reduced, smat, svec

Array = NDArray[Any]
Floats = NDArray[np.float64]

CENTRED = 1.0
"""Newton decrement below which the method moves along the path, ..."""
ARRIVED = 0.05
"""... and below which it ends."""
AHEAD = 0.1
"""Share of the barrier that a move along the path keeps."""
EDGE = 0.9
"""Share of the way to the boundary that a step may go."""
STEPS = 300
"""Steps after which the method gives up."""


@dataclass(frozen=True, eq=False)
class Point:
    """An interior point: X_b = roots[b] roots[b]^dagger with lower triangular roots, and positive scalars."""

    roots: tuple[Array, ...]
    scalars: Floats

    @property
    def blocks(self) -> tuple[Array, ...]:
        """The operators X_b."""
        return tuple(root @ root.conj().T for root in self.roots)

    @property
    def barrier(self) -> float:
        """Minus the logarithms of the determinants and of the scalars."""
        logs = [2 * np.log(np.diag(root).real).sum() for root in self.roots]
        return -float(sum(logs) + np.log(self.scalars).sum())


class Local(Protocol):
    """A convex objective near a point, in the coordinates of a step from it."""

    @property
    def value(self) -> float:
        """Its value."""

    @property
    def slope(self) -> Floats:
        """Its derivatives, shape (N,)."""

    def curvature(self) -> Floats | None:
        """Return its second derivatives, shape (N, N); None where they vanish."""


Objective = Callable[[Point], Local]


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear objective near a point."""

    value: float
    slope: Floats

    def curvature(self) -> None:
        """Return None: there is none."""


@dataclass(frozen=True, eq=False)
class Stage:
    """A point on the way.

    Attributes
    ----------
    point : Point
    value : float
        The objective.
    barrier : float
        The weight mu of the barrier.
    decrement : float
        How far the point is from the minimum of objective / mu + barrier, in the metric of its Hessian.
    steps : int
    last : bool
        Whether the point is the end of the path.
    """

    point: Point
    value: float
    barrier: float
    decrement: float
    steps: int
    last: bool


class Space:
    """The blocks, scalars and equations of a problem, and steps between its points.

    Examples
    --------
    >>> trace = Reduced((2,), True, 0, np.array([[1.0, 1.0, 0.0]]), np.array([1.0]), (), ())
    >>> point = Point((np.diag([0.6, 0.7]),), np.zeros(0))
    >>> space = Space(trace)
    >>> space.missed(point).round(12).tolist(), space.room(np.array([-0.5, 0.5, 0.0]))
    ([0.15], -0.5)
    """

    def __init__(self, reduced: Reduced) -> None:
        self.reduced = reduced
        lengths = [d * (d + 1) // 2 if reduced.real else d * d for d in reduced.sizes]
        self.ends = np.cumsum(lengths)
        *blocks, self.columns = np.split(reduced.equations, self.ends, axis=1)
        self.rows = [smat(part, d, reduced.real) for part, d in zip(blocks, reduced.sizes, strict=True)]
        ones = [svec(np.eye(d), reduced.real) for d in reduced.sizes]
        self.identity = np.concatenate([*ones, np.ones(reduced.scalars)])
        self.order = sum(reduced.sizes) + reduced.scalars

    def missed(self, point: Point) -> Floats:
        """Return by how much each equation fails, shape (m,)."""
        parts = [svec(block, self.reduced.real) for block in point.blocks]
        met: Floats = self.reduced.equations @ np.concatenate([*parts, point.scalars])
        return self.reduced.values - met

    def room(self, step: Floats) -> float:
        """Return the least eigenvalue of a step; the boundary is where it is -1."""
        blocks, scalars = self._parts(step)
        return float(min([*(np.linalg.eigvalsh(block)[0] for block in blocks), *scalars]))

    def moved(self, point: Point, step: Floats) -> Point:
        """Return the point that a step leads to whose room is above -1."""
        blocks, scalars = self._parts(step)
        roots = [
            root @ np.linalg.cholesky(np.eye(len(block)) + block)
            for root, block in zip(point.roots, blocks, strict=True)
        ]
        return Point(tuple(roots), point.scalars * (1 + scalars))

    def linear(self, costs: tuple[Array, ...], prices: Floats) -> Objective:
        """Return the objective sum_b tr(costs[b] X_b) + prices . s."""

        def near(point: Point) -> Linear:
            turned = [root.conj().T @ cost @ root for root, cost in zip(point.roots, costs, strict=True)]
            value = sum(float(np.trace(each).real) for each in turned) + float(prices @ point.scalars)
            slope = [svec(each, self.reduced.real) for each in turned]
            return Linear(value, np.concatenate([*slope, prices * point.scalars]))

        return near

    def _parts(self, step: Floats) -> tuple[list[Array], Floats]:
        *blocks, scalars = np.split(step, self.ends)
        sizes = self.reduced.sizes
        return [smat(x, d, self.reduced.real) for x, d in zip(blocks, sizes, strict=True)], scalars


class Frame:
    """The equations at a point, factorised: a step is Q (what they fix, what they leave free)."""

    def __init__(self, space: Space, point: Point) -> None:
        parts = [
            svec(root.conj().T @ rows @ root, space.reduced.real)
            for root, rows in zip(point.roots, space.rows, strict=True)
        ]
        scaled = np.concatenate([*parts, space.columns * point.scalars], axis=1)
        lengths = np.linalg.norm(scaled, axis=1)
        lengths[lengths == 0] = 1.0
        self.count = len(lengths)
        self._packed, self._tau, _, _ = dgeqrf((scaled / lengths[:, None]).T)
        wrong = space.missed(point) / lengths
        self.fixed: Floats = solve_triangular(np.triu(self._packed[: self.count]), wrong, trans="T")
        """The fixed part of the steps after which the equations hold."""

    def turned(self, columns: Floats) -> Floats:
        """Return Q^T columns."""
        return self._apply("T", columns)

    def step(self, free: Floats) -> Floats:
        """Return the step with this free part after which the equations hold."""
        return self._apply("N", np.concatenate([self.fixed, free])[:, None])[:, 0]

    def _apply(self, side: str, columns: Floats) -> Floats:
        found: Floats = dormqr("L", side, self._packed, self._tau, columns, 64 * columns.shape[1])[0]
        return found


def central_path(objective: Objective, reduced: Reduced, point: Point, barrier: float) -> Iterator[Stage]:
    """Follow the minima of objective + mu barrier as mu falls to `barrier`, and yield every point.

    Parameters
    ----------
    objective : callable
        A point to the convex objective near it.
    reduced : Reduced
        Gives the blocks, the scalars and the equations; its terms are not used.
    point : Point
        Where to start; it fulfils the equations but for rounding.
    barrier : float
        At the end the objective is above its minimum by this times the number of eigenvalues.

    Notes
    -----
    Near the path, Newton's step for the present mu and the tangent of the path are taken together; elsewhere
    Newton's step alone, shortened until objective / mu + barrier falls. The first mu is the length of the
    objective's slope along the equations, so that a start near the optimum begins near the end.
    """
    space = Space(reduced)
    near = objective(point)
    mu = 0.0
    for steps in range(STEPS):
        frame = Frame(space, point)
        turned = frame.turned(np.column_stack([near.slope, space.identity]))
        mu = mu or max(barrier, float(np.linalg.norm(turned[frame.count :, 0])))
        centring, tangent, decrement = _directions(frame, near.curvature(), turned, mu)
        last = mu <= barrier and decrement < ARRIVED
        yield Stage(point, near.value, mu, decrement, steps, last)
        if last:
            return
        if mu > barrier and decrement < CENTRED:
            share = max(AHEAD, barrier / mu)
            step = frame.step(centring + (1 - share) * tangent)
            length = _longest(space.room(step))
            point = space.moved(point, length * step)
            near = objective(point)
            mu = max(barrier, mu * (1 - length * (1 - share)))
            continue
        step = frame.step(centring)
        length = _longest(space.room(step))
        height = near.value / mu + point.barrier
        rounding = 1e-15 * (abs(near.value) / mu + abs(point.barrier))
        while True:
            trial = space.moved(point, length * step)
            there = objective(trial)
            fall = height - there.value / mu - trial.barrier
            if fall >= 1e-4 * length * decrement**2 - rounding:
                break
            length /= 2
            if length < 1e-6:
                return
        point, near = trial, there


def _directions(
    frame: Frame, curvature: Floats | None, turned: Floats, mu: float
) -> tuple[Floats, Floats, float]:
    """Return the free parts of Newton's step and of the tangent as mu falls to 0, and Newton's decrement."""
    slope, ones = turned[frame.count :].T
    pull = mu * ones - slope
    if curvature is None:
        return pull / mu, -ones, float(np.linalg.norm(pull)) / mu
    hessian = frame.turned(frame.turned(curvature).T)[frame.count :]
    pull = pull - hessian[:, : frame.count] @ frame.fixed
    matrix = hessian[:, frame.count :] + mu * np.eye(len(pull))
    both = np.column_stack([pull, -mu * ones])
    try:
        centring, tangent = cho_solve(cho_factor(matrix, lower=True), both).T
    except LinAlgError:
        # Rounding made it indefinite; no eigenvalue is below mu.
        levels, vectors = np.linalg.eigh(matrix)
        centring, tangent = (vectors / np.maximum(levels, mu) @ (vectors.T @ both)).T
    return centring, tangent, float(np.sqrt(max(pull @ centring, 0.0) / mu))


def _longest(room: float) -> float:
    """Return what share of a step with this room may be taken."""
    return min(1.0, EDGE / -room) if room < 0 else 1.0
