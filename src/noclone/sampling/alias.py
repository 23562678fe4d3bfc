"""Drawing from a fixed discrete distribution in constant time: the alias method.

A. J. Walker, ACM TOMS 3, 253 (1977), with the table built as in M. D. Vose, IEEE Trans. Softw.
Eng. 17, 972 (1991). The table has a power of two of entries, so that one random word gives
both the entry (16 bits) and the choice within it (48 bits).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.sampling.xoshiro import State, next_word

_MOST_ENTRIES = 1 << 16


class AliasTable(NamedTuple):
    """What `draw` needs: entry k yields own[k] below threshold[k] (of 2^48), other[k] above."""

    threshold: NDArray[np.uint64]
    own: NDArray[np.int64]
    other: NDArray[np.int64]


def alias_table(values: NDArray[np.int64], weights: NDArray[np.float64]) -> AliasTable:
    """Return the table that yields each value with a probability proportional to its weight.

    Parameters
    ----------
    values : array of int, shape (K,)
        What is drawn.
    weights : array, shape (K,)
        Non-negative; probabilities are met to within 2^-48 / K. If all are zero, there is
        nothing to draw and the table is only a placeholder.

    Raises
    ------
    InvalidInput
        If more than 65 536 values have a positive weight.

    Examples
    --------
    >>> table = alias_table(np.array([7, 9]), np.array([1.0, 3.0]))
    >>> (table.threshold / 2**48).tolist(), table.own.tolist(), table.other.tolist()
    ([0.5, 1.0], [7, 9], [9, 9])
    """
    if not weights.any():
        return AliasTable(np.zeros(1, np.uint64), values[:1], values[:1])
    values, weights = values[weights > 0], weights[weights > 0]
    if len(values) > _MOST_ENTRIES:
        raise InvalidInput(
            "settings", f"must have at most {_MOST_ENTRIES} outcomes (settings x photon numbers x patterns)"
        )
    size = 1 << (len(values) - 1).bit_length()
    own = np.full(size, values[0], np.int64)
    own[: len(values)] = values
    share = np.zeros(size)
    share[: len(values)] = weights * (size / weights.sum())
    other = own.copy()
    small = [k for k in range(size) if share[k] < 1]
    large = [k for k in range(size) if share[k] >= 1]
    while small and large:
        low, high = small.pop(), large[-1]
        other[low] = own[high]
        share[high] -= 1 - share[low]
        if share[high] < 1:
            small.append(large.pop())
    # What is left over differs from 1 by rounding only.
    share[small + large] = 1
    return AliasTable(np.rint(share * 2.0**48).astype(np.uint64), own, other)


@njit(inline="always")
def draw(state: State, table: AliasTable) -> int:
    """Return one value of the table."""
    word = next_word(state)
    entry = int(word & np.uint64(len(table.threshold) - 1))
    below = (word >> np.uint64(16)) < table.threshold[entry]
    return int(table.own[entry] if below else table.other[entry])
