"""The same minimum by conditional gradients: one semidefinite programme with a linear objective per step.

For teaching and for small problems: each step needs only the gradient and gives a bound of its own, from the
programme's dual, but the last digits take many steps.
Reference: Winick, Luetkenhaus, Coles, Quantum 2, 77 (2018), algorithm 1; the programmes by Clarabel.
"""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csc_matrix, eye, hstack, vstack

from noclone.core.extras import need
from noclone.proofs.certificate import Certificate
from noclone.proofs.objective import gradient, value
from noclone.proofs.opinions.equations import Equations, equations
from noclone.proofs.opinions.opinion import Opinion, certificate_of
from noclone.proofs.problem import Problem
from noclone.proofs.reduced import smat, svec

Array = NDArray[Any]
Floats = NDArray[np.float64]

MIXED = 1e-10
"""Share of the identity where the objective is linearised: on the boundary it has no gradient."""
TOLERANCE = 1e-10
"""Of the programmes."""
EDGE = 1e-9
"""The least eigenvalue of a vertex."""


def solve(task: Problem, gap: float = 1e-6, steps: int = 50) -> Opinion:
    """Return what conditional gradients find; the certificate is the best of all steps.

    Parameters
    ----------
    task : Problem
    gap : float
        In nats, between value and bound, at which to stop.
    steps : int
        At most so many, at least 1.

    Raises
    ------
    InvalidInput
        If Clarabel is not installed.

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> opinion = solve(problem(bb84, Observations.of_channel(bb84, depolarising(0.1))))
    >>> opinion.status, round(opinion.certificate.bound / float(np.log(2)), 5)
    ('optimal', 0.3568)
    """
    start = process_time()
    linear = equations(task)
    centre = np.eye(task.size) / np.trace(task.unit).real
    cone = _cone(task.size, linear.real)
    point = inner = _interior(task, linear, cone)
    certificates: list[Certificate] = []
    status = "out of steps"
    while len(certificates) < steps:
        mixed = (1 - MIXED) * point + MIXED * centre
        vertex, own = _lowest(linear, cone, gradient(task, mixed), task.size)
        certificates.append(certificate_of(task, mixed, linear.multipliers(task, own)))
        if value(task, point) - max(each.bound for each in certificates) <= gap:
            status = "optimal"
            break
        way = _inside(vertex, inner) - point
        point = point + _length(task, point, way) * way
    best = max(certificates, key=lambda each: each.bound)
    spent = process_time() - start
    return Opinion("Frank-Wolfe", status, value(task, point), point, best, len(certificates), spent)


def _inside(vertex: Array, inner: Array) -> Array:
    """Return the vertex moved towards an inner point, as it is positive only to its programme's accuracy."""
    low, deep = (float(np.linalg.eigvalsh(each)[0]) for each in (vertex, inner))
    share = min(max((EDGE - low) / max(deep - low, EDGE), 0.0), 1.0)
    moved: Array = vertex + share * (inner - vertex)
    return moved


def _length(task: Problem, point: Array, way: Array) -> float:
    """Return how far to go: to the least value between the point (0) and the vertex (1)."""

    def at(length: float) -> float:
        return value(task, point + length * way)

    found = minimize_scalar(at, bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
    return float(found.x) if found.fun < at(0.0) else 0.0


def _cone(size: int, real: bool) -> csc_matrix:
    """Return the map from coordinates of X to the triangle that Clarabel wants to be positive.

    A Hermitian matrix A + iB is positive where the real one [[A, -B], [B, A]] is.
    """
    basis = smat(np.eye(size * (size + 1) // 2 if real else size**2), size, real)
    if not real:
        basis = np.block([[basis.real, -basis.imag], [basis.imag, basis.real]])
    columns, rows = np.tril_indices(basis.shape[-1])
    weights = np.where(rows == columns, 1, np.sqrt(2))
    return csc_matrix((basis[:, rows, columns] * weights).T)


def _lowest(linear: Equations, cone: csc_matrix, slope: Array, size: int) -> tuple[Array, Floats]:
    """Return the feasible operator that is lowest on a slope, and the multipliers of the equations."""
    cost = np.concatenate((svec(slope, linear.real), np.zeros(linear.slacks)))
    found, multipliers = _programme(linear.table, linear.values, cost, cone, linear.slacks)
    return smat(found[: linear.coordinates], size, linear.real), multipliers


def _interior(task: Problem, linear: Equations, cone: csc_matrix) -> Array:
    """Return the feasible operator that is farthest from the boundary: its least eigenvalue is largest."""
    # The unknowns are the coordinates of X - t, and t, among the slacks.
    identity = svec(np.eye(task.size), linear.real)
    column = linear.table[:, : linear.coordinates] @ identity
    table = np.column_stack((linear.table, column))
    cost = np.zeros(table.shape[1])
    cost[-1] = -1
    found, _ = _programme(table, linear.values, cost, cone, linear.slacks + 1)
    return smat(found[: linear.coordinates] + found[-1] * identity, task.size, linear.real)


def _programme(
    table: Floats, values: Floats, cost: Floats, cone: csc_matrix, slacks: int
) -> tuple[Floats, Floats]:
    """Minimise cost @ (coordinates, slacks) under equations; return the unknowns and the multipliers."""
    clarabel = need("clarabel")
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = TOLERANCE
    settings.max_threads = 1
    unknowns = len(cost)
    sign = hstack((csc_matrix((slacks, unknowns - slacks)), -eye(slacks)))
    positive = hstack((-cone, csc_matrix((cone.shape[0], unknowns - cone.shape[1]))))
    side = int(np.sqrt(2 * cone.shape[0]))
    found = clarabel.DefaultSolver(
        csc_matrix((unknowns, unknowns)),
        cost,
        csc_matrix(vstack((csc_matrix(table), sign, positive))),
        np.concatenate((values, np.zeros(slacks + cone.shape[0]))),
        [
            clarabel.ZeroConeT(len(values)),
            clarabel.NonnegativeConeT(slacks),
            clarabel.PSDTriangleConeT(side),
        ],
        settings,
    ).solve()
    return np.array(found.x), -np.array(found.z[: len(values)])
