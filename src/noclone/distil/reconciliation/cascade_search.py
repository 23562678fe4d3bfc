"""What both parties of Cascade know: which blocks have a known parity, and what to ask next.

A pass orders the frame's bits by its permutation and cuts that order into *segments* whose
parity Alice has disclosed (or that follows from disclosed ones). A segment is *odd* when Bob's
corrected string still differs from Alice's there an odd number of times. Every question is a
further cut: opening a pass cuts the whole frame into blocks, bisection cuts an odd segment in
two. The last piece of a cut is never asked, for its parity follows from the segment's. Two
bit sets per pass and frame hold all of this: where segments start, and which of them are odd.

Since answers are public, both parties run this same machine and no addresses are sent. All
frames advance in lockstep, one set of questions per round trip.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

START, ODD = 0, 1
"""Planes of `State.marks`."""

ROW, FIRST, STEP, ASKED, END, PARITY = range(6)
"""Columns of a question: in row `ROW` (frame times passes plus pass) the segment [FIRST, END) of
known relative parity PARITY is cut every STEP bits; the first ASKED pieces are asked, and what
is left after them, if anything, follows."""

SPREAD = 4
"""Segments up to 2**SPREAD times the shortest odd one are bisected with it. More shortens the
dialogue and costs leakage, since long segments are then searched that short ones would have
mended."""


class State(NamedTuple):
    """Arrays of the public machine for frames of n bits and passes p."""

    permutations: NDArray[np.uint16]  # [p, x]: index in the frame of position x of the pass
    positions: NDArray[np.uint16]  # [p, i]: position in the pass of index i of the frame
    block_bits: NDArray[np.int64]  # [p]
    marks: NDArray[np.uint64]  # [frame * passes + p, word, plane]
    settled: NDArray[np.uint64]  # [frame, p, word]: bits known to agree, for the first passes only
    begun: NDArray[np.uint8]  # [frame]: passes opened so far
    widest: int  # size class up to which segments of different passes are searched together


class Search:
    """The public side of Cascade for a group of frames.

    Parameters
    ----------
    frames : int
        Number of frames.
    permutations : array of uint16, shape (passes, n)
        Order of the frame's bits in each pass, shared by the frames.
    block_bits : sequence of int
        Block length of each pass; passes of the same length open together.
    settled_passes : int
        In this many first passes bits known to agree are left out of the bisection.

    Attributes
    ----------
    questions : array of int32, shape (questions, 6)
        What Alice has to answer next; empty when the search has ended.
    asked : int
        Number of parities that the questions ask for.
    """

    def __init__(
        self,
        frames: int,
        permutations: NDArray[np.uint16],
        block_bits: tuple[int, ...],
        settled_passes: int,
    ) -> None:
        passes, frame_bits = permutations.shape
        words = frame_bits // 64 + 1
        self._state = State(
            permutations,
            np.argsort(permutations, axis=1).astype(np.uint16),
            np.array(block_bits, np.int64),
            np.zeros((frames * passes, words, 2), np.uint64),
            np.zeros((frames, min(settled_passes, passes), words), np.uint64),
            np.zeros(frames, np.uint8),
            (block_bits[min(1, passes - 1)] - 1).bit_length(),
        )
        self._pending = np.empty(0, np.uint32)
        self._bounds = np.zeros(frames + 1, np.int64)
        self.questions = np.empty((0, 6), np.int32)
        self.learn(np.empty(0, np.uint8))

    @property
    def positions(self) -> NDArray[np.uint16]:
        """Position of each index of the frame in each pass, shape (passes, n)."""
        return self._state.positions

    def learn(self, differs: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Take the answers to the questions and form the next ones.

        Parameters
        ----------
        differs : array of uint8, shape (asked,)
            1 where Bob's parity differs from Alice's.

        Returns
        -------
        array of int32, shape (errors, 2)
            Frame and index in the frame of every bit that is now known to be wrong at Bob.
        """
        self._pending, self.questions, located = _advance(
            self._state, self._pending, self._bounds, self.questions, differs
        )
        self.asked = int(self.questions[:, ASKED].sum())
        return located


@intrinsic  # type: ignore[misc]
def trailing_zeros(_context, _word):  # type: ignore[no-untyped-def]
    """Return the index of the lowest set bit of a word that is not zero."""

    def code(_context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), code


@intrinsic  # type: ignore[misc]
def leading_zeros(_context, _word):  # type: ignore[no-untyped-def]
    """Return the number of zeros above the highest set bit of a word."""

    def code(_context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), code


@intrinsic  # type: ignore[misc]
def popcount(_context, _word):  # type: ignore[no-untyped-def]
    """Return the number of set bits of a word."""

    def code(_context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


@njit(cache=True, nogil=True)
def _bit(x):  # type: ignore[no-untyped-def]
    return np.uint64(1) << np.uint64(x & 63)


@njit(cache=True, nogil=True)
def _from(x):  # type: ignore[no-untyped-def]
    return ~np.uint64(0) << np.uint64(x & 63)


@njit(cache=True, nogil=True)
def _size_class(bits):  # type: ignore[no-untyped-def]
    return 64 - np.int64(leading_zeros(np.uint64(bits - 1)))


@njit(cache=True, nogil=True)
def _segment_start(marks, row, x):  # type: ignore[no-untyped-def]
    word = x >> 6
    found = marks[row, word, START] & ~(_from(x) << np.uint64(1))
    while found == 0:
        word -= 1
        found = marks[row, word, START]
    return (word << 6) + 63 - np.int64(leading_zeros(found))


@njit(cache=True, nogil=True)
def _segment_end(marks, row, x):  # type: ignore[no-untyped-def]
    # Opening a pass sets a mark at n too, so that the last segment ends like any other.
    word = (x + 1) >> 6
    found = marks[row, word, START] & _from(x + 1)
    while found == 0:
        word += 1
        found = marks[row, word, START]
    return (word << 6) + np.int64(trailing_zeros(found))


@njit(cache=True, nogil=True)
def _unsettled(settled, first, end):  # type: ignore[no-untyped-def]
    count = np.int64(0)
    for word in range(first >> 6, (end - 1 >> 6) + 1):
        bits = ~settled[word]
        if word == first >> 6:
            bits &= _from(first)
        if word == end - 1 >> 6:
            bits &= ~(_from(end - 1) << np.uint64(1))
        count += np.int64(popcount(bits))
    return count


@njit(cache=True, nogil=True)
def _after_unsettled(settled, first, count):  # type: ignore[no-untyped-def]
    # The position of the unsettled bit that has `count` unsettled bits between `first` and itself.
    word = first >> 6
    bits = ~settled[word] & _from(first)
    while np.int64(popcount(bits)) <= count:
        count -= np.int64(popcount(bits))
        word += 1
        bits = ~settled[word]
    while count > 0:
        bits &= bits - np.uint64(1)
        count -= 1
    return (word << 6) + np.int64(trailing_zeros(bits))


@njit(cache=True, nogil=True)
def _with_room(array, used):  # type: ignore[no-untyped-def]
    if used < array.shape[0]:
        return array
    wider = np.empty((2 * used + 64,) + array.shape[1:], array.dtype)
    wider[:used] = array[:used]
    return wider


@njit(cache=True, nogil=True)
def _push(pending, used, size_class, p, start):  # type: ignore[no-untyped-def]
    # The order of entries as numbers is the order of preference: shortest first, then oldest pass.
    pending = _with_room(pending, used)
    pending[used] = (size_class << 24) | (p << 16) | start
    return pending, used + 1


@njit(cache=True, nogil=True)
def _settle(state, frame, i):  # type: ignore[no-untyped-def]
    for p in range(min(state.begun[frame], state.settled.shape[1])):
        x = np.int64(state.positions[p, i])
        state.settled[frame, p, x >> 6] |= _bit(x)


@njit(cache=True, nogil=True)
def _correct(state, frame, i, pending, used):  # type: ignore[no-untyped-def]
    # Bob's bit i changes: the segment around it turns in every pass; those that become odd wait.
    # A single bit that becomes odd contradicts an earlier answer, and is left to verification.
    passes = state.block_bits.shape[0]
    for p in range(state.begun[frame]):
        row = frame * passes + p
        start = _segment_start(state.marks, row, np.int64(state.positions[p, i]))
        state.marks[row, start >> 6, ODD] ^= _bit(start)
        if state.marks[row, start >> 6, ODD] & _bit(start):
            bits = _segment_end(state.marks, row, start) - start
            if bits > 1:
                pending, used = _push(pending, used, _size_class(bits), p, start)
    return pending, used


@njit(cache=True, nogil=True)
def _open_passes(state, frame, questions, used):  # type: ignore[no-untyped-def]
    passes, frame_bits = state.permutations.shape
    bits = state.block_bits[state.begun[frame]]
    while state.begun[frame] < passes and state.block_bits[state.begun[frame]] == bits:
        p = state.begun[frame]
        row = frame * passes + p
        state.begun[frame] += 1
        state.marks[row, 0, START] |= _bit(0)
        state.marks[row, frame_bits >> 6, START] |= _bit(frame_bits)
        if 0 < p < state.settled.shape[1]:
            for x in range(frame_bits):
                if state.settled[frame, 0, x >> 6] & _bit(x):
                    y = np.int64(state.positions[p, state.permutations[0, x]])
                    state.settled[frame, p, y >> 6] |= _bit(y)
        questions = _with_room(questions, used)
        questions[used, ROW] = row
        questions[used, FIRST] = 0
        questions[used, STEP] = bits
        # From the second pass on the frame as a whole is known to be even.
        questions[used, ASKED] = (frame_bits + bits - 1) // bits - (p > 0)
        questions[used, END] = frame_bits
        questions[used, PARITY] = 0
        used += 1
    return questions, used


@njit(cache=True, nogil=True)
def _advance(state, pending, bounds, questions, differs):  # type: ignore[no-untyped-def]
    # `pending` holds the odd segments of all frames, frame after frame (frame f owns
    # pending[bounds[f]:bounds[f + 1]]). Entries may be stale: the segment's ODD mark decides.
    passes = state.block_bits.shape[0]
    waiting = np.empty(pending.shape[0] + 64, np.uint32)
    chosen = np.empty((questions.shape[0] + 64, 6), np.int32)
    located = np.empty((64, 2), np.int32)
    singles = np.empty(64, np.int64)
    n_waiting = n_chosen = n_located = question = answer = 0
    for frame in range(state.begun.shape[0]):
        mine = n_waiting
        my_chosen = n_chosen
        first_pending = bounds[frame]
        bounds[frame] = mine
        for k in range(first_pending, bounds[frame + 1]):
            waiting = _with_room(waiting, n_waiting)
            waiting[n_waiting] = pending[k]
            n_waiting += 1

        n_singles = 0
        while question < questions.shape[0] and questions[question, ROW] // passes == frame:
            row = np.int64(questions[question, ROW])
            p = row - frame * passes
            start = np.int64(questions[question, FIRST])
            end = np.int64(questions[question, END])
            last = questions[question, PARITY]
            asked = questions[question, ASKED]
            question += 1
            while start < end:
                if asked > 0:
                    odd = np.int64(differs[answer])
                    stop = min(end, start + np.int64(questions[question - 1, STEP]))
                    answer += 1
                    asked -= 1
                else:
                    odd = last
                    stop = end
                last ^= odd
                state.marks[row, start >> 6, START] |= _bit(start)
                if odd:
                    state.marks[row, start >> 6, ODD] |= _bit(start)
                if stop - start == 1:
                    _settle(state, frame, state.permutations[p, start])
                    if odd:
                        singles = _with_room(singles, n_singles)
                        singles[n_singles] = (p << 16) | start
                        n_singles += 1
                elif odd:
                    waiting, n_waiting = _push(waiting, n_waiting, _size_class(stop - start), p, start)
                start = stop

        while True:
            for k in range(n_singles):
                p = singles[k] >> 16
                x = singles[k] & 0xFFFF
                row = frame * passes + p
                start = _segment_start(state.marks, row, x)
                if state.marks[row, start >> 6, ODD] & _bit(start):
                    i = state.permutations[p, x]
                    _settle(state, frame, i)
                    located = _with_room(located, n_located)
                    located[n_located, 0] = frame
                    located[n_located, 1] = i
                    n_located += 1
                    waiting, n_waiting = _correct(state, frame, i, waiting, n_waiting)
            n_singles = 0
            if n_chosen > my_chosen:
                break
            if n_waiting == mine:
                if state.begun[frame] == passes:
                    break
                chosen, n_chosen = _open_passes(state, frame, chosen, n_chosen)
                continue

            shortest = waiting[mine:n_waiting].min()
            limit = max(min((shortest >> 24) + SPREAD, state.widest) + 1 << 24, ((shortest >> 16) + 1) << 16)
            # An odd segment with one unsettled bit needs no question; what follows from it comes first.
            for k in range(mine, n_waiting):
                if waiting[k] < limit:
                    p = np.int64(waiting[k] >> 16) & 0xFF
                    start = np.int64(waiting[k] & 0xFFFF)
                    row = frame * passes + p
                    if p < state.settled.shape[1] and state.marks[row, start >> 6, ODD] & _bit(start):
                        end = _segment_end(state.marks, row, start)
                        if _unsettled(state.settled[frame, p], start, end) == 1:
                            singles = _with_room(singles, n_singles)
                            singles[n_singles] = (p << 16) | _after_unsettled(state.settled[frame, p], start, 0)
                            n_singles += 1
            if n_singles > 0:
                continue
            kept = mine
            for k in range(mine, n_waiting):
                if waiting[k] >= limit:
                    waiting[kept] = waiting[k]
                    kept += 1
                    continue
                p = np.int64(waiting[k] >> 16) & 0xFF
                start = np.int64(waiting[k] & 0xFFFF)
                row = frame * passes + p
                if state.marks[row, start >> 6, ODD] & _bit(start) == 0:
                    continue
                end = _segment_end(state.marks, row, start)
                middle = (start + end + 1) >> 1
                if p < state.settled.shape[1]:
                    unsettled = _unsettled(state.settled[frame, p], start, end)
                    if unsettled == 0:
                        continue
                    middle = _after_unsettled(state.settled[frame, p], start, (unsettled + 1) >> 1)
                state.marks[row, start >> 6, ODD] ^= _bit(start)
                chosen = _with_room(chosen, n_chosen)
                chosen[n_chosen, ROW] = row
                chosen[n_chosen, FIRST] = start
                chosen[n_chosen, STEP] = middle - start
                chosen[n_chosen, ASKED] = 1
                chosen[n_chosen, END] = end
                chosen[n_chosen, PARITY] = 1
                n_chosen += 1
            n_waiting = kept
    bounds[-1] = n_waiting
    return waiting[:n_waiting], chosen[:n_chosen], located[:n_located]
