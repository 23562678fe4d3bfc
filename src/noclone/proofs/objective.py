"""Eve's ignorance of the key as a function of the channel's Choi operator: value and gradient, in nats.

The plain form, at any feasible or infeasible positive operator; solvers use faster forms of their own and
are held against this one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.proofs.problem import Problem

Array = NDArray[Any]

NULL = 1e-12
"""Eigenvalues of a key operator below this share of the largest count as 0."""


def factor(operator: Array) -> Array:
    """Return K with K^dagger K = M and independent rows, shape (rank, n).

    Examples
    --------
    >>> factor(np.diag([0.0, 4.0])).tolist()
    [[0.0, 2.0]]
    """
    values, vectors = np.linalg.eigh(operator)
    kept = values > NULL * max(values[-1], 1e-300)
    found: Array = (vectors[:, kept] * np.sqrt(values[kept])).conj().T
    return found


def signed_factors(problem: Problem) -> list[tuple[float, Array]]:
    """Return every term of the objective as its sign and the factor of its operator."""
    return [
        term
        for symbols in problem.key
        for term in ((1.0, factor(np.sum(symbols, axis=0))), *((-1.0, factor(each)) for each in symbols))
    ]


def value(problem: Problem, point: Array) -> float:
    """Return f at a positive semidefinite operator, shape (n, n).

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> identity = np.eye(2).reshape(4, 1)
    >>> eve = value(problem(bb84_declaration(0.5), Observations(())), identity @ identity.T)
    >>> round(eve / float(np.log(2)), 12)
    0.5
    """
    total = 0.0
    for sign, rows in signed_factors(problem):
        levels = np.linalg.eigvalsh(rows @ point @ rows.conj().T)
        levels = levels[levels > 0]
        total += sign * float(np.sum(levels * np.log(levels)))
    return float(total)


def gradient(problem: Problem, point: Array) -> Array:
    """Return the gradient of f at a positive definite operator: f(X) >= <gradient, X> for every X >= 0."""
    total = np.zeros_like(point, dtype=complex)
    for sign, rows in signed_factors(problem):
        levels, vectors = np.linalg.eigh(rows @ point @ rows.conj().T)
        logs = np.log(np.maximum(levels, 1e-300))
        total += sign * rows.conj().T @ (vectors * logs) @ vectors.conj().T @ rows
    found: Array = (total + total.conj().T) / 2
    return found
