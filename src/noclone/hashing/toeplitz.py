"""Privacy amplification by a random Toeplitz matrix over GF(2), multiplied exactly with FFTs."""

from __future__ import annotations

import numpy as np

from noclone.core.bits import pack, unpack
from noclone.hashing.convolution import window_parity
from noclone.hashing.extractor import Packed, check_sizes

NAME = "toeplitz"
SOURCE = "Mansour, Nisan and Tiwari, STOC 1990; Krawczyk, CRYPTO 1994, LNCS 839, 129"
PROPERTY = "2-universal"


def seed_bits(input_bits: int, output_bits: int) -> int:
    """Return the number of diagonals of the matrix, n + l - 1.

    Examples
    --------
    >>> seed_bits(100, 20), seed_bits(100, 0)
    (119, 0)
    """
    return input_bits + output_bits - 1 if output_bits else 0


def extract(packed: Packed, input_bits: int, output_bits: int, seed: bytes) -> Packed:
    """Multiply a packed bit string with the l × n matrix ``T[i, j] = seed[i - j + n - 1]``.

    Parameters
    ----------
    packed : uint8 array, shape (ceil(input_bits / 8),)
        Input bits, packed little-endian.
    input_bits, output_bits : int
        Lengths n and l in bits.
    seed : bytes
        ``seed_bits(n, l)`` uniform bits, packed little-endian.

    Returns
    -------
    uint8 array, shape (ceil(output_bits / 8),)
        Output bits, packed little-endian.

    Raises
    ------
    InvalidInput
        If the sizes do not fit together or the input is too long.

    Examples
    --------
    >>> extract(np.array([0b101], np.uint8), 3, 2, bytes([0b1011])).tolist()  # T = [[0 1 1], [1 0 1]]
    [1]
    """
    check_sizes(packed, input_bits, output_bits, seed, seed_bits(input_bits, output_bits))
    if not output_bits:
        return np.zeros(0, np.uint8)
    taps = unpack(seed, input_bits + output_bits - 1)
    return pack(window_parity(taps, unpack(packed, input_bits)))
