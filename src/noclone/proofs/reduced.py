"""A proof's optimisation in the form a solver works on: smaller blocks, independent equations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Term:
    """weight * tr Y log Y with Y = sum_b factors[b] X_b factors[b]^dagger.

    Attributes
    ----------
    weight : float
        The sign, times how many equal terms this one stands for.
    factors : tuple of (int, ndarray)
        Block index b and the matrix, shape (N, d_b); blocks that are not named do not enter.
    """

    weight: float
    factors: tuple[tuple[int, Array], ...]


@dataclass(frozen=True, eq=False)
class Reduced:
    """Minimise the sum of terms over X_b >= 0 and scalars s >= 0 under linear equations.

    They are equations @ (svec X_1, svec X_2, ..., s) = values.

    Attributes
    ----------
    sizes : tuple of int
        Dimension d_b of each block.
    real : bool
        Whether blocks are real symmetric; complex Hermitian if not.
    scalars : int
        Number of nonnegative slacks of ranges and of the 1-norm ball.
    equations : ndarray, shape (m, N)
        Independent rows, over the coordinates of `svec` of every block and then the scalars.
    values : ndarray, shape (m,)
    terms : tuple of Term
    lifts : tuple of ndarray, shape (copies, n, d_b)
        X = sum_b sum_j lifts[b][j] X_b lifts[b][j]^dagger in the original space.
    """

    sizes: tuple[int, ...]
    real: bool
    scalars: int
    equations: Floats
    values: Floats
    terms: tuple[Term, ...]
    lifts: tuple[Array, ...]

    def lift(self, blocks: list[Array]) -> Array:
        """Return the operator of the original space, shape (n, n)."""
        size = self.lifts[0].shape[1]
        total = np.zeros((size, size), complex)
        for block, copies in zip(blocks, self.lifts, strict=True):
            for one in copies:
                total += one @ block @ one.conj().T
        return (total + total.conj().T) / 2


@cache
def _upper(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.triu_indices(size, 1)


def svec(matrix: Array, real: bool) -> Floats:
    """Return the coordinates of Hermitian matrices (..., d, d) in an orthonormal basis.

    The diagonal, sqrt(2) times the real parts of the upper triangle (row by row), and, where not `real`,
    sqrt(2) times its imaginary parts; the inner product of coordinates is tr(A B).

    Examples
    --------
    >>> svec(np.array([[1, 2j], [-2j, 3]]), real=False).round(3).tolist()
    [1.0, 3.0, 0.0, 2.828]
    """
    size = matrix.shape[-1]
    rows, columns = _upper(size)
    diagonal = np.arange(size)
    upper = np.sqrt(2) * matrix[..., rows, columns]
    parts = [matrix[..., diagonal, diagonal].real, upper.real]
    if not real:
        parts.append(upper.imag)
    return np.concatenate(parts, axis=-1)


def smat(coordinates: Floats, size: int, real: bool) -> Array:
    """Return the Hermitian matrices (..., d, d) that have these coordinates.

    Examples
    --------
    >>> smat(np.array([1.0, 3.0, 0.0]), 2, real=True).tolist()
    [[1.0, 0.0], [0.0, 3.0]]
    """
    rows, columns = _upper(size)
    pairs = len(rows)
    diagonal = np.arange(size)
    found = np.zeros((*coordinates.shape[:-1], size, size), float if real else complex)
    found[..., diagonal, diagonal] = coordinates[..., :size]
    upper = coordinates[..., size : size + pairs] / np.sqrt(2)
    if not real:
        upper = upper + 1j * coordinates[..., size + pairs :] / np.sqrt(2)
    found[..., rows, columns] = upper
    found[..., columns, rows] = upper.conj()
    return found
