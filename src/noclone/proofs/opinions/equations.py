"""The constraints of a proof's optimisation as independent equations, as conic solvers want them.

This and nothing else is done to a problem before another solver sees it, so that a second opinion on a bound
is one on the reduction behind it, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from noclone.proofs.problem import Problem
from noclone.proofs.reduced import svec

Floats = NDArray[np.float64]

INDEPENDENT = 1e-10
"""An equation counts as new where it differs by this much, in length, from combinations of others."""


@dataclass(frozen=True, eq=False)
class Equations:
    """table @ (svec X, slacks) = values, with nonnegative slacks.

    Attributes
    ----------
    table : ndarray, shape (m, N + slacks)
    values : ndarray, shape (m,)
    coordinates : int
        N, of X.
    constraints : ndarray, shape (m,)
        Which constraint of the problem each equation is; numbers beyond the last one are of slacks alone.
    real : bool
        Whether X is real symmetric.
    """

    table: Floats
    values: Floats
    coordinates: int
    constraints: NDArray[np.intp]
    real: bool

    @property
    def slacks(self) -> int:
        """How many unknowns there are besides X."""
        return int(self.table.shape[1]) - self.coordinates

    def multipliers(self, task: Problem, own: Floats) -> Floats:
        """Return a solver's multipliers of the equations as those of the problem's constraints."""
        found = np.zeros(len(task.operators))
        from_task = self.constraints < len(found)
        found[self.constraints[from_task]] = own[from_task]
        return found


def equations(task: Problem) -> Equations:
    """Return the constraints as equations.

    A range becomes low = <operator, X> - s with s + t = high - low; within a 1-norm ball the seen values are
    besides off by p - q, where the sum of all p and q and one more slack is the radius.

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> found = equations(problem(bb84, Observations.of_channel(bb84, depolarising(0.1))))
    >>> found.table.shape, found.slacks
    ((9, 10), 0)
    """
    real = is_real(task)
    vectors = svec(task.operators, real)
    count, coordinates = vectors.shape
    ranged = np.flatnonzero(task.high > task.low)
    loose = np.arange(count - task.observed, count) if task.radius else np.arange(0)
    widths = np.array([len(ranged), len(ranged), len(loose), len(loose), bool(len(loose))])
    s, t, p, q, rest = np.split(coordinates + np.arange(widths.sum()), np.cumsum(widths)[:-1])
    table = np.zeros((count + len(ranged) + len(rest), coordinates + widths.sum()))
    table[:count, :coordinates] = vectors
    table[ranged, s] = -1
    table[loose, p] = -1
    table[loose, q] = 1
    width_rows = count + np.arange(len(ranged))
    table[width_rows, s] = table[width_rows, t] = 1
    if len(rest):
        table[-1, np.concatenate((p, q, rest))] = 1
    values = np.concatenate((task.low, (task.high - task.low)[ranged], np.full(len(rest), task.radius)))
    lengths = np.linalg.norm(table, axis=1)
    lengths[lengths == 0] = 1
    triangle, order = qr((table / lengths[:, None]).T, mode="r", pivoting=True)
    rank = int(np.sum(np.abs(np.diag(triangle)) > INDEPENDENT))
    kept = np.sort(order[:rank])
    return Equations(table[kept], values[kept], coordinates, kept, real)


def is_real(task: Problem) -> bool:
    """Return whether the complex conjugate of every allowed operator is allowed and worth the same.

    Then so is their mean, which is real. Operators that are imaginary have the mean 0 in every real one.

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> is_real(problem(bb84_declaration(0.5), Observations(())))
    True
    """
    imaginary = ~np.any(task.operators.real, axis=(1, 2))
    fixed = np.where(imaginary, (task.low == 0) & (task.high == 0), ~np.any(task.operators.imag, axis=(1, 2)))
    return bool(fixed.all()) and not any(np.any(each.imag) for group in task.key for each in group)
