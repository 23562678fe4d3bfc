"""What an extractor is: a family of hash functions that turns a partly secret string into a key.

An extractor is a module of this folder with the names of `Extractor`; the default is
`noclone.hashing.integer`. By the leftover hash lemma any 2-universal family leaves a key that
is close to uniform even to someone who knows the seed (Renner, arXiv:quant-ph/0512258, §5).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput

Packed = NDArray[np.uint8]
"""Bits packed little-endian, eight to a byte; unused bits of the last byte are zero."""


class Extractor(Protocol):
    """The contract of an extractor module.

    Attributes
    ----------
    NAME : str
        Name that a setup file uses.
    SOURCE : str
        Where the family and its property come from.
    PROPERTY : str
        ``"strongly universal"`` or ``"2-universal"``.
    """

    NAME: str
    SOURCE: str
    PROPERTY: str

    def seed_bits(self, input_bits: int, output_bits: int) -> int:
        """Return how many uniform public bits choose one function of the family."""
        ...

    def extract(self, packed: Packed, input_bits: int, output_bits: int, seed: bytes) -> Packed:
        """Return the `output_bits` bits that the seed's function makes of the input."""
        ...


def byte_count(bits: int) -> int:
    """Return how many bytes hold this many packed bits.

    Examples
    --------
    >>> byte_count(9)
    2
    """
    return -(-bits // 8)


def check_sizes(packed: Packed, input_bits: int, output_bits: int, seed: bytes, seed_bits: int) -> None:
    """Refuse arguments of `extract` that do not fit together.

    Parameters
    ----------
    packed : uint8 array, shape (ceil(input_bits / 8),)
        The packed input.
    input_bits, output_bits : int
        Lengths before and after; ``0 <= output_bits <= input_bits``.
    seed : bytes
        ``ceil(seed_bits / 8)`` bytes; surplus bits of the last byte are not used.
    seed_bits : int
        What the extractor asks for at these sizes.

    Raises
    ------
    InvalidInput
        If one of them does not fit.

    Examples
    --------
    >>> check_sizes(np.array([5], np.uint8), 3, 4, b"", 0)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: output_bits must be between 0 and input_bits = 3, but is 4.
    """
    if input_bits < 1:
        raise InvalidInput("input_bits", f"must be at least 1, but is {input_bits}")
    if not 0 <= output_bits <= input_bits:
        raise InvalidInput(
            "output_bits", f"must be between 0 and input_bits = {input_bits}, but is {output_bits}"
        )
    if packed.dtype != np.uint8 or packed.shape != (byte_count(input_bits),):
        raise InvalidInput(
            "packed", f"must be {byte_count(input_bits)} bytes for {input_bits} bits, but has {packed.nbytes}"
        )
    if input_bits % 8 and packed[-1] >> (input_bits % 8):
        raise InvalidInput("packed", f"has bits set beyond input_bits = {input_bits}")
    if len(seed) != byte_count(seed_bits):
        raise InvalidInput(
            "seed", f"must be {byte_count(seed_bits)} bytes for these lengths, but has {len(seed)}"
        )
