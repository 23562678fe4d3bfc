"""Compiled passes over Pauli expectation values, with the samples innermost.

A block of samples, as many as a vector register has lanes, is one flat array: 4**n rows, one vector each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.quantum.simd import broadcast, fma, fnma, load, mul, store, sub, width, zeros

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]

SPINS, SWING, MAP, NOISE = 0, 1, 2, 3


class Sparse(NamedTuple):
    """Sparse matrices: row r of matrix m has the entries ``heads[m, r]`` to ``heads[m, r + 1] - 1``."""

    heads: Whole
    columns: Whole
    values: Floats


class Plan(NamedTuple):
    """A lowered circuit for the kernels.

    Attributes
    ----------
    kinds, places : ndarray of int, shape (operations,)
        What each operation is, and which one of its kind.
    spins : ndarray of int, shape (spins, qubits)
        Slots of `noclone.quantum.bloch_chains.Chains`, or -1 for a wire at rest.
    pairs : ndarray of int, shape (swings, 4**n / 4, 2)
    maps, maps_back : Sparse
        The maps, and their transposes.
    seen : Sparse
        One matrix, whose rows are observables.
    start : ndarray, shape (4**n,)
    """

    kinds: Whole
    places: Whole
    spins: Whole
    pairs: Whole
    maps: Sparse
    maps_back: Sparse
    seen: Sparse
    start: Floats


@njit(cache=True, nogil=True)
def _spin(state: Floats, stride: int, turns: Floats) -> None:
    """Rotate one wire's Bloch vectors."""
    w = width(state)
    a0, a1, a2 = load(turns, 0), load(turns, w), load(turns, 2 * w)
    b0, b1, b2 = load(turns, 3 * w), load(turns, 4 * w), load(turns, 5 * w)
    c0, c1, c2 = load(turns, 6 * w), load(turns, 7 * w), load(turns, 8 * w)
    step = stride * w
    for high in range(0, len(state), 4 * step):
        for i in range(high + step, high + 2 * step, w):
            x, y, z = load(state, i), load(state, i + step), load(state, i + 2 * step)
            store(state, i, fma(a2, z, fma(a1, y, mul(a0, x))))
            store(state, i + step, fma(b2, z, fma(b1, y, mul(b0, x))))
            store(state, i + 2 * step, fma(c2, z, fma(c1, y, mul(c0, x))))


@njit(cache=True, nogil=True)
def _torque(state: Floats, bra: Floats, stride: int, torque: Floats) -> None:
    """Write the sum of Bloch vectors times (vector product) their derivatives."""
    w = width(state)
    step = stride * w
    x_plus, y_plus, z_plus = zeros(state), zeros(state), zeros(state)
    x_minus, y_minus, z_minus = zeros(state), zeros(state), zeros(state)
    for high in range(0, len(state), 4 * step):
        for i in range(high + step, high + 2 * step, w):
            x, y, z = load(state, i), load(state, i + step), load(state, i + 2 * step)
            u, v, t = load(bra, i), load(bra, i + step), load(bra, i + 2 * step)
            x_plus, x_minus = fma(y, t, x_plus), fma(z, v, x_minus)
            y_plus, y_minus = fma(z, u, y_plus), fma(x, t, y_minus)
            z_plus, z_minus = fma(x, v, z_plus), fma(y, u, z_minus)
    store(torque, 0, sub(x_plus, x_minus))
    store(torque, w, sub(y_plus, y_minus))
    store(torque, 2 * w, sub(z_plus, z_minus))


@njit(cache=True, nogil=True)
def _transposed(turns: Floats, out: Floats) -> None:
    w = width(turns)
    for i in range(3):
        for j in range(3):
            store(out, (3 * i + j) * w, load(turns, (3 * j + i) * w))


@njit(cache=True, nogil=True)
def _swing(state: Floats, pairs: Whole, cosine: Floats, sine: Floats) -> None:
    """Turn pairs of words into each other."""
    w = width(state)
    c, s = load(cosine, 0), load(sine, 0)
    for k in range(len(pairs)):
        i, j = pairs[k, 0] * w, pairs[k, 1] * w
        a, b = load(state, i), load(state, j)
        store(state, i, fnma(s, b, mul(c, a)))
        store(state, j, fma(s, a, mul(c, b)))


@njit(cache=True, nogil=True)
def _swing_back(
    state: Floats, bra: Floats, pairs: Whole, cosine: Floats, sine: Floats, slope: Floats
) -> None:
    """Undo a swing on a state and its derivatives, and write the derivative by the angle."""
    w = width(state)
    c, s = load(cosine, 0), load(sine, 0)
    plus, minus = zeros(state), zeros(state)
    for k in range(len(pairs)):
        i, j = pairs[k, 0] * w, pairs[k, 1] * w
        a, b = load(state, i), load(state, j)
        u, v = load(bra, i), load(bra, j)
        plus, minus = fma(v, a, plus), fma(u, b, minus)
        store(state, i, fma(s, b, mul(c, a)))
        store(state, j, fnma(s, a, mul(c, b)))
        store(bra, i, fma(s, v, mul(c, u)))
        store(bra, j, fnma(s, u, mul(c, v)))
    store(slope, 0, sub(plus, minus))


@njit(cache=True, nogil=True)
def _map(source: Floats, target: Floats, heads: Whole, columns: Whole, values: Floats) -> None:
    """Apply a sparse matrix."""
    w = width(source)
    for row in range(len(heads) - 1):
        total = zeros(source)
        for k in range(heads[row], heads[row + 1]):
            total = fma(broadcast(values[k]), load(source, columns[k] * w), total)
        store(target, row * w, total)


@njit(cache=True, nogil=True)
def _run(
    plan: Plan, block: int, spins: Floats, swings: Floats, state: Floats, spare: Floats, saved: Floats
) -> tuple[Floats, Floats]:
    """Run one block; return the array that holds the state, and the other. Save states before noise."""
    w = width(state)
    qubits = plan.spins.shape[1]
    for row in range(len(plan.start)):
        store(state, row * w, broadcast(plan.start[row]))
    noisy = 0
    for operation in range(len(plan.kinds)):
        kind, place = plan.kinds[operation], plan.places[operation]
        if kind == SPINS:
            for wire in range(qubits):
                slot = plan.spins[place, wire]
                if slot >= 0:
                    _spin(state, 4 ** (qubits - 1 - wire), spins[block, slot])
        elif kind == SWING:
            _swing(state, plan.pairs[place], swings[0, block, place], swings[1, block, place])
        else:
            if kind == NOISE and len(saved):
                saved[noisy] = state
                noisy += 1
            _map(state, spare, plan.maps.heads[place], plan.maps.columns, plan.maps.values)
            state, spare = spare, state
    return state, spare


@njit(cache=True, nogil=True)
def forward(plan: Plan, spins: Floats, swings: Floats, first: int, last: int, values: Floats) -> None:
    """Write the expectation values of blocks first, ..., last - 1.

    Parameters
    ----------
    plan : Plan
    spins : ndarray, shape (blocks, slots, 9 * lanes)
    swings : ndarray, shape (2, blocks, swings, lanes)
        Cosines and sines.
    first, last : int
    values : ndarray, shape (blocks, observables, lanes)
    """
    w = width(values)
    rows = len(plan.start)
    one, two = np.empty(rows * w, values.dtype), np.empty(rows * w, values.dtype)
    nothing = np.empty((0, 0), values.dtype)
    heads = plan.seen.heads[0]
    for block in range(first, last):
        state, _ = _run(plan, block, spins, swings, one, two, nothing)
        for row in range(values.shape[1]):
            total = zeros(values)
            for k in range(heads[row], heads[row + 1]):
                total = fma(broadcast(plan.seen.values[k]), load(state, plan.seen.columns[k] * w), total)
            store(values[block, row], 0, total)


@njit(cache=True, nogil=True)
def final(plan: Plan, spins: Floats, swings: Floats, states: Floats) -> None:
    """Write the states of all blocks, shape (blocks, rows * lanes); the others as for `forward`."""
    spare = np.empty(states.shape[1], states.dtype)
    nothing = np.empty((0, 0), states.dtype)
    for block in range(len(states)):
        state, _ = _run(plan, block, spins, swings, states[block], spare, nothing)
        states[block] = state


@njit(cache=True, nogil=True)
def backward(
    plan: Plan,
    spins: Floats,
    swings: Floats,
    cotangents: Floats,
    first: int,
    last: int,
    torques: Floats,
    slopes: Floats,
) -> None:
    """Write the derivatives of ``sum(cotangents * values)`` by spins and swings.

    Parameters
    ----------
    plan, spins, swings, first, last
        As for `forward`.
    cotangents : ndarray, shape (blocks, observables, lanes)
    torques : ndarray, shape (blocks, slots, 3 * lanes)
        Derivatives by a small rotation after each slot, by axis.
    slopes : ndarray, shape (blocks, swings, lanes)
    """
    w = width(cotangents)
    rows, qubits = len(plan.start), plan.spins.shape[1]
    buffers = np.empty((4, rows * w), cotangents.dtype)
    saved = np.empty((np.sum(plan.kinds == NOISE), rows * w), cotangents.dtype)
    turns = np.empty(9 * w, cotangents.dtype)
    heads = plan.seen.heads[0]
    for block in range(first, last):
        state, spare = _run(plan, block, spins, swings, buffers[0], buffers[1], saved)
        bra, bra_spare = buffers[2], buffers[3]
        bra[:] = 0
        for row in range(cotangents.shape[1]):
            weight = load(cotangents[block, row], 0)
            for k in range(heads[row], heads[row + 1]):
                i = plan.seen.columns[k] * w
                store(bra, i, fma(broadcast(plan.seen.values[k]), weight, load(bra, i)))
        noisy = len(saved)
        for operation in range(len(plan.kinds) - 1, -1, -1):
            kind, place = plan.kinds[operation], plan.places[operation]
            if kind == SPINS:
                for wire in range(qubits):
                    slot = plan.spins[place, wire]
                    if slot >= 0:
                        stride = 4 ** (qubits - 1 - wire)
                        _torque(state, bra, stride, torques[block, slot])
                        if operation:
                            _transposed(spins[block, slot], turns)
                            _spin(state, stride, turns)
                            _spin(bra, stride, turns)
            elif kind == SWING:
                cosine, sine = swings[0, block, place], swings[1, block, place]
                _swing_back(state, bra, plan.pairs[place], cosine, sine, slopes[block, place])
            else:
                back = plan.maps_back
                _map(bra, bra_spare, back.heads[place], back.columns, back.values)
                bra, bra_spare = bra_spare, bra
                if kind == NOISE:
                    noisy -= 1
                    state = saved[noisy]
                else:
                    _map(state, spare, back.heads[place], back.columns, back.values)
                    state, spare = spare, state
