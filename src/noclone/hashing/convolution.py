"""Exact convolution of bit strings modulo 2 by floating-point transforms of bounded size.

**Why rounding is exact.** Let u = 2^-53. The transform lengths N have no prime factor above 5,
so a transform is at most log2 N stages, each an orthogonal matrix times a scale: butterflies of
radix r ≤ 5 and a twiddle factor. On the way from a butterfly's input to an output of the stage
a value meets at most 10 roundings (rounding of constants included), and the absolute values of
the terms of one output sum to at most 2√2 Σ|c_j| over its r inputs. The error of a stage is thus
at most 10 u · 2√2 · r / √r ≤ 64 u of its output in the 2-norm, and that of a transform at most
e = 100 u log2 N. (Real transforms do the same arithmetic and omit the conjugate half.)

Block j of x has B entries and a spectrum of norm ≤ √(N B), a window of the taps one of norm ≤ N.
Each spectrum is off by e relatively, and multiplying and adding up J ≤ 1000 blocks adds less
than 2 e more, so by Cauchy-Schwarz the exact inverse of what was computed is off by at most
4 e J √(N B) = 4 e n √N / √B with n = J B. The inverse transform adds e times the 2-norm of
the result, whose N entries are sums of at most n ones: e n √N. Together
``e n √N (1 + 4 / √B)``, which `rounding_bound` computes and `window_parity` holds below 1/4.
(Sharper constants: Percival, Math. Comp. 72, 387 (2003); Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., Theorem 24.2.)
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import scipy.fft
from numba import njit
from numpy.typing import NDArray

from noclone.core.bits import Bits
from noclone.core.errors import InvalidInput

# Transforms of this length are the fastest per bit; with the spectra of sixteen block rows and of
# as many windows of the taps the memory stays below 300 MB plus one byte per bit.
LONGEST_TRANSFORM = 2**20
ROWS_AT_ONCE = 16


def rounding_bound(input_bits: int, block_bits: int, transform: int) -> float:
    """Return a proven bound on the distance of any computed sum from the integer it stands for.

    Parameters
    ----------
    input_bits : int
        Length n of the convolved string.
    block_bits : int
        Length B of the blocks it is cut into.
    transform : int
        Length N of the transforms.

    Examples
    --------
    >>> rounding_bound(10**7, 10**7, 12_500_000) < 0.25
    True
    """
    transform_error = 100 * math.log2(transform) * 2.0**-53
    padded = block_bits * math.ceil(input_bits / block_bits)
    return transform_error * padded * math.sqrt(transform) * (1 + 4 / math.sqrt(block_bits))


def window_parity(taps: Bits, x: Bits) -> Bits:
    """Return the part of the convolution of two bit strings that every bit of x reaches, mod 2.

    Parameters
    ----------
    taps : uint8 array of 0/1, shape (n + l - 1,)
        The longer string.
    x : uint8 array of 0/1, shape (n,)
        The shorter string.

    Returns
    -------
    uint8 array of 0/1, shape (l,)
        Entry i is the parity of ``sum_j taps[i - j + n - 1] x[j]``: the product of x with the
        Toeplitz matrix whose first row is ``taps[:n]`` reversed and first column ``taps[n-1:]``.

    Raises
    ------
    InvalidInput
        If the strings are so long that rounding cannot be shown to be exact.

    Examples
    --------
    >>> window_parity(np.array([1, 1, 0, 1], np.uint8), np.array([1, 0, 1], np.uint8)).tolist()
    [1, 0]
    """
    n, rows = len(x), len(taps) - len(x) + 1
    row_block, column_block = _blocks(n, rows)
    transform = scipy.fft.next_fast_len(row_block + column_block - 1, real=True)
    if rounding_bound(n, column_block, transform) >= 0.25 or n > 1000 * column_block:
        raise InvalidInput("input_bits", f"is too long for an exact Toeplitz hash: {n}; use 'integer'")

    # With equal blocks the windows repeat along diagonals; rows run downwards so that the
    # window which falls out of the cache is the one that no later column needs.
    @lru_cache(maxsize=ROWS_AT_ONCE)
    def taps_spectrum(offset: int) -> NDArray[np.complex128]:
        start = offset + n - column_block
        window = np.zeros(transform)
        piece = taps[max(start, 0) : max(start + row_block + column_block - 1, 0)]
        window[max(-start, 0) : max(-start, 0) + len(piece)] = piece
        spectrum: NDArray[np.complex128] = scipy.fft.rfft(window, overwrite_x=True)
        return spectrum

    output = np.empty(rows, np.uint8)
    row_starts = range(0, rows, row_block)
    for first in range(0, len(row_starts), ROWS_AT_ONCE):
        group = row_starts[first : first + ROWS_AT_ONCE]
        sums = np.zeros((len(group), transform // 2 + 1), np.complex128)
        for column in range(0, n, column_block):
            block = scipy.fft.rfft(x[column : column + column_block].astype(np.float64), transform)
            for i in reversed(range(len(group))):
                _add_product(sums[i], block, taps_spectrum(group[i] - column))
        for i, row in enumerate(group):
            counts = scipy.fft.irfft(sums[i], transform, overwrite_x=True)
            valid = counts[column_block - 1 :][: min(row_block, rows - row)]
            output[row : row + len(valid)] = np.rint(valid).astype(np.int64) & 1
    return output


def _blocks(n: int, rows: int) -> tuple[int, int]:
    """Return how many rows and columns of the matrix one transform handles."""
    if n + rows - 1 <= LONGEST_TRANSFORM:
        return rows, n
    row_block = min(rows, LONGEST_TRANSFORM // 2)
    return row_block, min(n, LONGEST_TRANSFORM - row_block)


@njit(cache=True, nogil=True)
def _add_product(total: NDArray[np.complex128], a: NDArray[np.complex128], b: NDArray[np.complex128]) -> None:
    """Add a·b to the total, element by element and without a temporary array."""
    for i in range(len(total)):
        total[i] += a[i] * b[i]
