"""One party's frames in the order of every pass of Cascade, and the parities of their pieces.

Frames share the permutations, so 64 of them are permuted at once: the bits of 64 frames at one
index form a word, words are moved, and a bit-matrix transposition takes them apart again.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.bits import Bits, pack, unpack
from noclone.distillation.reconciliation.cascade_bits import bit, from_bit, trailing_zeros
from noclone.distillation.reconciliation.cascade_search import (
    ASKED,
    END,
    FIRST,
    ODD_BEFORE,
    ROW,
    STEP,
    Search,
)


class Strings:
    """A party's frames, permuted for every pass.

    Parameters
    ----------
    frames : array of 0/1, shape (frames, n)
        The frames as they are; not changed.
    permutations : array of uint16, shape (passes, n)
        Order of the bits in each pass.

    Examples
    --------
    >>> order = np.array([[2, 0, 1]], np.uint16)
    >>> strings = Strings(np.array([[0, 0, 1]], np.uint8), order)
    >>> strings.parities(Search(1, order, (1,), 0)).tolist()
    [1, 0, 0]
    """

    def __init__(self, frames: Bits, permutations: NDArray[np.uint16]) -> None:
        self._frame_bits = frames.shape[1]
        words = self._frame_bits // 64 + 1
        packed = np.zeros((len(frames), 8 * words), np.uint8)
        for row, frame in zip(packed, frames, strict=True):
            row[: (self._frame_bits + 7) // 8] = pack(frame)
        self._rows = np.zeros((len(frames) * len(permutations), words), np.uint64)
        _permute(packed.view("<u8"), permutations, self._rows)
        self._corrections = np.zeros((len(frames), words), np.uint64)

    def parities(self, search: Search) -> Bits:
        """Return the parities that the search asks for, shape (asked,)."""
        answers = np.empty(search.asked, np.uint8)
        _parities(self._rows, search.questions, answers)
        return answers

    def correct(self, search: Search, located: NDArray[np.int32]) -> None:
        """Flip the located bits, shape (errors, 2): frame and index in the frame."""
        state = search.state
        _correct(self._rows, self._corrections, state.positions, state.begun, search.questions, located)

    def correct_original(self, bits: Bits) -> None:
        """Make all corrections in the frames' original, one after another in `bits`, in place."""
        packed = self._corrections.astype("<u8", copy=False).view(np.uint8)
        for row, first in zip(packed, range(0, len(bits), self._frame_bits), strict=True):
            frame = bits[first : first + self._frame_bits]
            frame ^= unpack(row, len(frame))


@njit(cache=True, nogil=True)
def _transpose(words):  # type: ignore[no-untyped-def]
    # Bit k of word i becomes bit i of word k: halves change places, then quarters, and so on.
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
def _permute(packed, permutations, rows):  # type: ignore[no-untyped-def]
    frames, words = packed.shape
    passes, frame_bits = permutations.shape
    lanes = np.empty(64 * words, np.uint64)
    square = np.zeros(64, np.uint64)
    for first in range(0, frames, 64):
        count = min(64, frames - first)
        for word in range(words):
            for i in range(64):
                square[i] = packed[first + i, word] if i < count else np.uint64(0)
            _transpose(square)
            lanes[64 * word : 64 * word + 64] = square
        for p in range(passes):
            for word in range(words):
                for x in range(64):
                    position = 64 * word + x
                    square[x] = lanes[permutations[p, position]] if position < frame_bits else np.uint64(0)
                _transpose(square)
                for i in range(count):
                    rows[(first + i) * passes + p, word] = square[i]


@njit(cache=True, nogil=True)
def _parities(rows, questions, answers):  # type: ignore[no-untyped-def]
    answer = 0
    for k in range(questions.shape[0]):
        row = questions[k, ROW]
        start = np.int64(questions[k, FIRST])
        for _ in range(questions[k, ASKED]):
            stop = min(np.int64(questions[k, END]), start + questions[k, STEP])
            word = start >> 6
            last = stop - 1 >> 6
            total = np.uint64(0)
            bits = rows[row, word] & from_bit(start)
            while word < last:
                total ^= bits
                word += 1
                bits = rows[row, word]
            total ^= bits & ~(from_bit(stop - 1) << np.uint64(1))
            for shift in (32, 16, 8, 4, 2, 1):
                total ^= total >> np.uint64(shift)
            answers[answer] = total & np.uint64(1)
            answer += 1
            start = stop


@njit(cache=True, nogil=True)
def _correct(rows, corrections, positions, begun, questions, located):  # type: ignore[no-untyped-def]
    # Rows of passes that are not open yet are left behind; one that opens catches up first.
    passes = positions.shape[0]
    for k in range(questions.shape[0]):
        if questions[k, ODD_BEFORE] == 0:
            row = np.int64(questions[k, ROW])
            frame, p = row // passes, row % passes
            for word in range(corrections.shape[1]):
                bits = corrections[frame, word]
                while bits != 0:
                    x = np.int64(positions[p, (word << 6) + np.int64(trailing_zeros(bits))])
                    rows[row, x >> 6] ^= bit(x)
                    bits &= bits - np.uint64(1)
    for k in range(located.shape[0]):
        frame, i = np.int64(located[k, 0]), np.int64(located[k, 1])
        corrections[frame, i >> 6] ^= bit(i)
        for p in range(begun[frame]):
            x = np.int64(positions[p, i])
            rows[frame * passes + p, x >> 6] ^= bit(x)
