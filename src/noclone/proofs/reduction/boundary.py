"""Certificates at points without full rank, where no finite multipliers are the best.

Where the constraints hold the variable on a face, a bound at its optimum rests on large multipliers of the
combination that exposes the face, which costs nothing but pushes the gradient up beside it. Newton's method
with a logarithmic barrier finds them, under a ceiling that keeps their rounding errors small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

from noclone.proofs.certificate import ROUNDING, Certificate
from noclone.proofs.objective import gradient
from noclone.proofs.problem import Problem
from noclone.proofs.reduced import svec

Array = NDArray[Any]
Floats = NDArray[np.float64]

NULL = 1e-14
"""Eigenvalues of a point below this share of the largest are those of the face's complement."""
PADDING = 1e-10
"""What they are replaced with, as a share of the largest."""
COUPLING = 1e-5
"""Weight of the entries between the face and its complement in the first fit."""
BARRIER = 1e-10
"""Weight of the barrier at the end."""
STEPS = 200
"""Newton steps after which the ascent ends; it takes about 70."""


@dataclass(frozen=True, eq=False)
class _Dual:
    """S = rest - sum_j x_j parts[j] in a basis whose first vectors span the face; y = x @ turn."""

    rest: Array
    unit: Array
    parts: Array
    values: Floats
    turn: Floats

    def slack(self, x: Floats) -> Array:
        found: Array = self.rest - np.tensordot(x, self.parts, 1)
        return (found + found.conj().T) / 2


def on_boundary(point: Array) -> bool:
    """Return whether a point has no full rank to speak of.

    Examples
    --------
    >>> on_boundary(np.diag([1.0, 1e-17])), on_boundary(np.diag([1.0, 1e-12]))
    (True, False)
    """
    levels = np.linalg.eigvalsh(point)
    return bool(levels[0] < NULL * levels[-1])


def certify_boundary(task: Problem, point: Array, barrier: float = 0.0, ceiling: float = 1e5) -> Certificate:
    """Return the certificate of a point on a face; as `certify`, which is better for points of full rank.

    Only multipliers of exact values are moved from their least-squares fit.

    Parameters
    ----------
    task : Problem
    point : ndarray, shape (n, n)
        Positive semidefinite.
    barrier : float
        Weight of the logarithmic barrier on the face whose minimum the point is.
    ceiling : float
        About how large the shifted gradient may become beside the face. The bound falls short by an amount
        in inverse proportion, and multipliers, which proofs pay for with their rounding, grow with it.

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> task = problem(bb84, Observations.of_channel(bb84, depolarising(0.0)))
    >>> identity = np.eye(2).reshape(4, 1)
    >>> bound = certify_boundary(task, (identity @ identity.T).astype(complex)).bound
    >>> round(bound / float(np.log(2)), 8)
    0.5
    """
    levels, basis = np.linalg.eigh(point)
    levels, basis = levels[::-1], basis[:, ::-1]
    inner = int(np.sum(levels >= NULL * levels[0]))
    padded = np.where(np.arange(len(levels)) < inner, levels, PADDING * levels[0])
    start = (basis * padded) @ basis.conj().T
    start = (start + start.conj().T) / 2
    slope = gradient(task, start)
    weights = np.where(np.arange(len(levels)) < inner, np.sqrt(np.maximum(levels, 0)), COUPLING)
    fitted = _fitted(task, slope, basis, weights, inner, barrier)
    exact = task.low == task.high
    if task.radius and task.observed:
        exact[-task.observed :] = False
    rest = slope - np.tensordot(fitted * ~exact, task.operators, 1)
    dual = _dual(task, rest, basis, inner, exact)
    found = []
    for moved in _ascended(dual, fitted[exact], inner, ceiling):
        y = fitted.copy()
        y[exact] = moved
        shift = _shift(task, slope, y, basis)
        found.append(Certificate(start, y, shift, task.support(y) + shift))
    return max(found, key=lambda each: each.bound)


def _fitted(task: Problem, slope: Array, basis: Array, weights: Floats, inner: int, barrier: float) -> Floats:
    """Return multipliers that make gradient and barrier stationary on the face, nearly so beside it."""

    def coordinates(matrices: Array) -> Floats:
        turned = (basis.conj().T @ matrices @ basis) * np.outer(weights, weights)
        turned[..., inner:, inner:] = 0
        return svec(turned, real=False)

    columns = coordinates(task.operators.astype(complex))
    target = coordinates(slope)
    target[:inner] -= barrier
    lengths = np.linalg.norm(columns, axis=1)
    lengths[lengths < 1e-8 * COUPLING * np.linalg.norm(task.operators, axis=(1, 2))] = np.inf
    found: Floats = np.linalg.lstsq((columns / lengths[:, None]).T, target, rcond=1e-13)[0] / lengths
    return found


def _dual(task: Problem, rest: Array, basis: Array, inner: int, exact: NDArray[np.bool_]) -> _Dual:
    """Return the dual in orthonormal directions, of which those that vanish on the face do so exactly."""
    operators = task.operators[exact]
    lengths = np.linalg.norm(operators, axis=(1, 2))
    lengths[lengths == 0] = 1.0
    left, sizes, _ = np.linalg.svd(svec(operators, real=False) / lengths[:, None], full_matrices=False)
    kept = sizes > 1e-10 * sizes[0]
    turn = (left[:, kept] / sizes[kept]).T / lengths
    values = turn @ task.low[exact]
    parts = basis.conj().T @ np.tensordot(turn, operators, 1) @ basis
    seen = np.concatenate([values[:, None], svec(parts[:, :inner, :inner], real=False)], axis=1)
    rotation, sizes, _ = np.linalg.svd(seen, full_matrices=True)
    rank = int(np.sum(sizes > 1e-7 * sizes[0]))
    turn, parts, values = rotation.T @ turn, np.tensordot(rotation.T, parts, 1), rotation.T @ values
    values[rank:] = 0
    parts[rank:, :inner, :inner] = 0
    return _Dual(basis.conj().T @ rest @ basis, basis.conj().T @ task.unit @ basis, parts, values, turn)


def _ascended(dual: _Dual, fitted: Floats, inner: int, ceiling: float) -> list[Floats]:
    """Return multipliers at the start and at the last few weights of the barrier."""
    x = np.linalg.lstsq(dual.turn.T, fitted, rcond=None)[0].astype(np.float64)
    flat = svec(dual.parts, real=False).T
    up = np.linalg.lstsq(flat, svec(dual.unit, real=False), rcond=None)[0]
    beside = np.trace(dual.parts[:, inner:, inner:], axis1=1, axis2=2).real
    least = _room(dual.slack(x), dual.unit)
    barrier = max(abs(least), 10 * BARRIER)
    x = x + (least - barrier) * up
    found = [x @ dual.turn]
    for _ in range(STEPS):
        try:
            root = np.linalg.cholesky(dual.slack(x))
            inverse = solve_triangular(root, np.eye(len(root)), lower=True)
            scaled = inverse @ dual.parts @ inverse.conj().T
            rows = svec(scaled, real=False)
            slope = dual.values / barrier - np.trace(scaled, axis1=1, axis2=2).real + beside / ceiling
            curve = rows @ rows.T
            scale = np.sqrt(np.diag(curve))
            factor = cho_factor(curve / np.outer(scale, scale) + 1e-14 * np.eye(len(scale)))
        except np.linalg.LinAlgError:
            break  # rounding ends the ascent; what was found before is as valid
        step = cho_solve(factor, slope / scale) / scale
        decrement = float(np.sqrt(max(step @ slope, 0)))
        most = float(np.linalg.eigvalsh(np.tensordot(step, scaled, 1))[-1])
        x = x + step * min(1.0, 0.9 / max(most, 1e-300))
        if decrement < 0.5:
            if barrier < 1e-7:
                found.append(x @ dual.turn)
            if barrier <= BARRIER:
                break
            barrier = max(barrier / 10, BARRIER)
    return found


def _shift(task: Problem, slope: Array, y: Floats, basis: Array) -> float:
    """Return the shift of multipliers so large that their sum needs more digits than floats have."""
    wide = np.clongdouble
    rest = slope.astype(wide) - np.tensordot(y.astype(np.longdouble), task.operators.astype(wide), 1)
    turned = (basis.conj().T.astype(wide) @ rest @ basis.astype(wide)).astype(complex)
    sizes = np.abs(task.operators).sum(axis=-1).max(axis=-1)
    lost = ROUNDING * float(np.abs(y) @ sizes)
    return _room((turned + turned.conj().T) / 2, basis.conj().T @ task.unit @ basis) - lost


def _room(matrix: Array, unit: Array) -> float:
    """Return the largest number with matrix - number * unit >= 0, exact to digits in each direction."""
    lift = 1e-9
    while True:
        try:
            root = cholesky(matrix + lift * unit, lower=True)
        except np.linalg.LinAlgError:
            lift *= 4
            continue
        half = solve_triangular(root, unit, lower=True)
        whole = solve_triangular(root, half.conj().T, lower=True)
        return float(1 / np.linalg.eigvalsh((whole + whole.conj().T) / 2)[-1] - lift)
