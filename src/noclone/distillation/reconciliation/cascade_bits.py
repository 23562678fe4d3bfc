"""Scans of the bit sets in which Cascade keeps its books, for compiled code.

A bit set is a row of 64-bit words; position x is bit x % 64 of word x // 64. Rows are given by
array and index, since slicing them in a loop would cost more than the scan.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

START, ODD = 0, 1
"""Planes of the marks: where segments start, and (at their starts) which ones are odd."""


def _count_trailing_zeros(_typing: Any, _word: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), code


def _count_leading_zeros(_typing: Any, _word: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), code


def _count_ones(_typing: Any, _word: Any) -> Any:
    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


trailing_zeros: Any = intrinsic(_count_trailing_zeros)
"""Index of the lowest set bit of a word that has one."""

leading_zeros: Any = intrinsic(_count_leading_zeros)
"""Number of zeros above the highest set bit of a word; 64 if there is none."""

count_ones: Any = intrinsic(_count_ones)
"""Number of set bits of a word."""


@njit(cache=True, nogil=True)
def bit(x):  # type: ignore[no-untyped-def]
    """Return the word in which only position x (modulo 64) is set."""
    return np.uint64(1) << np.uint64(x & 63)


@njit(cache=True, nogil=True)
def from_bit(x):  # type: ignore[no-untyped-def]
    """Return the word in which position x (modulo 64) and those above are set."""
    return ~np.uint64(0) << np.uint64(x & 63)


@njit(cache=True, nogil=True)
def segment_start(marks, row, x):  # type: ignore[no-untyped-def]
    """Return where the segment of a row begins that holds position x."""
    word = x >> 6
    starts = marks[row, word, START] & ~(from_bit(x) << np.uint64(1))
    while starts == 0:
        word -= 1
        starts = marks[row, word, START]
    return (word << 6) + 63 - np.int64(leading_zeros(starts))


@njit(cache=True, nogil=True)
def segment_end(marks, row, x):  # type: ignore[no-untyped-def]
    """Return where the segment that holds position x ends; the frame's end is marked as a start."""
    word = x + 1 >> 6
    starts = marks[row, word, START] & from_bit(x + 1)
    while starts == 0:
        word += 1
        starts = marks[row, word, START]
    return (word << 6) + np.int64(trailing_zeros(starts))


@njit(cache=True, nogil=True)
def count_unsettled(settled, frame, p, first, end):  # type: ignore[no-untyped-def]
    """Return how many positions in [first, end) are not known to agree."""
    word = first >> 6
    last = end - 1 >> 6
    up_to_end = ~(from_bit(end - 1) << np.uint64(1))
    bits = ~settled[frame, p, word] & from_bit(first)
    count = np.int64(0)
    while word < last:
        count += np.int64(count_ones(bits))
        word += 1
        bits = ~settled[frame, p, word]
    return count + np.int64(count_ones(bits & up_to_end))


@njit(cache=True, nogil=True)
def nth_unsettled(settled, frame, p, first, n):  # type: ignore[no-untyped-def]
    """Return the unsettled position from `first` on that has n such positions before it."""
    word = first >> 6
    bits = ~settled[frame, p, word] & from_bit(first)
    count = np.int64(count_ones(bits))
    while count <= n:
        n -= count
        word += 1
        bits = ~settled[frame, p, word]
        count = np.int64(count_ones(bits))
    for _ in range(n):
        bits &= bits - np.uint64(1)
    return (word << 6) + np.int64(trailing_zeros(bits))
