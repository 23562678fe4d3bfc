"""Whether a change of basis turns a problem into itself, and what it exchanges.

A map of operators that keeps products, traces and positivity (a unitary, or complex conjugation) and under
which the allowed values and the objective's terms are what they were leaves the set of optima as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.proofs.reduction.form import EXACT

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Rows:
    """Constraints as vectors.

    Attributes
    ----------
    vectors : ndarray, shape (m, N)
        Of length about 1.
    low, high : ndarray, shape (m,)
    loose : ndarray, shape (m,)
        For how many values of a 1-norm ball each stands.
    """

    vectors: Floats
    low: Floats
    high: Floats
    loose: Floats

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Which have one value that is known."""
        exact: NDArray[np.bool_] = (self.low == self.high) & (self.loose == 0)
        return exact


def outside(vectors: Floats, values: Floats, images: Floats) -> tuple[Floats, Floats]:
    """Return how far images lie from the span of vectors, and from the values that the span gives them."""
    if not len(vectors):
        return np.linalg.norm(images, axis=1), np.abs(values)
    left, lengths, right = np.linalg.svd(vectors, full_matrices=False)
    kept = lengths > EXACT * lengths[0]
    right, left, lengths = right[kept], left[:, kept], lengths[kept]
    inside = images @ right.T
    found = inside / lengths @ (left.T @ values)
    return np.linalg.norm(images - inside @ right, axis=1), np.abs(found - values)


def exchanged(rows: Rows, images: Floats) -> tuple[Ints, Floats] | None:
    """Return which constraint, and with which sign, each constraint that is not exact becomes.

    None where ranges or the ball are not mapped to themselves. An exact constraint counts as its own image.
    """
    partner, sign = np.arange(len(images)), np.ones(len(images))
    others = np.flatnonzero(~rows.exact)
    free = set(others.tolist())
    for i in others:
        for j in sorted(free):
            for s in (1.0, -1.0):
                low, high = (rows.low[j], rows.high[j]) if s > 0 else (-rows.high[j], -rows.low[j])
                if (
                    rows.loose[i] == rows.loose[j]
                    and abs(low - rows.low[i]) <= EXACT
                    and abs(high - rows.high[i]) <= EXACT
                    and np.abs(images[i] - s * rows.vectors[j]).max() <= EXACT
                ):
                    partner[i], sign[i] = j, s
                    break
            else:
                continue
            free.remove(j)
            break
        else:
            return None
    return partner, sign


def matched(images: Sequence[Array], originals: Sequence[Array]) -> Ints | None:
    """Return which original each image is, all of them different; None where one is missing."""
    free = list(range(len(originals)))
    found = []
    for image in images:
        size = float(np.abs(image).max())
        for j in free:
            if np.abs(image - originals[j]).max() <= EXACT * max(size, 1e-300):
                found.append(j)
                free.remove(j)
                break
        else:
            return None
    return np.array(found, np.intp)
