"""What both parties of Cascade know: which blocks have a known parity, and what to ask next.

A pass puts a frame's bits in the order of its permutation and cuts that order into *segments*
whose parity Alice has disclosed, or that follows from disclosed ones. A segment is *odd* while
Bob's corrected string differs from Alice's an odd number of times in it. Every question is a
further cut: opening a pass cuts the whole frame into blocks, bisection cuts an odd segment in
two. What is left at the end of a cut is never asked, since it follows from the whole. A bisection
leads to one bit, which is wrong; its correction turns the segments around it in all other passes,
down to the smallest (sub-block reuse), and those that become odd are searched in their turn.

The answers are public, so both parties run this same machine and no addresses are sent. All
frames advance in lockstep, one set of questions for each round trip.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.distillation.reconciliation.cascade_bits import (
    ODD,
    START,
    bit,
    count_unsettled,
    leading_zeros,
    nth_unsettled,
    segment_end,
    segment_start,
    trailing_zeros,
)

ROW, FIRST, STEP, ASKED, END, ODD_BEFORE = range(6)
"""Columns of a question: in row ROW (frame times passes plus pass) the segment [FIRST, END) is
cut every STEP bits, and the parities of the first ASKED pieces are asked. ODD_BEFORE is 1 for a
bisection, 0 for the opening of a pass."""

SPREAD = 4
"""Segments up to 2**SPREAD times as long as the shortest odd one are bisected together with it.
A larger number means fewer round trips and more leakage, because long segments are then searched
for errors that short ones would have shown for fewer bits."""


class State(NamedTuple):
    """Arrays of the public machine; p counts passes, x positions in a pass, i bits of a frame."""

    permutations: NDArray[np.uint16]
    """[p, x] is the bit at position x of pass p."""
    positions: NDArray[np.uint16]
    """[p, i] is the position of bit i in pass p."""
    block_bits: NDArray[np.int64]
    marks: NDArray[np.uint64]
    """[frame * passes + p, word, plane], 64 positions to a word."""
    settled: NDArray[np.uint64]
    """[frame, p, word], first passes only: bits known one by one to agree."""
    begun: NDArray[np.uint8]
    """[frame] passes opened so far."""
    widest: int
    """Size class of the second pass's blocks; longer segments are searched pass by pass."""


class Search:
    """The public side of Cascade for a group of frames.

    Parameters
    ----------
    frames : int
        Number of frames.
    permutations : array of uint16, shape (passes, n)
        Order of the frame's bits in each pass, shared by the frames.
    block_bits : tuple of int
        Block length of each pass; neighbours of equal length open together.
    settled_passes : int
        In this many first passes a bisection halves the bits that are not yet known to agree
        instead of all bits.

    Attributes
    ----------
    questions : array of int32, shape (questions, 6)
        What Alice has to answer next, in the order of the frames; empty when all is done.
    asked : int
        Number of parities that the questions ask for.
    """

    def __init__(
        self, frames: int, permutations: NDArray[np.uint16], block_bits: tuple[int, ...], settled_passes: int
    ) -> None:
        passes, frame_bits = permutations.shape
        words = frame_bits // 64 + 1
        positions = np.empty_like(permutations)
        np.put_along_axis(positions, permutations, np.arange(frame_bits, dtype=np.uint16)[None], axis=1)
        self.state = State(
            permutations=permutations,
            positions=positions,
            block_bits=np.array(block_bits, np.int64),
            marks=np.zeros((frames * passes, words, 2), np.uint64),
            settled=np.zeros((frames, min(settled_passes, passes), words), np.uint64),
            begun=np.zeros(frames, np.uint8),
            widest=(block_bits[min(1, passes - 1)] - 1).bit_length(),
        )
        self._waiting = np.empty(0, np.uint32)
        self._bounds = np.zeros(frames + 1, np.int64)
        self.questions = np.empty((0, 6), np.int32)
        self.learn(np.empty(0, np.uint8))

    def learn(self, differs: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Take the answers to the questions and form the next ones.

        Parameters
        ----------
        differs : array of uint8, shape (asked,)
            1 where Bob's parity differs from Alice's.

        Returns
        -------
        array of int32, shape (errors, 2)
            Frame and bit of every error that the answers located.
        """
        located: NDArray[np.int32]
        self._waiting, self._bounds, self.questions, located = _advance(
            self.state, self._waiting, self._bounds, self.questions, differs
        )
        self.asked = int(self.questions[:, ASKED].sum())
        return located


@njit(cache=True, nogil=True)
def _entry(bits, p, start):  # type: ignore[no-untyped-def]
    # As numbers, entries are in the order of preference: shorter segments, then earlier passes.
    size_class = 64 - np.int64(leading_zeros(np.uint64(bits - 1)))
    return (size_class << 24) | (p << 16) | start


@njit(cache=True, nogil=True)
def _take_answers(  # type: ignore[no-untyped-def]
    state, frame, questions, question, differs, answer, waiting, n_waiting, singles
):
    # Mark the pieces of the frame's cuts; odd ones wait, odd single bits are errors.
    marks, settled = state.marks, state.settled
    permutations, positions = state.permutations, state.positions
    passes = positions.shape[0]
    tracked = min(np.int64(state.begun[frame]), settled.shape[1])
    n_singles = np.int64(0)
    while question < questions.shape[0] and questions[question, ROW] < (frame + 1) * passes:
        row = np.int64(questions[question, ROW])
        p = row - frame * passes
        start = np.int64(questions[question, FIRST])
        step = np.int64(questions[question, STEP])
        asked = questions[question, ASKED]
        end = np.int64(questions[question, END])
        rest_odd = np.uint8(questions[question, ODD_BEFORE])
        question += 1
        while start < end:
            stop = end
            odd = rest_odd
            if asked > 0:
                stop = min(end, start + step)
                odd = differs[answer]
                answer += 1
                asked -= 1
            rest_odd ^= odd
            marks[row, start >> 6, START] |= bit(start)
            marks[row, start >> 6, ODD] |= np.uint64(odd) << np.uint64(start & 63)
            if stop - start == 1:
                i = permutations[p, start]
                for t in range(tracked):
                    x = np.int64(positions[t, i])
                    settled[frame, t, x >> 6] |= bit(x)
                singles[n_singles] = (p << 16) | start
                n_singles += np.int64(odd)
            else:
                waiting[n_waiting] = _entry(stop - start, p, start)
                n_waiting += odd
            start = stop
    return question, answer, n_waiting, n_singles


@njit(cache=True, nogil=True)
def _correct(  # type: ignore[no-untyped-def]
    state, frame, singles, n_singles, waiting, n_waiting, located, n_located
):
    # Correct errors; the segments around each turn, and those that become odd wait.
    marks, settled, positions = state.marks, state.settled, state.positions
    passes = positions.shape[0]
    begun = np.int64(state.begun[frame])
    for k in range(n_singles):
        p = singles[k] >> 16
        x = singles[k] & 0xFFFF
        start = segment_start(marks, frame * passes + p, x)
        if marks[frame * passes + p, start >> 6, ODD] & bit(start) == 0:
            continue  # another pass has led to the same error
        i = state.permutations[p, x]
        located[n_located, 0] = frame
        located[n_located, 1] = i
        n_located += 1
        for t in range(begun):
            row = frame * passes + t
            x = np.int64(positions[t, i])
            if t < settled.shape[1]:
                settled[frame, t, x >> 6] |= bit(x)
            start = segment_start(marks, row, x)
            marks[row, start >> 6, ODD] ^= bit(start)
            if marks[row, start >> 6, ODD] & bit(start):
                bits = segment_end(marks, row, start) - start
                # A single bit that turns odd contradicts an earlier answer: a peer that does
                # not follow the protocol. Verification will tell; here it must only not loop.
                if bits > 1:
                    waiting[n_waiting] = _entry(bits, t, start)
                    n_waiting += 1
    return n_waiting, n_located


@njit(cache=True, nogil=True)
def _open_passes(state, frame, questions, n_questions):  # type: ignore[no-untyped-def]
    marks, settled, begun = state.marks, state.settled, state.begun
    passes, frame_bits = state.permutations.shape
    bits = state.block_bits[begun[frame]]
    while begun[frame] < passes and state.block_bits[begun[frame]] == bits:
        p = np.int64(begun[frame])
        row = frame * passes + p
        begun[frame] += 1
        marks[row, 0, START] |= bit(0)
        marks[row, frame_bits >> 6, START] |= bit(frame_bits)
        if 0 < p < settled.shape[1]:
            for word in range(settled.shape[2]):
                known = settled[frame, 0, word]
                while known != 0:
                    i = state.permutations[0, (word << 6) + np.int64(trailing_zeros(known))]
                    x = np.int64(state.positions[p, i])
                    settled[frame, p, x >> 6] |= bit(x)
                    known &= known - np.uint64(1)
        questions[n_questions, ROW] = row
        questions[n_questions, FIRST] = 0
        questions[n_questions, STEP] = bits
        # The first pass leaves the frame even as a whole, so later ones need not ask their last block.
        questions[n_questions, ASKED] = (frame_bits + bits - 1) // bits - (p > 0)
        questions[n_questions, END] = frame_bits
        questions[n_questions, ODD_BEFORE] = 0
        n_questions += 1
    return n_questions


@njit(cache=True, nogil=True)
def _propose(  # type: ignore[no-untyped-def]
    state, frame, waiting, first, last, limit, questions, n_questions, singles
):
    # Bisections of the odd segments below `limit`; one with a single unsettled bit needs none.
    marks, settled = state.marks, state.settled
    passes = state.block_bits.shape[0]
    n_singles = 0
    for k in range(first, last):
        entry = np.int64(waiting[k])
        p = entry >> 16 & 0xFF
        start = entry & 0xFFFF
        row = frame * passes + p
        if entry >= limit or marks[row, start >> 6, ODD] & bit(start) == 0:
            continue
        end = segment_end(marks, row, start)
        middle = start + end + 1 >> 1
        if p < settled.shape[1]:
            unsettled = count_unsettled(settled, frame, p, start, end)
            if unsettled == 0:
                continue  # a contradiction again
            if unsettled == 1:
                singles[n_singles] = (p << 16) | nth_unsettled(settled, frame, p, start, 0)
                n_singles += 1
                continue
            middle = nth_unsettled(settled, frame, p, start, unsettled + 1 >> 1)
        questions[n_questions, ROW] = row
        questions[n_questions, FIRST] = start
        questions[n_questions, STEP] = middle - start
        questions[n_questions, ASKED] = 1
        questions[n_questions, END] = end
        questions[n_questions, ODD_BEFORE] = 1
        n_questions += 1
    return n_questions, n_singles


@njit(cache=True, nogil=True)
def _settle_on(marks, waiting, first, last, limit, questions, first_question, n_questions):  # type: ignore[no-untyped-def]
    # Take the proposed segments off the list; a segment that was listed twice is asked once.
    kept = first
    for k in range(first, last):
        if waiting[k] >= limit:
            waiting[kept] = waiting[k]
            kept += 1
    chosen = first_question
    for k in range(first_question, n_questions):
        row, start = questions[k, ROW], questions[k, FIRST]
        if marks[row, start >> 6, ODD] & bit(start):
            marks[row, start >> 6, ODD] ^= bit(start)
            for column in range(6 if chosen < k else 0):
                questions[chosen, column] = questions[k, column]
            chosen += 1
    return kept, chosen


@njit(cache=True, nogil=True)
def _with_room(array, rows):  # type: ignore[no-untyped-def]
    if rows <= array.shape[0]:
        return array
    wider = np.empty((2 * rows,) + array.shape[1:], array.dtype)  # noqa: RUF005 (Numba)
    wider[: array.shape[0]] = array
    return wider


@njit(cache=True, nogil=True)
def _advance(state, old_waiting, old_bounds, old_questions, differs):  # type: ignore[no-untyped-def]
    # Frame f's odd segments are waiting[bounds[f]:bounds[f + 1]]. Entries may be out of date; the
    # ODD mark at the segment's start decides. Buffers grow here, outside the loops that fill them.
    frames, passes = state.begun.shape[0], state.block_bits.shape[0]
    waiting = np.empty(old_waiting.shape[0] + 64, np.uint32)
    questions = np.empty((old_questions.shape[0] + 64, 6), np.int32)
    located = np.empty((64, 2), np.int32)
    singles = np.empty(64, np.int64)
    bounds = np.zeros(frames + 1, np.int64)
    n_waiting = n_questions = n_located = question = answer = 0
    for frame in range(frames):
        first, first_question = n_waiting, n_questions
        pieces = 0
        k = question
        while k < old_questions.shape[0] and old_questions[k, ROW] < (frame + 1) * passes:
            pieces += old_questions[k, ASKED] + 1
            k += 1
        old_first, old_last = old_bounds[frame], old_bounds[frame + 1]
        waiting = _with_room(waiting, n_waiting + old_last - old_first + pieces)
        singles = _with_room(singles, pieces)
        for k in range(old_first, old_last):
            waiting[n_waiting] = old_waiting[k]
            n_waiting += 1
        question, answer, n_waiting, n_singles = _take_answers(
            state, frame, old_questions, question, differs, answer, waiting, n_waiting, singles
        )
        while True:
            waiting = _with_room(waiting, n_waiting + n_singles * passes)
            located = _with_room(located, n_located + n_singles)
            n_waiting, n_located = _correct(
                state, frame, singles, n_singles, waiting, n_waiting, located, n_located
            )
            questions = _with_room(questions, n_questions + n_waiting - first + passes)
            singles = _with_room(singles, n_waiting - first)
            if n_waiting > first:
                shortest = np.int64(waiting[first:n_waiting].min())
                together = min((shortest >> 24) + SPREAD, state.widest) + 1 << 24
                limit = max(together, (shortest >> 16) + 1 << 16)
                proposed, n_singles = _propose(
                    state, frame, waiting, first, n_waiting, limit, questions, n_questions, singles
                )
                if n_singles > 0:
                    continue
                n_waiting, n_questions = _settle_on(
                    state.marks, waiting, first, n_waiting, limit, questions, n_questions, proposed
                )
            elif state.begun[frame] < passes:
                n_questions = _open_passes(state, frame, questions, n_questions)
                n_singles = 0
            else:
                break
            if n_questions > first_question:
                break
        bounds[frame + 1] = n_waiting
    return waiting[:n_waiting], bounds, questions[:n_questions], located[:n_located]
