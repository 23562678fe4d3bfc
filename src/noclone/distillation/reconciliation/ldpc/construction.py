"""The choices that make a quasi-cyclic code: base graph and shifts.

The base graph comes from progressive edge growth; each of its edges is then turned into a
shifted identity matrix, the shifts chosen so that the lifted graph has no cycle of length 4
and, between columns of low degree, as few other short ones as can be had.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_NARROW = 4
"""Columns up to this degree are kept out of each other's short cycles."""
_HORIZON = 4
"""Longest path, in columns, that a new edge looks along for the cycle it would close."""
_ATTEMPTS = 20
"""Tries to place a column without closing a cycle of length 4 before the best is taken."""


@numba.njit(cache=True, nogil=True)
def _draw(state: NDArray[np.uint64], below: int) -> int:
    """Return an integer in [0, below): SplitMix64, so that a code never depends on a library."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    word = state[0]
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    word ^= word >> np.uint64(31)
    return int(np.int64(word >> np.uint64(32)) * below >> 32)


@numba.njit(cache=True, nogil=True)
def base_graph(degrees: Integers, rows: int, seed: np.uint64) -> Integers:
    """Return each column's rows, shape (columns, largest degree), -1 where there is none."""
    state = np.array([seed])
    columns = len(degrees)
    neighbours = np.full((columns, degrees.max()), -1, np.int64)
    row_degrees = np.zeros(rows, np.int64)
    row_columns = np.empty((rows, columns), np.int64)
    reached = np.empty(rows, np.bool_)
    near = np.empty(rows, np.bool_)
    visited = np.empty(columns, np.bool_)
    for column in range(columns):
        for edge in range(degrees[column]):
            # Grow the tree around the column until it stops or is about to hold every row;
            # a row outside it closes no cycle, or the longest one there can be.
            reached[:] = False
            visited[:] = False
            visited[column] = True
            for k in range(edge):
                reached[neighbours[column, k]] = True
            near[:] = reached
            while True:
                grown = False
                for row in range(rows):
                    if near[row]:
                        for k in range(row_degrees[row]):
                            other = row_columns[row, k]
                            if not visited[other]:
                                visited[other] = True
                                for j in range(degrees[other]):
                                    next_row = neighbours[other, j]
                                    if next_row >= 0 and not reached[next_row]:
                                        reached[next_row] = True
                                        grown = True
                if not grown or reached.all():
                    break
                near[:] = reached
            pick = -1
            ties = 0
            for row in range(rows):
                if near[row] or (pick >= 0 and row_degrees[row] > row_degrees[pick]):
                    continue
                if pick >= 0 and row_degrees[row] == row_degrees[pick]:
                    ties += 1
                    if _draw(state, ties) > 0:
                        continue
                else:
                    ties = 1
                pick = row
            neighbours[column, edge] = pick
            row_columns[pick, row_degrees[pick]] = column
            row_degrees[pick] += 1
    return neighbours


@numba.njit(cache=True, nogil=True)
def choose_shifts(neighbours: Integers, degrees: Integers, rows: int, size: int, seed: np.uint64) -> Integers:
    """Return the shift of each edge, shape of `neighbours`.

    Two columns that meet the same two rows close a cycle of length 4 where their shifts differ
    by the same amount between those rows, so `used` counts the differences of each pair of
    rows. The widest columns choose first, while there is most choice; the narrow ones, which
    low-weight codewords are made of, then also keep out of each other's short cycles.
    """
    state = np.array([seed])
    columns = len(degrees)
    shifts = np.zeros_like(neighbours)
    used = np.zeros((rows, rows, size), np.int8)
    wide = 0
    for column in range(columns - 1, -1, -1):
        if degrees[column] <= _NARROW:
            break
        _place_wide(neighbours[column], degrees[column], used, state, shifts[column])
        _mark(neighbours[column], degrees[column], shifts[column], used)
        wide += 1
    met = np.zeros((rows, columns), np.int64)
    turns = np.zeros((rows, columns), np.int64)
    meetings = np.zeros(rows, np.int64)
    distance = np.empty((rows, size), np.int64)
    for column in range(columns - wide):
        own = neighbours[column]
        for edge in range(degrees[column]):
            row = own[edge]
            if edge > 0:
                _distances(
                    own[:edge],
                    shifts[column],
                    row,
                    met,
                    turns,
                    meetings,
                    neighbours,
                    degrees,
                    shifts,
                    distance,
                )
            start = _draw(state, size)
            best = -1
            for k in range(size):
                shift = (start + k) % size
                closed = 0
                for other in range(edge):
                    closed += used[row, own[other], (shift - shifts[column, other]) % size]
                # far away first, and above all no cycle of length 4
                score = (distance[row, -shift % size] if edge > 0 else 0) - (_HORIZON + 2) * closed
                if k == 0 or score > best:
                    best = score
                    shifts[column, edge] = shift
        for edge in range(degrees[column]):
            row = own[edge]
            met[row, meetings[row]] = column
            turns[row, meetings[row]] = shifts[column, edge]
            meetings[row] += 1
        _mark(own, degrees[column], shifts[column], used)
    return shifts


@numba.njit(cache=True, nogil=True)
def _place_wide(
    own: Integers, degree: int, used: NDArray[np.int8], state: NDArray[np.uint64], shifts: Integers
) -> None:
    """Choose a column's shifts, greedily and repeatedly, for the fewest cycles of length 4."""
    size = used.shape[2]
    trial = np.zeros(degree, np.int64)
    fewest = 1 << 30
    for _ in range(_ATTEMPTS):
        cycles = 0
        for edge in range(degree):
            start = _draw(state, size)
            least = 1 << 30
            for k in range(size):
                shift = (start + k) % size
                closed = 0
                for other in range(edge):
                    closed += used[own[edge], own[other], (shift - trial[other]) % size]
                if closed < least:
                    least = closed
                    trial[edge] = shift
                    if closed == 0:
                        break
            cycles += least
        if cycles < fewest:
            fewest = cycles
            shifts[:degree] = trial
            if cycles == 0:
                break


@numba.njit(cache=True, nogil=True)
def _mark(own: Integers, degree: int, shifts: Integers, used: NDArray[np.int8]) -> None:
    """Count the shift differences of a placed column."""
    for a in range(degree):
        for b in range(degree):
            if a != b:
                difference = (shifts[a] - shifts[b]) % used.shape[2]
                used[own[a], own[b], difference] = min(used[own[a], own[b], difference] + 1, 127)


@numba.njit(cache=True, nogil=True)
def _distances(
    sources: Integers,
    source_shifts: Integers,
    goal: int,
    met: Integers,
    turns: Integers,
    meetings: Integers,
    neighbours: Integers,
    degrees: Integers,
    shifts: Integers,
    distance: Integers,
) -> None:
    """Fill in each check's distance, in placed narrow columns, from a new column's checks.

    Stops once the checks of row `goal` have all been found or the horizon is reached; what lies
    beyond stays at `_HORIZON` + 1.
    """
    rows, size = distance.shape
    unknown = _HORIZON + 1
    distance[:] = unknown
    queue = np.empty(rows * size, np.int64)
    head, tail, missing = 0, 0, size
    for k in range(len(sources)):
        position = -source_shifts[k] % size
        distance[sources[k], position] = 0
        queue[tail] = sources[k] * size + position
        tail += 1
    while head < tail and missing > 0:
        row, position = queue[head] // size, queue[head] % size
        head += 1
        if distance[row, position] == _HORIZON:
            break
        for k in range(meetings[row]):
            column = met[row, k]
            copy = position + turns[row, k]
            for edge in range(degrees[column]):
                next_row = neighbours[column, edge]
                next_position = (copy - shifts[column, edge]) % size
                if distance[next_row, next_position] == unknown:
                    distance[next_row, next_position] = distance[row, position] + 1
                    queue[tail] = next_row * size + next_position
                    tail += 1
                    if next_row == goal:
                        missing -= 1
