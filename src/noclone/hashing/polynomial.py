"""A fast almost-universal hash of long messages: a polynomial evaluated at two secret points.

A message is cut into 32-bit words m_1 … m_d (the last one filled up with zeros) and the hash at
the point k is ``k (k (m_1 k^(d-1) + … + m_d) + length in bytes)`` modulo the Mersenne prime
p = 2^61 - 1, taken at two independent points. Different messages, also of different lengths, give
polynomials that differ in a coefficient other than the constant one. The difference of their
hashes therefore equals any given value at no more than d + 1 points (the degree, for the longer
message), which makes the family almost Δ-universal: the property that verification by comparison
and tags under a one-time pad both need (Wegman and Carter 1981; den Boer 1993; Bernstein,
"The Poly1305-AES message-authentication code", 2005, for the same construction modulo 2^130 - 5).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput

PRIME = 2**61 - 1
FIELD_BITS = 61
POINTS = 2
SEED_BYTES = 8 * POINTS
DIGEST_BITS = FIELD_BITS * POINTS

_LIMB_BITS = 21
_LIMBS = 3
# A word times a limb is below 2^53, so 2^11 of them add up in 64 bits without overflow.
_BLOCK_WORDS = 2**11
_BLOCK_BYTES = 4 * _BLOCK_WORDS

Digest = tuple[int, int]
"""A hash value: two numbers below `PRIME`, one per point."""


def collision_bound(message_bytes: int) -> float:
    """Return the probability bound for two different messages of at most this length.

    Over the choice of a uniform seed, the hashes of two different messages differ by any one
    given value (zero: they collide) with at most this probability. A polynomial of degree d + 1
    for d words has at most d + 1 zeros among the residues, of which only 0 stands for two of the
    2^61 values of a 61-bit seed half; hence ``((d + 2) / 2^61)^2``.

    Examples
    --------
    >>> collision_bound(2**30) < 2**-64
    True
    """
    words = -(-message_bytes // 4)
    return float(((words + 2) / 2**FIELD_BITS) ** POINTS)


def points_from(seed: bytes) -> Digest:
    """Return the two evaluation points that a seed stands for.

    Parameters
    ----------
    seed : bytes
        16 uniform bytes; the lower 61 bits of each little-endian half are used.

    Raises
    ------
    InvalidInput
        If the seed has another length.

    Examples
    --------
    >>> points_from((5).to_bytes(8, "little") + (7).to_bytes(8, "little"))
    (5, 7)
    """
    if len(seed) != SEED_BYTES:
        raise InvalidInput("seed", f"must be {SEED_BYTES} bytes, but has {len(seed)}")
    first, second = (int.from_bytes(half, "little") & PRIME for half in (seed[:8], seed[8:]))
    return first % PRIME, second % PRIME


class PolynomialHash:
    """The hash of a message that arrives in pieces; how it was cut does not matter.

    Parameters
    ----------
    points : tuple of int
        The two evaluation points, from `points_from`.

    Examples
    --------
    >>> whole = PolynomialHash((3, 5))
    >>> whole.update(b"abcd")
    >>> pieces = PolynomialHash((3, 5))
    >>> pieces.update(b"a"), pieces.update(b"bcd")
    (None, None)
    >>> word = int.from_bytes(b"abcd", "little")
    >>> whole.digest() == pieces.digest() == (3 * (3 * word + 4), 5 * (5 * word + 4))
    True
    """

    def __init__(self, points: Digest) -> None:
        self._points = points
        self._limbs = np.array([_power_limbs(point) for point in points], np.uint32)
        self._values = [0] * POINTS
        self._tail = bytearray()
        self.length_bytes = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Append data to the message."""
        view = memoryview(data).toreadonly().cast("B")
        self.length_bytes += len(view)
        taken = 0
        if self._tail:
            taken = min(len(view), _BLOCK_BYTES - len(self._tail))
            self._tail += view[:taken]
            if len(self._tail) == _BLOCK_BYTES:
                self._values = self._absorbed(np.frombuffer(bytes(self._tail), "<u4"))
                self._tail.clear()
        whole = (len(view) - taken) // _BLOCK_BYTES * _BLOCK_BYTES
        if whole:
            self._values = self._absorbed(np.frombuffer(view[taken : taken + whole], "<u4"))
        self._tail += view[taken + whole :]

    def digest(self) -> Digest:
        """Return the hash of what has been appended so far; more may follow."""
        filled = bytes(self._tail) + bytes(-len(self._tail) % 4)
        values = self._absorbed(np.frombuffer(filled, "<u4")) if filled else self._values
        first, second = (
            point * (point * value + self.length_bytes) % PRIME
            for point, value in zip(self._points, values, strict=True)
        )
        return first, second

    def _absorbed(self, words: NDArray[np.uint32]) -> list[int]:
        """Return the values of the polynomials after whole blocks or one last shorter block."""
        width = min(len(words), _BLOCK_WORDS)
        sums = _block_sums(words.reshape(-1, width), self._limbs)
        values = []
        for lane, (point, value) in enumerate(zip(self._points, self._values, strict=True)):
            step = pow(point, width, PRIME)
            for low, middle, high in sums[:, lane].tolist():
                block = low + (middle << _LIMB_BITS) + (high << 2 * _LIMB_BITS)
                value = (value * step + block) % PRIME
            values.append(value)
        return values


def digest_of(seed: bytes, message: bytes | memoryview) -> Digest:
    """Return the hash of a whole message under a (public or secret) seed.

    Examples
    --------
    >>> digest_of(bytes([1] + [0] * 15), b"x")
    (121, 0)
    """
    state = PolynomialHash(points_from(seed))
    state.update(message)
    return state.digest()


def _power_limbs(point: int) -> NDArray[np.uint32]:
    """Return k^(B-1), …, k, 1 modulo p, each cut into limbs; shape (limbs, B)."""
    powers, power = np.empty(_BLOCK_WORDS, np.uint64), 1
    for i in range(_BLOCK_WORDS - 1, -1, -1):
        powers[i] = power
        power = power * point % PRIME
    shifts = np.arange(_LIMBS, dtype=np.uint64)[:, None] * np.uint64(_LIMB_BITS)
    return ((powers >> shifts) & np.uint64(2**_LIMB_BITS - 1)).astype(np.uint32)


@njit(cache=True, nogil=True)
def _block_sums(words: NDArray[np.uint32], limbs: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return sum_j words[i, j] limbs[lane, limb, j + skip]; shape (blocks, lanes, limbs).

    Shorter blocks meet the last powers: skip = B - words.shape[1].
    """
    sums = np.empty((words.shape[0], 2, 3), np.uint64)
    limbs = limbs[:, :, limbs.shape[2] - words.shape[1] :]
    for i in range(words.shape[0]):
        a = b = c = d = e = f = np.uint64(0)
        for j in range(words.shape[1]):
            word = np.uint64(words[i, j])
            a += word * np.uint64(limbs[0, 0, j])
            b += word * np.uint64(limbs[0, 1, j])
            c += word * np.uint64(limbs[0, 2, j])
            d += word * np.uint64(limbs[1, 0, j])
            e += word * np.uint64(limbs[1, 1, j])
            f += word * np.uint64(limbs[1, 2, j])
        sums[i, 0, 0], sums[i, 0, 1], sums[i, 0, 2] = a, b, c
        sums[i, 1, 0], sums[i, 1, 1], sums[i, 1, 2] = d, e, f
    return sums
