"""Gradients of a `Plan` by undoing it from its final states.

Kets and bras are undone together, and each angle's gradient is read on the way: T. Jones, J. Gacon,
arXiv:2009.02823. Gradients are summed block by block of samples, so that they do not depend on threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.quantum.kernels import Work, fill_factors, product, read_samples
from noclone.quantum.phases import row_slopes, sample_slopes, undo, undo_real
from noclone.quantum.plan import Plan
from noclone.quantum.settings import Settings, has_sample_phases
from noclone.quantum.simd import (
    PLAIN,
    add,
    broadcast,
    fma,
    fnma,
    inner,
    load,
    mul,
    store,
    total,
    width,
    zeros,
)
from noclone.quantum.turns import WIDEST_BACK, group, undo_all

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]

_reordered: Any = njit(fastmath={"reassoc", "contract", "nsz"}, **PLAIN)
"""Decorator of an inner function whose sums may be taken in any order, several terms at once."""


@inner
def _product_slopes(plan: Plan, start: Floats, tree: Floats, bras: Floats, work: Work) -> None:
    """Find the gradients by the turns of the start, contracting real bras wire by wire."""
    lanes = width(tree)
    turns = len(plan.turn_bits)
    for wire in range(plan.qubits - 1, -1, -1):
        zero, one = load(start, 2 * wire * lanes), load(start, (2 * wire + 1) * lanes)
        slope = zeros(tree)
        for node in range(1 << wire, 2 << wire):
            low, high = load(bras, 2 * node * lanes), load(bras, (2 * node + 1) * lanes)
            slope = fma(load(tree, node * lanes), fnma(one, low, mul(zero, high)), slope)
            store(bras, node * lanes, fma(one, high, mul(zero, low)))
        if plan.start_sample[wire] >= 0:
            store(work.sample_slopes, plan.start_sample[wire] * lanes, slope)
        elif plan.start_shared[wire] >= 0:
            place = (turns + wire) * lanes
            store(work.turn_slopes, place, add(load(work.turn_slopes, place), slope))


@inner
def _begin_back(plan: Plan, final: Floats, kets: Floats, bras: Floats, cotangent: Floats) -> None:
    """Copy final states to kets, and apply the observables, weighted by cotangents, to make bras."""
    lanes, size, parts = width(final), 1 << plan.qubits, len(plan.flip)
    diagonal = 0
    while diagonal < parts and plan.flip[diagonal] == 0:
        diagonal += 1
    for k in range(size):
        x, y = load(final, k * lanes), load(final, (size + k) * lanes)
        weight = zeros(final)
        for part in range(diagonal):
            given = load(cotangent, plan.observable[part] * lanes)
            weight = fma(broadcast(plan.real[part, k]), given, weight)
        u, v = mul(weight, x), mul(weight, y)
        for part in range(diagonal, parts):
            given, other = load(cotangent, plan.observable[part] * lanes), k ^ plan.flip[part]
            a = mul(given, broadcast(plan.real[part, k]))
            b = mul(given, broadcast(plan.imag[part, k]))
            re, im = load(final, other * lanes), load(final, (size + other) * lanes)
            u, v = fnma(b, im, fma(a, re, u)), fma(b, re, fma(a, im, v))
        store(kets, k * lanes, x)
        store(kets, (size + k) * lanes, y)
        store(bras, k * lanes, u)
        store(bras, (size + k) * lanes, v)


@inner
def _table_slopes(
    plan: Plan,
    settings: Settings,
    stage: int,
    wanted: NDArray[np.bool_],
    kets: Floats,
    bras: Floats,
    work: Work,
) -> None:
    """Collect the gradients by the phases of a table; its sample factors, if any, are made on the way."""
    sums = work.phase_slopes[stage]
    if not has_sample_phases(plan, stage):
        if wanted[0]:
            row_slopes(kets, bras, sums)
        return
    fill_factors(plan, settings, stage, work)
    if wanted[0] or wanted[1]:
        row_slopes(kets, bras, work.row_slopes)
    if wanted[0]:
        for k in range(len(sums)):
            sums[k] += total(load(work.row_slopes, k * width(kets)))
    if wanted[1]:
        begin, end = plan.sample_phase_ends[stage], plan.sample_phase_ends[stage + 1]
        square = settings.scale[stage] * settings.scale[stage]
        signs, flips = plan.sample_signs[begin:end], settings.flips[stage]
        sample_slopes(work.row_slopes, square, signs, flips, work.sample_slopes[begin:end])


@inner
def _run_back(plan: Plan, settings: Settings, final: Floats, inputs: int, work: Work) -> None:
    """Undo a chunk from its final states and collect gradients by angles."""
    rows, first = 2 << plan.qubits, plan.first[inputs]
    kets, bras, spare = work.states[0], work.states[1], work.states[2]
    _begin_back(plan, final, kets, bras, work.cotangent)
    shift = plan.sample_phase_ends[plan.stages] * width(kets)
    factors = (work.cosines[shift:], work.sines[shift:])
    slopes = work.sample_slopes.reshape(work.sample_slopes.size)[shift:]
    for stage in range(plan.measured - 1, max(first, 0) - 1, -1):
        ends = plan.sample_turn_ends
        bits = plan.sample_turn_bits
        undo_all(kets, bras, rows, bits, ends[stage], ends[stage + 1], factors, slopes)
        ends = plan.turn_ends
        tangents = (settings.tangents,)
        undo_all(kets, bras, rows, plan.turn_bits, ends[stage], ends[stage + 1], tangents, work.turn_slopes)
        _table_slopes(plan, settings, stage, plan.slopes_of[inputs, stage], kets, bras, work)
        if stage == first:
            return
        gather = settings.gather[stage]
        if stage > 0 and has_sample_phases(plan, stage):
            undo(kets, spare, gather, work.real, work.imag)
            undo(bras, kets, gather, work.real, work.imag)
        elif stage > 0:
            undo(kets, spare, gather, settings.real[stage], settings.imag[stage])
            undo(bras, kets, gather, settings.real[stage], settings.imag[stage])
        elif has_sample_phases(plan, stage):
            undo_real(bras, kets, gather, work.real, work.imag)
        else:
            undo_real(bras, kets, gather, settings.real[stage], settings.imag[stage])
        kets, bras, spare = spare, kets, bras
    if first < 0:
        product(plan, work.start, spare)
        _product_slopes(plan, work.start, spare, bras, work)


@inner
def _chain_samples(
    plan: Plan,
    weights: Doubles,
    settings: Settings,
    chunk: int,
    work: Work,
    by_weight: Doubles,
    by_feature: Doubles,
) -> None:
    """Carry gradients by sample angles on to weights and features (no features if `by_feature` is empty)."""
    terms = plan.sample
    lanes = width(work.cosines)
    ones = len(work.data) - 1
    for t in range(len(terms.angle)):
        slopes = work.sample_slopes[terms.angle[t]]
        i, j = terms.weights[t]
        k, m = terms.features[t]
        if i < len(weights) - 1 or j < len(weights) - 1:
            change = 0.0
            for lane in range(lanes):
                change += slopes[lane] * work.data[k, lane] * work.data[m, lane]
            by_weight[i] += terms.coefficient[t] * weights[j] * change
            by_weight[j] += terms.coefficient[t] * weights[i] * change
        if len(by_feature):
            for lane in range(min(lanes, len(by_feature) - chunk * lanes)):
                change = settings.slopes[t] * slopes[lane]
                if k < ones:
                    by_feature[chunk * lanes + lane, k] += change * work.data[m, lane]
                if m < ones:
                    by_feature[chunk * lanes + lane, m] += change * work.data[k, lane]


@_reordered
def _signed_sum(signs: NDArray[np.int8], slopes: Doubles) -> float:
    slope = 0.0
    for k in range(len(slopes)):
        slope += signs[k] * slopes[k]
    return slope


@inner
def _sum_block(plan: Plan, settings: Settings, work: Work, shared: Doubles) -> None:
    """Sum a block's gradients over lanes and basis states, to one number per shared angle."""
    lanes, phases = width(work.turn_slopes), plan.phase_ends[plan.stages]
    before_flips = work.before_flips
    for stage in range(plan.stages):
        for k in range(1 << plan.qubits):
            before_flips[k ^ settings.flips[stage]] = work.phase_slopes[stage, k]
        square = float(settings.scale[stage]) ** 2
        for a in range(plan.phase_ends[stage], plan.phase_ends[stage + 1]):
            shared[a] = square * _signed_sum(plan.signs[a], before_flips)
        first, end = plan.turn_ends[stage], plan.turn_ends[stage + 1]
        factor, groups = 1.0, -(-(end - first) // WIDEST_BACK)
        for index in range(groups):
            square = 1.0
            now = group(first, end, index, groups)
            for turn in range(now[0], now[1]):
                shared[phases + turn] = factor * total(load(work.turn_slopes, turn * lanes))
                square /= 1.0 + float(settings.tangents[turn * lanes]) ** 2
            factor *= square
    for wire in range(plan.qubits):
        if plan.start_shared[wire] >= 0:
            place = (len(plan.turn_bits) + wire) * lanes
            shared[plan.start_shared[wire]] = total(load(work.turn_slopes, place))


@njit(cache=True, nogil=True)
def backward(
    plan: Plan,
    weights: Doubles,
    settings: Settings,
    features: Doubles,
    blocks: tuple[int, int],
    states: Floats,
    cotangents: Doubles,
    work: Work,
    shared: Doubles,
    by_weight: Doubles,
    by_feature: Doubles,
) -> None:
    """Find the gradients of blocks first, …, end - 1.

    Parameters
    ----------
    weights : ndarray
        End with a 1.
    states : ndarray, shape (chunks, 2 D * lanes)
        What `forward` left.
    cotangents : ndarray, shape (B, observables)
    shared : ndarray, shape (number of all blocks, shared angles)
        Gradients by shared angles, summed over each block.
    by_weight : ndarray, shape (number of all blocks, len(weights))
        Gradients through angles that depend on data, summed over each block.
    by_feature : ndarray, shape (B, F) or (0, F)
        Empty if not asked for.
    """
    lanes = width(states)
    chunks, count = len(states), len(shared)
    turned = plan.sample_phase_ends[plan.stages]
    work.sample_slopes[:] = 0
    for block in range(blocks[0], blocks[1]):
        work.turn_slopes[:] = 0
        work.phase_slopes[:] = 0
        for chunk in range(chunks * block // count, chunks * (block + 1) // count):
            read_samples(plan, settings, features, chunk, work)
            for observable in range(cotangents.shape[1]):
                for lane in range(lanes):
                    sample = chunk * lanes + lane
                    given = cotangents[sample, observable] if sample < len(cotangents) else 0.0
                    work.cotangent[observable, lane] = given
            work.sample_slopes[turned:] = 0
            _run_back(plan, settings, states[chunk], int(len(by_feature) > 0), work)
            _chain_samples(plan, weights, settings, chunk, work, by_weight[block], by_feature)
        _sum_block(plan, settings, work, shared[block])
