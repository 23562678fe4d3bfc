"""Bit arrays: one byte per bit while computing, eight bits per byte at rest.

The packed order is little-endian within a byte everywhere (bit i of a string is bit i % 8
of byte i // 8), so a packed string read as a little-endian integer is the string's number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]
"""One bit per byte, values 0 and 1."""


def pack(bits: Bits) -> NDArray[np.uint8]:
    """Pack bits eight to a byte; the last byte is filled up with zeros.

    Examples
    --------
    >>> pack(np.array([1, 0, 0, 0, 0, 0, 0, 0, 1], np.uint8)).tolist()
    [1, 1]
    """
    return np.packbits(bits, bitorder="little")


def unpack(packed: NDArray[np.uint8] | bytes, count: int) -> Bits:
    """Return the first `count` bits of a packed string.

    Examples
    --------
    >>> unpack(bytes([1, 1]), 9).tolist()
    [1, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    array = np.frombuffer(packed, np.uint8) if isinstance(packed, bytes) else packed
    return np.unpackbits(array, count=count, bitorder="little")
