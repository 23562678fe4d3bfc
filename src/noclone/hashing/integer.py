"""Privacy amplification by one multiplication of long integers: fast and strongly universal.

The input x (n bits) is hashed to ``((a x + b) mod 2^W) >> (n-1)`` with W = n + l - 1 and a, b
uniform below 2^W: multiply-shift hashing with one very long word. It is strongly universal: for
x ≠ y write x - y = 2^s z with z odd and s < n. As a is uniform, d = a (x - y) mod 2^W is 2^s times
a uniform number of W - s bits, so its top l bits are uniform whatever its lower bits are. Now
a y + b is uniform (because of b) and independent of d, and a x + b is their sum: given a y + b and
the lower bits of d, the top l bits of the sum are uniform. So (h(x), h(y)) is uniform on pairs.
"""

from __future__ import annotations

import gmpy2
import numpy as np

from noclone.hashing.extractor import Packed, byte_count, check_sizes

NAME = "integer"
SOURCE = (
    "multiply-shift hashing: Dietzfelbinger, STACS 1996, LNCS 1046, 569; Thorup, arXiv:1504.06804, section 3"
)
PROPERTY = "strongly universal"


def seed_bits(input_bits: int, output_bits: int) -> int:
    """Return the seed's length, 2 (n + l - 1) bits: first a, then b.

    Examples
    --------
    >>> seed_bits(100, 20), seed_bits(100, 0)
    (238, 0)
    """
    return 2 * (input_bits + output_bits - 1) if output_bits else 0


def extract(packed: Packed, input_bits: int, output_bits: int, seed: bytes) -> Packed:
    """Hash a packed bit string with the function that the seed chooses.

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
        If the sizes do not fit together.

    Examples
    --------
    >>> seed = (5 + (2 << 5)).to_bytes(2, "little")  # n = 4, l = 2: a = 5, b = 2, five bits each
    >>> extract(np.array([11], np.uint8), 4, 2, seed).tolist() == [((5 * 11 + 2) % 32) >> 3]
    True
    """
    check_sizes(packed, input_bits, output_bits, seed, seed_bits(input_bits, output_bits))
    if not output_bits:
        return np.zeros(0, np.uint8)
    width = input_bits + output_bits - 1
    both = gmpy2.mpz.from_bytes(seed, "little")
    a, b = gmpy2.f_mod_2exp(both, width), gmpy2.f_mod_2exp(both >> width, width)
    total = a * gmpy2.mpz.from_bytes(packed.tobytes(), "little") + b
    output = gmpy2.f_mod_2exp(total, width) >> (input_bits - 1)
    return np.frombuffer(output.to_bytes(byte_count(output_bits), "little"), np.uint8)
