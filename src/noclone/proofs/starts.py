"""A first interior point: the state that misses equations least, until one that meets them is in reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.proofs.newton import EDGE, Frame, Point, Space, central_path
from noclone.proofs.reduced import Reduced

Array = NDArray[Any]
Floats = NDArray[np.float64]

MIXED = 1e-3
"""Share of the identity that is mixed into a modelled state."""
TOLERATED = 1e-9
"""A least miss below this is put down to rounding of the observations."""
THINNEST = 1e-14
"""Barrier at which the search for an interior ends: below rounding there is none."""


def interior(reduced: Reduced, start: Array | None = None) -> Point:
    """Return a point in the interior that meets the equations.

    Where the interior is thinner than rounding, or empty by no more than that, the point misses the equations
    by about as little as possible.

    Parameters
    ----------
    reduced : Reduced
    start : ndarray, shape (n, n), optional
        A positive operator of the original space to begin with.

    Raises
    ------
    InvalidInput
        If no positive blocks and scalars meet the equations; it says by how much every choice misses.

    Notes
    -----
    Minimises t where no equation is missed by more than t, which has an interior from any start, and stops as
    soon as the shortest step that meets all equations stays inside.

    Examples
    --------
    >>> trace = Reduced((2,), True, 0, np.array([[1.0, 1.0, 0.0]]), np.array([-1.0]), (), ())
    >>> interior(trace)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: observations contradict each other: no state gives them all, and every \
state misses one by at least 0.994 times the norm of its operator.
    """
    space = Space(reduced)
    point = guess(space, start)
    if (found := _within_reach(space, point)) is not None:
        return found
    relaxed, wide = _relaxed(space, point)
    prices = np.zeros(relaxed.scalars)
    prices[reduced.scalars] = 1.0
    whole = Space(relaxed)
    nothing = tuple(np.zeros((d, d)) for d in reduced.sizes)
    for stage in central_path(whole.linear(nothing, prices), relaxed, wide, THINNEST):
        point = Point(stage.point.roots, stage.point.scalars[: reduced.scalars])
        if (found := _within_reach(space, point)) is not None:
            return found
        if stage.decrement < 1:
            # The dual point that belongs to Newton's step is feasible, at this distance.
            least = stage.value - stage.barrier * (whole.order + stage.decrement * whole.order**0.5)
            if least > max(0.99 * stage.value, TOLERATED):
                raise InvalidInput(
                    "observations",
                    "contradict each other: no state gives them all, and every state misses one by at least "
                    f"{_rounded_down(least)} times the norm of its operator",
                )
    return point


def guess(space: Space, start: Array | None) -> Point:
    """Return an interior point that need not meet the equations: the identity, mixed into a given state.

    Raises
    ------
    InvalidInput
        If the given state has another size than the problem.
    """
    reduced = space.reduced
    flat = reduced.equations[:, : space.ends[-1]] @ space.identity[: space.ends[-1]]
    level = max(float(flat @ reduced.values) / max(float(flat @ flat), 1e-300), MIXED)
    blocks: list[Array] = [level * np.eye(d) for d in reduced.sizes]
    if start is not None:
        size = reduced.lifts[0].shape[1]
        if np.shape(start) != (size, size) or not np.isfinite(start).all():
            raise InvalidInput(
                "start",
                f"must be a finite {size} x {size} matrix, but has shape {np.shape(start)}",
            )
        for b, lifts in enumerate(reduced.lifts):
            lengths = [float(np.linalg.norm(one)) ** 2 / one.shape[1] for one in lifts]
            part = sum(one.conj().T @ start @ one for one in lifts) / sum(each**2 for each in lengths)
            part = (part + part.conj().T) / 2
            blocks[b] = (1 - MIXED) * (part.real if reduced.real else part) + MIXED * blocks[b]
    point = Point(tuple(_root(block, level * MIXED / 2) for block in blocks), np.zeros(reduced.scalars))
    if not reduced.scalars:
        return point
    fitted = np.linalg.lstsq(space.columns, space.missed(point), rcond=None)[0]
    return Point(point.roots, np.maximum(fitted, MIXED))


def _root(block: Array, least: float) -> Array:
    """Return the Cholesky factor of a block whose eigenvalues are raised to at least this."""
    levels, vectors = np.linalg.eigh(block)
    raised: Array = (vectors * np.maximum(levels, least)) @ vectors.conj().T
    return np.linalg.cholesky(raised)


def _within_reach(space: Space, point: Point) -> Point | None:
    """Return the nearest point that meets the equations, None where it is outside or at the very edge."""
    frame = Frame(space, point)
    step = frame.step(np.zeros(len(space.identity) - frame.count))
    return space.moved(point, step) if space.room(step) > -EDGE else None


def _relaxed(space: Space, point: Point) -> tuple[Reduced, Point]:
    """Return the problem in which no equation is missed by more than t, and a point of it.

    The scalars t, p = t + miss and q = t - miss are added.
    """
    reduced, wrong = space.reduced, space.missed(point)
    count, width = reduced.equations.shape
    half, column = np.eye(count) / 2, np.ones((count, 1))
    equations = [
        [reduced.equations, 0 * column, half, -half],
        [np.zeros((count, width)), -column, half, half],
    ]
    most = 2 * float(np.abs(wrong).max())
    relaxed = replace(
        reduced,
        scalars=reduced.scalars + 1 + 2 * count,
        equations=np.block(equations),
        values=np.concatenate([reduced.values, np.zeros(count)]),
    )
    return relaxed, Point(point.roots, np.concatenate([point.scalars, [most], most + wrong, most - wrong]))


def _rounded_down(number: float) -> str:
    """Return a number's three leading digits, so that "at least" stays true."""
    digit = 10.0 ** (np.floor(np.log10(number)) - 2)
    return f"{np.floor(number / digit) * digit:.3g}"
