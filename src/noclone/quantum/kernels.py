"""Forward and backward passes of a `Plan`, one vector of samples after the other.

A chunk is as many samples as a vector has lanes; the last one is filled up with copies of the last sample. Its
state is a flat array of 2 D rows, real parts before imaginary parts. Backward passes follow T. Jones,
J. Gacon, arXiv:2009.02823: kets and bras are undone together, and each angle's gradient is read on the way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.quantum.phases import (
    apply,
    apply_to_product,
    cos_sin,
    row_slopes,
    sample_factors,
    sample_slopes,
    undo,
    undo_real,
)
from noclone.quantum.plan import Plan, Terms
from noclone.quantum.simd import add, broadcast, fma, fnma, inner, load, mul, store, sub, total, width, zeros
from noclone.quantum.turns import WIDEST_BACK, group, turn_all, undo_all

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]


class Settings(NamedTuple):
    """What one vector of weights makes of a plan; the same for all samples."""

    slopes: Doubles
    """[term of a sample angle] coefficient times weights."""
    flips: Whole
    """[stage] bits of the index that turns by more than pi / 2 flip: RY(angle) = RY(angle - pi) RY(pi)."""
    scale: Floats
    """[stage] product of the turns' cosines."""
    gather: NDArray[np.int32]
    """[stage, k]"""
    real: Floats
    """[stage, k] scaled cosines of the shared phases; the phases themselves where samples have their own."""
    imag: Floats
    tangents: Floats
    """[shared turn * lanes]"""
    start: Floats
    """[wire, 2] cosine and sine of the turns of the start."""
    angles: Doubles
    """[shared angle]"""
    cosines: Doubles
    """[k] space for one table; likewise below."""
    sines: Doubles
    flipped: NDArray[np.int8]


class Work(NamedTuple):
    """Memory for one chunk; one of each per thread."""

    states: Floats
    """[3, 2 D * lanes]"""
    real: Floats
    """[D, lanes] factors of a table whose phases differ between samples; empty if no table's do."""
    imag: Floats
    row_slopes: Floats
    data: Doubles
    """[feature, lanes] and a row of ones."""
    turned: Doubles
    """[sample angle, lanes] the angles."""
    angles: Floats
    """[sample angle, lanes] minus half of each, within a turn."""
    cosines: Floats
    """[sample angle * lanes]"""
    sines: Floats
    sample_slopes: Floats
    """[sample angle, lanes] gradient by each."""
    start: Floats
    """[wire, 2, lanes] amplitudes of each wire at the start."""
    turn_slopes: Floats
    """[shared turn * lanes] gradients, summed over the chunks of a block; then those of the start by wire."""
    phase_slopes: Doubles
    """[stage, D] the same by each row's phase."""
    before_flips: Doubles
    """[D] space for a stage of the above."""
    cotangent: Floats
    """[observable, lanes], at least one row."""


@inner
def _shared_angles(plan: Plan, weights: Doubles, angles: Doubles) -> None:
    """Fill in the angles that do not depend on data."""
    terms = plan.shared
    angles[:] = 0
    for t in range(len(terms.angle)):
        angles[terms.angle[t]] += (
            terms.coefficient[t] * weights[terms.weights[t, 0]] * weights[terms.weights[t, 1]]
        )


@inner
def _has_sample_phases(plan: Plan, stage: int) -> bool:
    return plan.sample_phase_ends[stage] < plan.sample_phase_ends[stage + 1]


@inner
def _fill_table(plan: Plan, stage: int, sign: int, settings: Settings) -> None:
    """Fill the table of one stage; the state is negated where `sign` is 1."""
    size, flips = 1 << plan.qubits, settings.flips[stage]
    real, imag = settings.real[stage], settings.imag[stage]
    phase, turned, odd = settings.cosines, settings.sines, settings.flipped
    phase[:] = 0
    for a in range(plan.phase_ends[stage], plan.phase_ends[stage + 1]):
        half = -0.5 * settings.angles[a]
        for k in range(size):
            phase[k] += half * plan.signs[a, k]
    odd[0] = 0
    for bit in range(plan.qubits):  # parity of the bits of k that are flipped
        for k in range(1 << bit):
            odd[k + (1 << bit)] = odd[k] ^ (flips >> bit & 1)
    for k in range(size):  # RY(pi) takes 1 to 0 with a minus sign
        turned[k] = phase[k ^ flips] + np.pi * (sign + (odd[k] ^ odd[flips]))
        settings.gather[stage, k] = plan.source[stage, k ^ flips]
    if _has_sample_phases(plan, stage):
        for k in range(size):
            real[k] = turned[k] - 2 * np.pi * np.rint(turned[k] / (2 * np.pi))
    else:
        for k in range(0, size, width(phase)):
            cosine, sine = cos_sin(load(turned, k))
            store(phase, k, cosine)
            store(turned, k, sine)
        for k in range(size):
            real[k] = settings.scale[stage] * phase[k]
            imag[k] = settings.scale[stage] * turned[k]


@njit(cache=True, nogil=True)
def prepare(plan: Plan, weights: Doubles, settings: Settings) -> None:
    """Fill `settings` for weights, which end with a 1."""
    angles = settings.angles
    _shared_angles(plan, weights, angles)
    lanes = width(settings.tangents)
    phases = plan.phase_ends[plan.stages]
    for stage in range(plan.stages):
        scale, sign, flips = 1.0, 0, 0
        for turn in range(plan.turn_ends[stage], plan.turn_ends[stage + 1]):
            angle = angles[phases + turn]
            rounds = np.rint(angle / (2 * np.pi))
            angle -= 2 * np.pi * rounds
            sign += int(rounds) & 1
            if abs(angle) > 0.5 * np.pi:  # tangents stay below 1
                sign += angle < 0
                angle -= np.copysign(np.pi, angle)
                flips |= 1 << plan.turn_bits[turn]
            tangent = np.tan(0.5 * angle)
            for lane in range(lanes):
                settings.tangents[turn * lanes + lane] = tangent
            scale *= np.cos(0.5 * angle)
        settings.scale[stage] = scale
        settings.flips[stage] = flips
        _fill_table(plan, stage, sign & 1, settings)
    for wire in range(plan.qubits):
        half = 0.5 * angles[plan.start_shared[wire]] if plan.start_shared[wire] >= 0 else 0.0
        settings.start[wire, 0], settings.start[wire, 1] = np.cos(half), np.sin(half)
    terms = plan.sample
    for t in range(len(terms.angle)):
        settings.slopes[t] = (
            terms.coefficient[t] * weights[terms.weights[t, 0]] * weights[terms.weights[t, 1]]
        )


@inner
def _read_samples(plan: Plan, settings: Settings, features: Doubles, chunk: int, work: Work) -> None:
    """Fill in the angles of a chunk's samples and the amplitudes of each wire at the start."""
    lanes, terms = width(work.cosines), plan.sample
    used = len(work.data) - 1
    for lane in range(lanes):
        sample = min(chunk * lanes + lane, len(features) - 1)
        for i in range(used):
            work.data[i, lane] = features[sample, i]
        work.data[used, lane] = 1.0
    angles = work.turned
    angles[:] = 0
    for t in range(len(terms.angle)):
        slope = settings.slopes[t]
        i, j = terms.features[t]
        for lane in range(lanes):
            angles[terms.angle[t], lane] += slope * work.data[i, lane] * work.data[j, lane]
    for a in range(plan.n_sample):
        for lane in range(lanes):
            rounds = np.rint(angles[a, lane] / (4 * np.pi))
            work.angles[a, lane] = 2 * np.pi * rounds - 0.5 * angles[a, lane]
    for a in range(plan.sample_phase_ends[plan.stages], plan.n_sample):
        cosine, sine = cos_sin(load(work.angles, a * lanes))
        store(work.cosines, a * lanes, cosine)
        store(work.sines, a * lanes, sub(zeros(work.sines), sine))
    for wire in range(plan.qubits):
        a = plan.start_sample[wire]
        if a >= 0:
            zero, one = load(work.cosines, a * lanes), load(work.sines, a * lanes)
        else:
            zero, one = broadcast(settings.start[wire, 0]), broadcast(settings.start[wire, 1])
        if plan.start_bits[wire]:
            zero, one = sub(zeros(work.start), one), zero
        store(work.start, 2 * wire * lanes, zero)
        store(work.start, (2 * wire + 1) * lanes, one)


@inner
def _product(plan: Plan, start: Floats, tree: Floats) -> None:
    """Multiply out the start: row 2**q + k holds the amplitude of the first q wires being k."""
    lanes = width(tree)
    store(tree, lanes, broadcast(tree.dtype.type(1)))
    for wire in range(plan.qubits):
        zero, one = load(start, 2 * wire * lanes), load(start, (2 * wire + 1) * lanes)
        for node in range(1 << wire, 2 << wire):
            amplitude = load(tree, node * lanes)
            store(tree, 2 * node * lanes, mul(amplitude, zero))
            store(tree, (2 * node + 1) * lanes, mul(amplitude, one))


@inner
def _product_slopes(plan: Plan, start: Floats, tree: Floats, bras: Floats, work: Work) -> None:
    """Find the gradients by the turns of the start, by contracting real bras with one wire after the other."""
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
def _fill_factors(plan: Plan, settings: Settings, stage: int, work: Work) -> None:
    begin, end = plan.sample_phase_ends[stage], plan.sample_phase_ends[stage + 1]
    sample_factors(
        settings.real[stage],
        settings.scale[stage],
        plan.sample_signs[begin:end],
        settings.flips[stage],
        work.angles[begin:end],
        work.real,
        work.imag,
    )


@inner
def _run(plan: Plan, settings: Settings, stages: int, work: Work, final: Floats) -> None:
    """Bring the product state of a chunk to `final`."""
    rows = 2 << plan.qubits
    _product(plan, work.start, work.states[0])
    for stage in range(stages):
        old = work.states[stage & 1]
        new = final if stage == stages - 1 else work.states[1 - (stage & 1)]
        gather = settings.gather[stage]
        if _has_sample_phases(plan, stage):
            _fill_factors(plan, settings, stage, work)
            if stage == 0:
                apply_to_product(old, new, gather, work.real, work.imag)
            else:
                apply(old, new, gather, work.real, work.imag)
        elif stage == 0:
            apply_to_product(old, new, gather, settings.real[stage], settings.imag[stage])
        else:
            apply(old, new, gather, settings.real[stage], settings.imag[stage])
        ends = plan.turn_ends
        turn_all(new, rows, plan.turn_bits, ends[stage], ends[stage + 1], (settings.tangents,))
        ends = plan.sample_turn_ends
        shift = plan.sample_phase_ends[plan.stages] * width(new)
        factors = (work.cosines[shift:], work.sines[shift:])
        turn_all(new, rows, plan.sample_turn_bits, ends[stage], ends[stage + 1], factors)


@inner
def _observe(plan: Plan, states: Floats, chunk: int, lane_values: Floats, values: Floats) -> None:
    """Add the expectation values of a chunk to their rows of `values`."""
    lanes, size = width(states), 1 << plan.qubits
    for part in range(len(plan.flip)):
        flip, real, imag = plan.flip[part], plan.real[part], plan.imag[part]
        value = zeros(states)
        for k in range(size):
            x, y = load(states, k * lanes), load(states, (size + k) * lanes)
            if flip == 0:
                value = fma(broadcast(real[k]), fma(x, x, mul(y, y)), value)
            else:
                u, v = load(states, (k ^ flip) * lanes), load(states, (size + (k ^ flip)) * lanes)
                value = fma(broadcast(real[k]), fma(x, u, mul(y, v)), value)
                value = fnma(broadcast(imag[k]), fnma(y, u, mul(x, v)), value)
        store(lane_values, 0, value)
        for lane in range(min(lanes, len(values) - chunk * lanes)):
            values[chunk * lanes + lane, plan.observable[part]] += lane_values[0, lane]


@njit(cache=True, nogil=True)
def forward(
    plan: Plan,
    settings: Settings,
    features: Doubles,
    chunks: tuple[int, int],
    stages: int,
    work: Work,
    states: Floats,
    values: Floats,
) -> None:
    """Run chunks first, …, end - 1; states go to row `chunk` of `states`, or to its only row."""
    for chunk in range(chunks[0], chunks[1]):
        final = states[chunk if len(states) > 1 else 0]
        _read_samples(plan, settings, features, chunk, work)
        _run(plan, settings, stages, work, final)
        _observe(plan, final, chunk, work.cotangent, values)


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
    plan: Plan, settings: Settings, stage: int, wanted: NDArray[np.bool_], kets: Floats, bras: Floats, work: Work
) -> None:
    """Collect the gradients by the phases of a table; its sample factors, if any, are made on the way."""
    sums = work.phase_slopes[stage]
    if not _has_sample_phases(plan, stage):
        if wanted[0]:
            row_slopes(kets, bras, sums)
        return
    _fill_factors(plan, settings, stage, work)
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
        undo_all(
            kets, bras, rows, plan.turn_bits, ends[stage], ends[stage + 1], tangents, work.turn_slopes
        )
        _table_slopes(plan, settings, stage, plan.slopes_of[inputs, stage], kets, bras, work)
        if stage == first:
            return
        gather = settings.gather[stage]
        if stage > 0 and _has_sample_phases(plan, stage):
            undo(kets, spare, gather, work.real, work.imag)
            undo(bras, kets, gather, work.real, work.imag)
        elif stage > 0:
            undo(kets, spare, gather, settings.real[stage], settings.imag[stage])
            undo(bras, kets, gather, settings.real[stage], settings.imag[stage])
        elif _has_sample_phases(plan, stage):
            undo_real(bras, kets, gather, work.real, work.imag)
        else:
            undo_real(bras, kets, gather, settings.real[stage], settings.imag[stage])
        kets, bras, spare = spare, kets, bras
    if first < 0:
        _product(plan, work.start, spare)
        _product_slopes(plan, work.start, spare, bras, work)


@inner
def _chain_samples(
    plan: Plan, weights: Doubles, settings: Settings, chunk: int, work: Work, by_weight: Doubles, by_feature: Doubles
) -> None:
    """Carry gradients by sample angles on to weights and features (no features if `by_feature` is empty)."""
    terms: Terms = plan.sample
    lanes = width(work.cosines)
    ones = len(work.data) - 1
    for t in range(len(terms.angle)):
        slopes = work.sample_slopes[terms.angle[t]]
        i, j = terms.weights[t]
        k, l = terms.features[t]
        if i < len(weights) - 1 or j < len(weights) - 1:
            change = 0.0
            for lane in range(lanes):
                change += slopes[lane] * work.data[k, lane] * work.data[l, lane]
            by_weight[i] += terms.coefficient[t] * weights[j] * change
            by_weight[j] += terms.coefficient[t] * weights[i] * change
        if len(by_feature):
            for lane in range(min(lanes, len(by_feature) - chunk * lanes)):
                change = settings.slopes[t] * slopes[lane]
                if k < ones:
                    by_feature[chunk * lanes + lane, k] += change * work.data[l, lane]
                if l < ones:
                    by_feature[chunk * lanes + lane, l] += change * work.data[k, lane]


@njit(nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, fastmath={"reassoc", "contract", "nsz"})
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
        factor, index = 1.0, 0
        now = group(first, end, index, WIDEST_BACK)
        while now[0] < now[1]:
            square = 1.0
            for turn in range(now[0], now[1]):
                shared[phases + turn] = factor * total(load(work.turn_slopes, turn * lanes))
                square /= 1.0 + float(settings.tangents[turn * lanes]) ** 2
            factor *= square
            index += 1
            now = group(first, end, index, WIDEST_BACK)
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
            _read_samples(plan, settings, features, chunk, work)
            for observable in range(cotangents.shape[1]):
                for lane in range(lanes):
                    sample = chunk * lanes + lane
                    given = cotangents[sample, observable] if sample < len(cotangents) else 0.0
                    work.cotangent[observable, lane] = given
            work.sample_slopes[turned:] = 0
            _run_back(plan, settings, states[chunk], int(len(by_feature) > 0), work)
            _chain_samples(plan, weights, settings, chunk, work, by_weight[block], by_feature)
        _sum_block(plan, settings, work, shared[block])


@njit(cache=True, nogil=True)
def chain_shared(plan: Plan, weights: Doubles, shared: Doubles, by_weight: Doubles) -> None:
    """Carry gradients by shared angles, shape (blocks, angles), on to weights; blocks are added in order."""
    terms = plan.shared
    slopes = np.zeros(plan.n_shared)
    for block in range(len(shared)):
        slopes += shared[block]
    for t in range(len(terms.angle)):
        slope = terms.coefficient[t] * slopes[terms.angle[t]]
        i, j = terms.weights[t]
        by_weight[i] += slope * weights[j]
        by_weight[j] += slope * weights[i]
