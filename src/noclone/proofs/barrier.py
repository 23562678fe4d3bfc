"""The solver: the least of a problem's objective over all states that its equations allow.

It proves nothing: a certificate bounds the objective from whatever point it returns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from noclone.core.errors import InvalidInput
from noclone.core.progress import Progress, silent
from noclone.proofs.hessian import Entropies
from noclone.proofs.newton import Objective, Point, Space, central_path
from noclone.proofs.reduced import Reduced
from noclone.proofs.starts import interior

Array = NDArray[Any]

EXACT = 1e-12
"""Equations that are missed by less are met."""
THREADED = 1000
"""Number of coordinates from which more than one thread pays; below, threads wait for each other."""


@dataclass(frozen=True, eq=False)
class Solution:
    """Where the solver ended.

    Attributes
    ----------
    point : ndarray, shape (n, n)
        The operator in the original space.
    blocks : tuple of ndarray, shape (d_b, d_b)
        The same, reduced.
    value : float
        The objective there, in nats where it is an entropy.
    barrier : float
        The weight of the barrier that was reached.
    steps : int
        Newton steps, those to the first interior point not counted.
    converged : bool
        Whether the point meets the equations and is the barrier's minimum; a bound follows from it anyway.
    """

    point: Array
    blocks: tuple[Array, ...]
    value: float
    barrier: float
    steps: int
    converged: bool


def minimise(
    reduced: Reduced, start: Array | None = None, barrier: float = 1e-9, progress: Progress = silent
) -> Solution:
    """Return the least of the sum of weight tr Y log Y over the reduced problem's terms, in nats.

    Parameters
    ----------
    reduced : Reduced
        The sum of its terms is convex.
    start : ndarray, shape (n, n), optional
        An operator of the original space near the feasible ones: the modelled state, or the solution at a
        neighbouring point. It need be neither feasible nor of full rank.
    barrier : float
        Weight mu of the logarithmic barrier at the end; the value is above the minimum by mu times the number
        of eigenvalues and scalars.
    progress : callable
        Told of the share of the way that is done.

    Raises
    ------
    InvalidInput
        If `barrier` is not positive, `start` has a wrong shape, or no state fulfils the equations (then with
        the least miss of any state).

    Notes
    -----
    A barrier method with exact Hessians (see `hessian`, `newton` and `starts`).

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.proofs.reduction import reduce
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> seen = Observations.of_channel(bb84, depolarising(0.1))
    >>> found = minimise(reduce(problem(bb84, seen)))
    >>> found.converged, round(found.value / float(np.log(2)), 6)
    (True, 0.356802)
    """

    def objective(point: Point) -> Entropies:
        return Entropies.at(reduced, point.roots)

    return _minimised(objective, reduced, start, barrier, progress)


def minimise_linear(
    reduced: Reduced, costs: tuple[Array, ...], start: Array | None = None, barrier: float = 1e-9
) -> Solution:
    """Return the least of sum_b tr(costs[b] X_b) under the reduced problem's equations.

    Parameters
    ----------
    reduced : Reduced
        Its terms are not used.
    costs : tuple of ndarray, shape (d_b, d_b)
        Hermitian.
    start, barrier
        See `minimise`.

    Raises
    ------
    InvalidInput
        See `minimise`.

    Examples
    --------
    The least eigenvalue of a matrix:

    >>> trace = Reduced((2,), True, 0, np.array([[1.0, 1.0, 0]]), np.ones(1), (), (np.eye(2)[None],))
    >>> round(minimise_linear(trace, (np.array([[0, 1.0], [1, 0]]),)).value, 6)
    -1.0
    """
    objective = Space(reduced).linear(costs, np.zeros(reduced.scalars))
    return _minimised(objective, reduced, start, barrier, silent)


def _minimised(
    objective: Objective, reduced: Reduced, start: Array | None, barrier: float, progress: Progress
) -> Solution:
    if not (np.isfinite(barrier) and barrier > 0):
        raise InvalidInput("barrier", f"must be a positive number, but is {barrier}")
    with _pools().limit(limits=1 if reduced.equations.shape[1] < THREADED else None):
        return _followed(objective, reduced, interior(reduced, start), barrier, progress)


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()


def _followed(
    objective: Objective, reduced: Reduced, first: Point, barrier: float, progress: Progress
) -> Solution:
    missed = Space(reduced).missed(first)
    exact = float(np.abs(missed).max(initial=0.0)) < EXACT
    # Statistics that no interior meets are replaced by the nearest that one does.
    allowed = reduced if exact else replace(reduced, values=reduced.values - missed)
    highest = 0.0
    for stage in central_path(objective, allowed, first, barrier):
        highest = highest or max(stage.barrier, 2 * barrier)
        progress("solver", float(np.log(highest / stage.barrier) / np.log(highest / barrier)))
    blocks = stage.point.blocks
    return Solution(
        reduced.lift(list(blocks)), blocks, stage.value, stage.barrier, stage.steps, stage.last and exact
    )
