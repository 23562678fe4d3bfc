r"""Value, slope and curvature of a reduced objective in coordinates where the current point is the identity.

With X_b = L_b (1 + S_b) L_b^dagger and the singular values sigma_i and right vectors v_i of a term's
(K_1 L_1, K_2 L_2, ...), which give Y its eigenvalues lambda_i = sigma_i^2,

.. math:: \partial = \sum_i \lambda_i (\log\lambda_i + 1)\, v_i^\dagger S v_i, \quad
          \partial^2 = \sum_{ij} C_{ij}\, |v_i^\dagger S v_j|^2, \quad
          C_{ij} = \lambda_i \lambda_j \frac{\log\lambda_i - \log\lambda_j}{\lambda_i - \lambda_j}

(Daleckii and Krein). Nothing in it grows as an eigenvalue falls to 0, and a direction is an outer product of
columns of v, so that the curvature in all n^4 pairs of directions is one matrix product of n^2 x N factors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from noclone.proofs.reduced import Reduced, svec

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """One term at one point: the eigenvalues of Y and, by block, the columns of v^dagger.

    Attributes
    ----------
    weight : float
    levels : ndarray, shape (r,)
    vectors : dict of int to ndarray, shape (r, d_b)
    """

    weight: float
    levels: Floats
    vectors: dict[int, Array]


@dataclass(frozen=True, eq=False)
class Entropies:
    """The sum of weight tr Y log Y over a problem's terms, near a point.

    Examples
    --------
    >>> from noclone.proofs.reduced import Term
    >>> one = Term(2.0, ((0, np.eye(2)),))
    >>> halves = Reduced((2,), True, 0, np.zeros((0, 3)), np.zeros(0), (one,), ())
    >>> near = Entropies.at(halves, (np.sqrt(np.diag([0.5, 0.5])),))
    >>> round(near.value, 12), near.slope.round(6).tolist()
    (-1.38629436112, [0.306853, 0.306853, 0.0])
    """

    reduced: Reduced
    terms: tuple[Spectrum, ...]

    @classmethod
    def at(cls, reduced: Reduced, roots: tuple[Array, ...]) -> Self:
        """Return the objective near X_b = roots[b] roots[b]^dagger."""
        found = []
        for term in reduced.terms:
            blocks = [block for block, _ in term.factors]
            parts = [factor @ roots[block] for block, factor in term.factors]
            _, singular, rows = np.linalg.svd(np.hstack(parts), full_matrices=False)
            columns = np.split(rows, np.cumsum([part.shape[1] for part in parts])[:-1], axis=1)
            found.append(Spectrum(term.weight, singular**2, dict(zip(blocks, columns, strict=True))))
        return cls(reduced, tuple(found))

    @property
    def value(self) -> float:
        """The objective, in nats."""
        return float(sum(term.weight * (term.levels @ _logs(term.levels)) for term in self.terms))

    @property
    def slope(self) -> Floats:
        """The derivative along each coordinate of the step S, shape (N,)."""
        real, scalars = self.reduced.real, self.reduced.scalars
        blocks: list[Array] = [np.zeros((d, d), float if real else complex) for d in self.reduced.sizes]
        for term in self.terms:
            strengths = term.weight * term.levels * (_logs(term.levels) + 1)
            for block, columns in term.vectors.items():
                blocks[block] += (columns.conj().T * strengths) @ columns
        return np.concatenate([*(svec(block, real) for block in blocks), np.zeros(scalars)])

    def curvature(self) -> Floats:
        """Return the second derivatives along each pair of coordinates of S, shape (N, N)."""
        sizes, real = self.reduced.sizes, self.reduced.real
        starts = np.concatenate([[0], np.cumsum([d * (d + 1) // 2 if real else d * d for d in sizes])])
        size = int(starts[-1]) + self.reduced.scalars
        total = np.zeros((size, size))
        weights = [term.weight * _divided(term.levels) for term in self.terms]
        for b in range(len(sizes)):
            for c in range(b, len(sizes)):
                pairs = [
                    (_outer(term.vectors[b], term.vectors[c]), weight)
                    for term, weight in zip(self.terms, weights, strict=True)
                    if b in term.vectors and c in term.vectors
                ]
                if not pairs:
                    continue
                left = np.concatenate([pair for pair, _ in pairs])
                right = np.concatenate([weight @ pair.conj() for pair, weight in pairs])
                part = _coordinates(left.T @ right, sizes[b], sizes[c], real)
                rows = slice(starts[b], starts[b + 1])
                columns = slice(starts[c], starts[c + 1])
                total[rows, columns] = part
                total[columns, rows] = part.T
        return total


def _logs(levels: Floats) -> Floats:
    """Return log of each level, 0 for a level of 0 (which only ever multiplies it)."""
    return np.log(np.where(levels > 0, levels, 1.0))


def _divided(levels: Floats) -> Floats:
    """Return C, by log1p so that close and far levels are equally exact."""
    low = np.minimum.outer(levels, levels)
    high = np.maximum.outer(levels, levels)
    safe = np.where(low > 0, low, 1.0)
    apart = (high - low) / safe
    ratio = np.where(apart > 0, np.log1p(apart) / np.where(apart > 0, apart, 1.0), 1.0)
    return np.where(low > 0, high * ratio, 0.0)


def _outer(rows: Array, others: Array) -> Array:
    """Return for each i the products v_ip conj(u_ir), shape (r, d_b * d_c)."""
    return (rows[:, :, None] * others[:, None, :].conj()).reshape(len(rows), -1)


def _coordinates(matrix: Array, size: int, other: int, real: bool) -> Floats:
    """Turn sum_ij C_ij v_ip u_ir^* v_jq^* u_js, indexed [(p, r), (q, s)], into the coordinates of `svec`."""
    p, q, scale = _upper(size)
    r, s, other_scale = _upper(other)
    flat = matrix.reshape(-1)
    straight = flat[((p * other)[:, None] + r) * (size * other) + (q * other)[:, None] + s]
    crossed = flat[((p * other)[:, None] + s) * (size * other) + (q * other)[:, None] + r]
    scales = np.outer(scale, other_scale)
    both: Floats = scales * (straight + crossed)
    if real:
        return both
    less = scales * (straight - crossed)
    return np.block(
        [
            [both.real, less.imag[:, other:]],
            [-both.imag[size:], less.real[size:, other:]],
        ]
    )


@cache
def _upper(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return row, column and scale of the entries behind the coordinates: the diagonal, then the triangle."""
    rows, columns = np.triu_indices(size, 1)
    diagonal = np.arange(size)
    scale = np.concatenate([np.full(size, 0.5**0.5), np.ones(len(rows))])
    return np.concatenate([diagonal, rows]), np.concatenate([diagonal, columns]), scale
