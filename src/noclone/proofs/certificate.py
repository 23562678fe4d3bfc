"""A lower bound from any point near the optimum, which anyone can check without the solver.

The gradient at a positive definite X0 minus a combination of the constraints, shifted until it is positive,
bounds the objective at every feasible operator (see `problem`). The combination is the weighted least-squares
fit to the stationarity of the barrier method's central path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from noclone.proofs.multipliers import cheapest_multipliers
from noclone.proofs.objective import gradient
from noclone.proofs.problem import Problem
from noclone.proofs.reduced import svec

Array = NDArray[Any]
Floats = NDArray[np.float64]

ROUNDING = 2.0**-52
"""Of the sum of operators, by the unit of each multiplier; taken off the shift."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """A bound and what it follows from; in nats.

    Attributes
    ----------
    point : ndarray, shape (n, n)
        X0, positive definite; it need not be feasible.
    multipliers : ndarray, shape (m,)
        y, one for each constraint.
    shift : float
        lambda, the least eigenvalue of gradient - sum of y_i operators_i with respect to W.
    bound : float
        Least sum of y_i g_i over the allowed values, plus lambda.
    """

    point: Array
    multipliers: Floats
    shift: float
    bound: float


def certify(task: Problem, point: Array, barrier: float = 0.0) -> Certificate:
    """Return the certificate that a point gives.

    Parameters
    ----------
    task : Problem
    point : ndarray, shape (n, n)
        Positive definite; the nearer to the optimum, the better the bound.
    barrier : float
        Weight of the logarithmic barrier whose minimum the point is; 0 for a point found otherwise.

    Notes
    -----
    y minimises the Frobenius norm of X0^(1/2) (grad f - sum y_i Gamma_i - barrier X0^-1) X0^(1/2). Of
    several that do, the one that ranges and the ball make cheapest is taken (`multipliers`).

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> task = problem(bb84, Observations.of_channel(bb84, depolarising(0.1)))
    >>> identity = np.eye(2).reshape(4, 1)
    >>> known = 0.9 * identity @ identity.T + 0.1 * np.eye(4) / 2
    >>> bound = certify(task, known.astype(complex)).bound
    >>> bound / float(np.log(2)) < 0.35680155
    True
    """
    levels, vectors = np.linalg.eigh(point)
    root = (vectors * np.sqrt(np.maximum(levels, 0))) @ vectors.conj().T
    slope = gradient(task, point)
    columns = svec(root @ task.operators @ root, real=False)
    target = svec(root @ slope @ root - barrier * np.eye(len(point)), real=False)
    lengths = np.linalg.norm(columns, axis=1)
    lengths[lengths == 0] = 1.0
    y = np.linalg.lstsq((columns / lengths[:, None]).T, target, rcond=1e-14)[0] / lengths
    if task.radius or np.any(task.low < task.high):
        # Constraints that follow from others leave the fit open, which has a price where values have freedom.
        y = cheapest_multipliers(task, y)
    rest = slope - np.tensordot(y, task.operators, 1)
    shift = float(eigh((rest + rest.conj().T) / 2, task.unit, eigvals_only=True, subset_by_index=[0, 0])[0])
    shift -= ROUNDING * float(np.abs(y) @ np.abs(task.operators).sum(axis=-1).max(axis=-1))
    return Certificate(point, y, shift, task.support(y) + shift)
