"""Running a `Plan`, one vector of samples after the other.

A chunk is as many samples as a vector has lanes; the last one is filled up with copies of the last sample.
Its state is a flat array of 2 D rows, real parts before imaginary parts, D being 2**qubits.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.quantum.phases import apply, apply_to_product, cos_sin, sample_factors
from noclone.quantum.plan import Plan
from noclone.quantum.settings import Settings, has_sample_phases
from noclone.quantum.simd import broadcast, fma, fnma, inner, load, mul, store, sub, width, zeros
from noclone.quantum.turns import turn_all

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]


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
def read_samples(plan: Plan, settings: Settings, features: Doubles, chunk: int, work: Work) -> None:
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
def product(plan: Plan, start: Floats, tree: Floats) -> None:
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
def fill_factors(plan: Plan, settings: Settings, stage: int, work: Work) -> None:
    """Make the factors of a table whose phases differ between samples, in ``work.real`` and ``work.imag``."""
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
    product(plan, work.start, work.states[0])
    for stage in range(stages):
        old = work.states[stage & 1]
        new = final if stage == stages - 1 else work.states[1 - (stage & 1)]
        gather = settings.gather[stage]
        if has_sample_phases(plan, stage):
            fill_factors(plan, settings, stage, work)
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
        read_samples(plan, settings, features, chunk, work)
        _run(plan, settings, stages, work, final)
        _observe(plan, final, chunk, work.cotangent, values)
