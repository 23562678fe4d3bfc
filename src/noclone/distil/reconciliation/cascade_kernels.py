"""One party's strings in the order of every pass, and the parities of their pieces.

Frames share the permutations, so 64 of them are permuted at once: the bits that 64 frames hold
at one index form a word, words are moved, and a bit-matrix transposition takes them apart again.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.bits import Bits, pack
from noclone.distil.reconciliation.cascade_search import ASKED, END, FIRST, ROW, STEP


def permuted(frames: Bits, permutations: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Return the frames in the order of every pass, 64 bits to a word.

    Parameters
    ----------
    frames : array of 0/1, shape (frames, n)
        The party's frames.
    permutations : array of uint16, shape (passes, n)
        Order of the bits in each pass.

    Returns
    -------
    array of uint64, shape (frames * passes, n // 64 + 1)
        Row ``frame * passes + p``; bit x of the row is the frame's bit ``permutations[p, x]``.

    Examples
    --------
    >>> order = np.array([[2, 0, 1]], np.uint16)
    >>> int(permuted(np.array([[0, 0, 1]], np.uint8), order)[0, 0])
    1
    """
    count, frame_bits = frames.shape
    packed = np.zeros((count, 8 * (frame_bits // 64 + 1)), np.uint8)
    for frame in range(count):
        packed[frame, : (frame_bits + 7) // 8] = pack(frames[frame])
    strings = np.zeros((count * len(permutations), packed.shape[1] // 8), np.uint64)
    _permute(packed.view("<u8"), permutations, strings)
    return strings


@njit(cache=True, nogil=True)
def _transpose(words):  # type: ignore[no-untyped-def]
    # Bit k of word i becomes bit i of word k: halves, quarters, ... change places.
    shift = 32
    mask = np.uint64(0xFFFFFFFF)
    while shift > 0:
        for i in range(64):
            if i & shift == 0:
                exchanged = ((words[i] >> np.uint64(shift)) ^ words[i + shift]) & mask
                words[i] ^= exchanged << np.uint64(shift)
                words[i + shift] ^= exchanged
        shift >>= 1
        mask ^= mask << np.uint64(shift)


@njit(cache=True, nogil=True)
def _permute(packed, permutations, strings):  # type: ignore[no-untyped-def]
    frames, words = packed.shape
    passes, frame_bits = permutations.shape
    lanes = np.empty(64 * words, np.uint64)
    square = np.empty(64, np.uint64)
    for first in range(0, frames, 64):
        count = min(64, frames - first)
        for word in range(words):
            square[count:] = 0
            for i in range(count):
                square[i] = packed[first + i, word]
            _transpose(square)
            lanes[64 * word : 64 * word + 64] = square
        for p in range(passes):
            for word in range(words):
                bits = min(64, frame_bits - 64 * word)
                square[bits:] = 0
                for x in range(bits):
                    square[x] = lanes[permutations[p, 64 * word + x]]
                _transpose(square)
                for i in range(count):
                    strings[(first + i) * passes + p, word] = square[i]


@njit(cache=True, nogil=True)
def _parity(string, start, stop):  # type: ignore[no-untyped-def]
    first = start >> 6
    last = stop - 1 >> 6
    total = np.uint64(0)
    for word in range(first, last + 1):
        bits = string[word]
        if word == first:
            bits &= ~np.uint64(0) << np.uint64(start & 63)
        if word == last:
            bits &= ~np.uint64(0) >> np.uint64(63 - (stop - 1 & 63))
        total ^= bits
    for shift in (32, 16, 8, 4, 2, 1):
        total ^= total >> np.uint64(shift)
    return np.uint8(total & np.uint64(1))


@njit(cache=True, nogil=True)
def _parities(strings, questions, answers):  # type: ignore[no-untyped-def]
    answer = 0
    for q in range(questions.shape[0]):
        start = np.int64(questions[q, FIRST])
        for _ in range(questions[q, ASKED]):
            stop = min(np.int64(questions[q, END]), start + questions[q, STEP])
            answers[answer] = _parity(strings[questions[q, ROW]], start, stop)
            answer += 1
            start = stop


@njit(cache=True, nogil=True)
def _flip(strings, frames, positions, located):  # type: ignore[no-untyped-def]
    passes = positions.shape[0]
    for k in range(located.shape[0]):
        frame, i = located[k, 0], located[k, 1]
        frames[frame, i] ^= 1
        for p in range(passes):
            x = np.int64(positions[p, i])
            strings[frame * passes + p, x >> 6] ^= np.uint64(1) << np.uint64(x & 63)


def parities(strings: NDArray[np.uint64], questions: NDArray[np.int32], asked: int) -> Bits:
    """Return the parities that the questions ask for, in their order."""
    answers = np.empty(asked, np.uint8)
    _parities(strings, questions, answers)
    return answers


def flip(
    strings: NDArray[np.uint64], frames: Bits, positions: NDArray[np.uint16], located: NDArray[np.int32]
) -> None:
    """Correct the located bits in `frames` and in their permuted copies, in place."""
    _flip(strings, frames, positions, located)
