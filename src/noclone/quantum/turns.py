"""RY on several wires at once, one group of amplitudes in registers: the passes that do most of the work.

Rows are real numbers (real and imaginary parts are rows of their own), each of one vector of samples. A pass
over r wires loads the 2**r rows that differ in these wires' bits, turns them pair by pair and stores them: r
times fewer trips through memory than wire by wire.

A turn is given by one vector t per wire, the tangent of half its angle, and is then too long by 1 / cos: the
table before it makes up for that, and a pair costs 2 FMA. Or it is given by two vectors per wire, cosines
first and then sines, where samples have angles of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from noclone.quantum.simd import (
    UniTuple,
    Vector,
    element_pointer,
    emit_fma,
    emit_fnma,
    inner,
    intrinsic,
    load_as_many,
    load_at,
    pack,
    registers,
    store,
    store_at,
    unpack,
    width,
)

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]
Rows = list[ir.Value]

WIDEST = 4 if registers() == 32 else 3
"""Wires in one pass: 2**WIDEST rows fit the registers."""

WIDEST_BACK = WIDEST - 1
"""The same for two states at once."""

BLOCK = 256
"""Rows that the first-level cache holds."""


def _pairs(rank: int, wire: int) -> list[tuple[int, int]]:
    """Return the pairs of a group's rows that differ in one wire only, the row with bit 0 first."""
    bit = 1 << wire
    return [(row, row | bit) for row in range(1 << rank) if not row & bit]


def _pointers(
    context: Any,
    builder: ir.IRBuilder,
    kind: types.Array,
    array: ir.Value,
    offset: ir.Value,
    strides: Rows,
) -> Rows:
    """Emit the addresses of a group's rows."""
    offsets = [offset]
    for stride in strides:
        offsets += [builder.add(before, stride) for before in offsets]
    return [element_pointer(context, builder, kind, array, place) for place in offsets]


def _turned(builder: ir.IRBuilder, rows: Rows, turns: Rows, rank: int, back: bool) -> Rows:
    """Emit the turns of a group's rows, or their transposes."""
    rows = list(rows)
    forward, backward = (emit_fma, emit_fnma) if back else (emit_fnma, emit_fma)
    for wire in range(rank):
        for low, high in _pairs(rank, wire):
            a, b, sine = rows[low], rows[high], turns[wire - rank]
            if len(turns) > rank:
                cosine = turns[wire]
                rows[low] = forward(builder, sine, b, builder.fmul(cosine, a))
                rows[high] = backward(builder, sine, a, builder.fmul(cosine, b))
            else:
                rows[low] = forward(builder, sine, b, a)
                rows[high] = backward(builder, sine, a, b)
    return rows


@intrinsic
def turn(
    typing_context: Any,
    array: types.Array,
    offset: types.Integer,
    strides: types.UniTuple,
    turns: types.UniTuple,
) -> Any:
    """Turn one group of rows in place; one stride per wire, in elements."""
    kind, rank = Vector(array.dtype), strides.count

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        steps = unpack(builder, arguments[2])
        places = _pointers(context, builder, array, arguments[0], arguments[1], steps)
        rows = [load_at(builder, kind, place) for place in places]
        rows = _turned(builder, rows, unpack(builder, arguments[3]), rank, back=False)
        for value, place in zip(rows, places, strict=True):
            store_at(builder, kind, value, place)
        return context.get_dummy_value()

    return types.void(array, types.intp, UniTuple(types.intp, rank), turns), emit


@intrinsic
def turn_back(
    typing_context: Any,
    kets: types.Array,
    bras: types.Array,
    offset: types.Integer,
    strides: types.UniTuple,
    turns: types.UniTuple,
    slopes: types.UniTuple,
) -> Any:
    """Undo the turns of one group of kets and bras; return `slopes` plus its share of the gradient by angle.

    All wires' slopes are taken before any wire is undone: turns of different wires commute.
    """
    kind, rank = Vector(kets.dtype), strides.count

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        steps = unpack(builder, arguments[3])
        given = unpack(builder, arguments[4])
        sums = unpack(builder, arguments[5])
        places = [_pointers(context, builder, kets, side, arguments[2], steps) for side in arguments[:2]]
        ket, bra = ([load_at(builder, kind, place) for place in side] for side in places)
        for wire in range(rank):
            for low, high in _pairs(rank, wire):
                sums[wire] = emit_fma(builder, bra[high], ket[low], sums[wire])
                sums[wire] = emit_fnma(builder, bra[low], ket[high], sums[wire])
        for rows, side in zip((ket, bra), places, strict=True):
            for value, place in zip(_turned(builder, rows, given, rank, back=True), side, strict=True):
                store_at(builder, kind, value, place)
        return pack(builder, sums)

    return slopes(kets, bras, types.intp, UniTuple(types.intp, rank), turns, slopes), emit


@inner
def _turn_pass(array: Floats, start: int, rows: int, strides: Any, first: int, factors: Any) -> None:
    lanes = width(array)
    turns = load_as_many(factors, first * lanes, strides)
    mask = 0
    for stride in strides:
        mask |= stride // lanes
    row = start
    for _ in range(rows >> len(strides)):
        turn(array, row * lanes, strides, turns)
        row = ((row | mask) + 1) & ~mask  # the next row with zeros in the wires' bits


@inner
def _back_pass(
    kets: Floats,
    bras: Floats,
    start: int,
    rows: int,
    strides: Any,
    first: int,
    factors: Any,
    slopes: Floats,
) -> None:
    lanes = width(kets)
    turns = load_as_many(factors, first * lanes, strides)
    sums = load_as_many((slopes,), first * lanes, strides)
    mask = 0
    for stride in strides:
        mask |= stride // lanes
    row = start
    for _ in range(rows >> len(strides)):
        sums = turn_back(kets, bras, row * lanes, strides, turns, sums)
        row = ((row | mask) + 1) & ~mask
    for i in range(len(strides)):
        store(slopes, (first + i) * lanes, sums[i])


@inner
def _turn_group(array: Floats, start: int, rows: int, bits: Whole, group: Any, factors: Any) -> None:
    first, end = group
    w, b = width(array), bits[first:end]
    if len(b) == 4:
        strides = (w << b[0], w << b[1], w << b[2], w << b[3])
        _turn_pass(array, start, rows, strides, first, factors)
    elif len(b) == 3:
        _turn_pass(array, start, rows, (w << b[0], w << b[1], w << b[2]), first, factors)
    elif len(b) == 2:
        _turn_pass(array, start, rows, (w << b[0], w << b[1]), first, factors)
    else:
        _turn_pass(array, start, rows, (w << b[0],), first, factors)


@inner
def _back_group(
    kets: Floats,
    bras: Floats,
    start: int,
    rows: int,
    bits: Whole,
    group: Any,
    factors: Any,
    slopes: Floats,
) -> None:
    first, end = group
    w, b = width(kets), bits[first:end]
    if len(b) == 3:
        strides = (w << b[0], w << b[1], w << b[2])
        _back_pass(kets, bras, start, rows, strides, first, factors, slopes)
    elif len(b) == 2:
        _back_pass(kets, bras, start, rows, (w << b[0], w << b[1]), first, factors, slopes)
    else:
        _back_pass(kets, bras, start, rows, (w << b[0],), first, factors, slopes)


@inner
def group(first: int, end: int, index: int, groups: int) -> tuple[int, int]:
    """Return which turns group `index` holds when first, …, end - 1 are split evenly."""
    return first + (end - first) * index // groups, first + (end - first) * (index + 1) // groups


@inner
def _far_groups(bits: Whole, first: int, end: int, groups: int, near: int) -> int:
    """Return how many groups, the first ones, reach further than `near` rows."""
    far = 0
    for index in range(groups):
        far += 1 << bits[group(first, end, index, groups)[0]] >= near
    return far


@inner
def turn_all(array: Floats, rows: int, bits: Whole, first: int, end: int, factors: Any) -> None:
    """Apply turns first, …, end - 1 to all rows, in place.

    Parameters
    ----------
    array : ndarray, shape (rows * lanes,)
    bits : ndarray of int
        Which bit of a row's number each turn acts on, in falling order between `first` and `end`.
    factors : tuple of ndarray, shape (turns * lanes,)
        Tangents; or cosines and sines.
    """
    groups, near = -(-(end - first) // WIDEST), min(rows, BLOCK)
    far = _far_groups(bits, first, end, groups, near)
    for begin, stop, span in ((0, far, rows), (far, groups, near)):
        for start in range(0, rows, span):  # near groups stay in blocks that the first-level cache holds
            for index in range(begin, stop):
                _turn_group(array, start, span, bits, group(first, end, index, groups), factors)


@inner
def undo_all(
    kets: Floats, bras: Floats, rows: int, bits: Whole, first: int, end: int, factors: Any, slopes: Floats
) -> None:
    """Undo turns on kets and bras and add each turn's gradient to its row of `slopes`.

    Where `factors` are tangents, a group's slopes are too long by the squared cosines of those before it.
    """
    groups, near = -(-(end - first) // WIDEST_BACK), min(rows, BLOCK)
    far = _far_groups(bits, first, end, groups, near)
    for begin, stop, span in ((0, far, rows), (far, groups, near)):
        for start in range(0, rows, span):
            for index in range(begin, stop):
                now = group(first, end, index, groups)
                _back_group(kets, bras, start, span, bits, now, factors, slopes)
