"""Privacy amplification by [I | T], an identity beside a random Toeplitz matrix: a shorter seed."""

from __future__ import annotations

from noclone.core.bits import pack, unpack
from noclone.hashing.convolution import window_parity
from noclone.hashing.extractor import Packed, check_sizes

NAME = "modified-toeplitz"
SOURCE = "Hayashi, IEEE Trans. Inf. Theory 57, 3989 (2011); Hayashi and Tsurumaru, arXiv:1311.5322"
PROPERTY = "2-universal"


def seed_bits(input_bits: int, output_bits: int) -> int:
    """Return the number of diagonals of the l × (n - l) Toeplitz part, n - 1.

    Examples
    --------
    >>> seed_bits(100, 20), seed_bits(100, 0), seed_bits(100, 100)
    (99, 0, 0)
    """
    return input_bits - 1 if 0 < output_bits < input_bits else 0


def extract(packed: Packed, input_bits: int, output_bits: int, seed: bytes) -> Packed:
    """Return the first l bits plus the Toeplitz matrix times the other n - l, modulo 2.

    With m = n - l the matrix is ``T[i, j] = seed[i - j + m - 1]``. Two inputs that differ in
    the last m bits collide with probability exactly 2^-l, two that do not never collide.

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
    >>> import numpy as np
    >>> extract(np.array([0b1101], np.uint8), 4, 2, bytes([0b011])).tolist()  # T = [[1 1], [0 1]]
    [3]
    """
    check_sizes(packed, input_bits, output_bits, seed, seed_bits(input_bits, output_bits))
    bits = unpack(packed, input_bits)
    head, tail = bits[:output_bits], bits[output_bits:]
    if not len(head) or not len(tail):
        return pack(head)
    return pack(head ^ window_parity(unpack(seed, input_bits - 1), tail))
