"""Matrices of balls, numbers with a radius that holds the truth, after python-flint."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.extras import need

Array = NDArray[Any]
Ball = Any
"""A number or a matrix of python-flint; matrices are real (arb_mat) or complex (acb_mat)."""


def ball(array: Array) -> Ball:
    """Return an array of floats as a matrix of exact balls, real where it can be.

    Examples
    --------
    >>> ball(np.array([[0.5, 1.0]])).nrows()
    1
    """
    flint = need("flint")
    if np.any(array.imag):
        return flint.acb_mat(*array.shape, array.ravel().tolist())
    return flint.arb_mat(*array.shape, array.real.ravel().tolist())


def is_real(matrix: Ball) -> bool:
    """Return whether a matrix is one of real balls."""
    return isinstance(matrix, need("flint").arb_mat)


def mid(matrix: Ball) -> Array:
    """Return the midpoints of a matrix as floats, rounded.

    Examples
    --------
    >>> mid(ball(np.array([[0.5, 1.0]]))).tolist()
    [[0.5, 1.0]]
    """
    number = float if is_real(matrix) else complex
    found = np.array([number(x) for x in matrix.entries()])
    return found.reshape(matrix.nrows(), matrix.ncols())


def dagger(matrix: Ball) -> Ball:
    """Return the adjoint."""
    turned = matrix.transpose()
    return turned if is_real(matrix) else turned.conjugate()


def norm(matrix: Ball) -> Ball:
    """Return an upper bound on the Frobenius norm.

    Examples
    --------
    >>> float(norm(ball(np.array([[3.0, 4.0]]))))
    5.0
    """
    return total([x.abs_upper() ** 2 for x in matrix.entries()]).sqrt().upper()


def hermitian_norm(matrix: Ball) -> Ball:
    """Return an upper bound on the operator norm of a Hermitian matrix: its norm, or its largest row sum.

    Examples
    --------
    >>> float(hermitian_norm(ball(np.diag([3.0, 4.0]))))
    4.0
    """
    rows = [sum((abs(x) for x in row), need("flint").arb(0)) for row in matrix.tolist()]
    return norm(matrix).min(greatest(rows).upper())


def greatest(numbers: list[Ball]) -> Ball:
    """Return a ball that holds the greatest of at least one number, wherever each lies in its ball.

    Examples
    --------
    >>> arb = need("flint").arb
    >>> greatest([arb(1, 0.5), arb(1.25)]).upper() >= 1.5
    True
    """
    return functools.reduce(lambda most, each: most.max(each), numbers)


def kron(first: Ball, second: Ball) -> Ball:
    """Return the Kronecker product.

    Examples
    --------
    >>> mid(kron(ball(np.eye(2)), ball(np.array([[3.0]])))).tolist()
    [[3.0, 0.0], [0.0, 3.0]]
    """
    flint = need("flint")
    rows = [[x * y for x in a for y in b] for a in first.tolist() for b in second.tolist()]
    return (flint.arb_mat if is_real(first) and is_real(second) else flint.acb_mat)(rows)


def hermitian(coefficients: list[Ball], side: int) -> Ball:
    """Return the sum of y_j basis_j over 00, re 01, im 01, ..., 11, re 12, ...

    Examples
    --------
    >>> mid(hermitian([need("flint").arb(y) for y in (1, 2, 3, 4)], 2)).tolist()
    [[(1+0j), (2+3j)], [(2-3j), (4+0j)]]
    """
    acb, found = need("flint").acb, [[0] * side for _ in range(side)]
    values = iter(coefficients)
    for i in range(side):
        found[i][i] = acb(next(values))
        for j in range(i + 1, side):
            found[i][j] = acb(next(values), next(values))
            found[j][i] = found[i][j].conjugate()
    return need("flint").acb_mat(found)


def total(terms: list[Ball]) -> Ball:
    """Return the sum of at least one term."""
    return functools.reduce(operator.add, terms)


def cholesky(matrix: Ball) -> Ball | None:
    """Return lower triangular L with L L^dagger = matrix, for every Hermitian matrix that the balls hold.

    None where some might not be positive definite.

    Examples
    --------
    >>> cholesky(ball(np.array([[1.0, 2.0], [2.0, 1.0]]))) is None
    True
    >>> mid(cholesky(ball(np.array([[4.0, 2.0], [2.0, 2.0]])))).tolist()
    [[2.0, 0.0], [1.0, 1.0]]
    """
    entries, real = matrix.tolist(), is_real(matrix)
    lower: list[list[Ball]] = []
    turned: list[list[Ball]] = []
    for i, entry in enumerate(entries):
        row: list[Ball] = []
        for j in range(i):
            row.append((entry[j] - sum(map(operator.mul, row, turned[j]))) / lower[j][j])
        conjugate = row if real else [x.conjugate() for x in row]
        left = (entry[i] - sum(map(operator.mul, row, conjugate))).real
        if not left > 0:
            return None
        root = left.sqrt()
        row.append(root)
        turned.append([*conjugate, root])
        lower.append(row)
    return type(matrix)([row + [0] * (len(entries) - len(row)) for row in lower])
