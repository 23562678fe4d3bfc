"""What one vector of weights makes of a `Plan`: the tables and tangents that all samples share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.quantum.phases import cos_sin
from noclone.quantum.plan import Plan
from noclone.quantum.simd import inner, load, store, width

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
def has_sample_phases(plan: Plan, stage: int) -> Any:
    """Return whether a stage's table differs from sample to sample."""
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
    if has_sample_phases(plan, stage):
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
