"""The optimisation in a basis that splits its variable into blocks, on the way to what a solver gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from noclone.proofs.problem import Problem

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

EXACT = 1e-9
"""Operators and values that differ by less than this share of the largest are the same."""


@dataclass(frozen=True, eq=False)
class Form:
    """Minimise sum_t weight_t tr Y_t log Y_t, Y_t = M_t^(1/2) X M_t^(1/2), over block-diagonal X >= 0.

    Attributes
    ----------
    bases : tuple of ndarray, shape (n, d_b)
        Orthonormal columns; the original operator is the sum of bases[b] X_b bases[b]^dagger.
    operators : tuple of ndarray, shape (m, d_b, d_b)
        The constraints' parts in each block.
    names : tuple of str
    low, high : ndarray, shape (m,)
    loose : ndarray, shape (m,)
        For how many observed values of a 1-norm ball each constraint stands; 0 outside the ball.
    radius : float
        Of the ball.
    lengths : ndarray, shape (m,)
        Norms of the unreduced operators: what rounding errors are compared with.
    terms : tuple of (float, ndarray of shape (k, k))
        Weight and M in the joined bases, k being the sum of the d_b.
    """

    bases: tuple[Array, ...]
    operators: tuple[Array, ...]
    names: tuple[str, ...]
    low: Floats
    high: Floats
    loose: Floats
    radius: float
    lengths: Floats
    terms: tuple[tuple[float, Array], ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The dimension of each block."""
        return tuple(basis.shape[1] for basis in self.bases)

    @property
    def slices(self) -> list[slice]:
        """Where each block lies in the joined bases."""
        ends = np.cumsum([0, *self.sizes])
        return [slice(a, b) for a, b in pairwise(ends)]

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Which constraints have one value that is known, shape (m,)."""
        exact: NDArray[np.bool_] = (self.low == self.high) & (self.loose == 0)
        return exact

    def restricted(self, frames: Sequence[Array]) -> Self:
        """Return the same problem with X_b = frames[b] X'_b frames[b]^dagger; frames may have no columns."""
        joined = np.zeros((sum(self.sizes), sum(frame.shape[1] for frame in frames)), complex)
        column = 0
        for part, frame in zip(self.slices, frames, strict=True):
            joined[part, column : column + frame.shape[1]] = frame
            column += frame.shape[1]
        kept = [b for b, frame in enumerate(frames) if frame.shape[1]]
        return replace(
            self,
            bases=tuple(self.bases[b] @ frames[b] for b in kept),
            operators=tuple(frames[b].conj().T @ self.operators[b] @ frames[b] for b in kept),
            terms=tuple((weight, joined.conj().T @ term @ joined) for weight, term in self.terms),
        )

    def split(self, labels: Ints) -> Self:
        """Return the problem of the operators X whose entries between vectors of unequal labels are 0.

        Parameters
        ----------
        labels : ndarray, shape (k,)
            Of the joined bases' vectors; a block of its own for each label in each present block.
        """
        bases, operators, order = [], [], []
        for basis, parts, part in zip(self.bases, self.operators, self.slices, strict=True):
            own = labels[part]
            for label in np.unique(own):
                chosen = np.flatnonzero(own == label)
                bases.append(basis[:, chosen])
                operators.append(parts[:, chosen[:, None], chosen])
                order.append(part.start + chosen)
        joined = np.concatenate(order)
        return replace(
            self,
            bases=tuple(bases),
            operators=tuple(operators),
            terms=tuple((weight, term[np.ix_(joined, joined)]) for weight, term in self.terms),
        )


def whole(task: Problem, basis: Array) -> Form:
    """Return a problem as a form with one block, in this basis (columns, shape (n, n))."""
    turned = basis.conj().T @ task.operators @ basis
    loose = np.zeros(len(task.low))
    if task.radius and task.observed:
        loose[-task.observed :] = 1
    terms = []
    for symbols in task.key:
        terms += [(1.0, sum(symbols)), *((-1.0, each) for each in symbols)]
    return Form(
        (basis,),
        (turned,),
        task.names,
        task.low,
        task.high,
        loose,
        task.radius,
        np.linalg.norm(task.operators, axis=(1, 2)),
        tuple((weight, basis.conj().T @ term @ basis) for weight, term in terms),
    )
