"""A lowered circuit and its observables as flat arrays: what the compiled kernels read.

Angles are numbered in two lists: *shared* ones, which are the same for all samples, and *sample* ones, which
depend on data. In each list the phases of tables come first, stage by stage, then the turns, stage by stage,
then the turns of the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from noclone.quantum.angle import Angle
from noclone.quantum.circuit import Circuit
from noclone.quantum.lowering import Program, Stage, Table, Turn, lower
from noclone.quantum.observables import Observable

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]


class Terms(NamedTuple):
    """Polynomials: term t adds ``coefficient * w[i] * w[j] * x[k] * x[l]`` to an angle.

    A factor that is not there is the index one beyond the last weight or feature: a number 1 stands there.
    """

    angle: Whole
    coefficient: Doubles
    weights: Whole
    """[term, 2]"""
    features: Whole
    """[term, 2]"""


class Plan(NamedTuple):
    """A circuit that begins in a product state and goes on with `stages` of one table and turns each.

    Where all observables are diagonal, the last table can be left out (`measured` stages are run): it is
    folded into the observables.
    """

    qubits: int
    stages: int
    measured: int
    shared: Terms
    sample: Terms
    n_shared: int
    n_sample: int
    source: NDArray[np.int32]
    """[stage, k] which amplitude comes to k."""
    signs: NDArray[np.int8]
    """[shared phase, k]"""
    phase_ends: Whole
    """[stage], [stage + 1]: which shared phases a stage has; likewise below."""
    turn_bits: Whole
    """[shared turn] bit of the index that it turns."""
    turn_ends: Whole
    sample_signs: Floats
    """[sample phase, k]"""
    sample_phase_ends: Whole
    sample_turn_bits: Whole
    sample_turn_ends: Whole
    start_bits: Whole
    """[wire] 0 or 1 before the turns of the start."""
    start_shared: Whole
    """[wire] which shared angle turns it at the start, or -1."""
    start_sample: Whole
    slopes_of: NDArray[np.bool_]
    """[inputs, stage, 2] whether gradients by its shared, its sample phases are asked for."""
    first: Whole
    """[inputs] the first stage whose table need not be undone; -1 if the start has a gradient too."""
    observable: Whole
    """[part] which observable it belongs to: ``(O psi)[k] = (real + i imag)[k] * psi[k ^ flip]``."""
    flip: Whole
    """[part] zero first."""
    real: Floats
    imag: Floats


def _terms(angles: Sequence[Angle], n_weights: int, n_features: int) -> Terms:
    flat = [(i, term) for i, angle in enumerate(angles) for term in angle.terms]

    def padded(indices: tuple[int, ...], blank: int) -> list[int]:
        return [*indices, blank, blank][:2]

    return Terms(
        np.array([i for i, _ in flat], np.int64),
        np.array([term.coefficient for _, term in flat], float),
        np.array([padded(term.weights, n_weights) for _, term in flat], np.int64).reshape(-1, 2),
        np.array([padded(term.features, n_features) for _, term in flat], np.int64).reshape(-1, 2),
    )


def _begun(program: Program) -> tuple[int, list[Turn], list[Stage]]:
    """Split off what makes a product state: the basis state and turns it begins with, and the other stages.

    The phase that the first table gives to its one basis state is global, and goes to the next table.
    """
    first, *rest = program.stages
    if not rest:
        return 0, [], [first]
    state = int(np.flatnonzero(first.table.source == 0)[0])
    phase = Angle()
    for angle, signs in zip(first.table.angles, first.table.signs, strict=True):
        phase += angle * float(signs[state])
    table = rest[0].table
    if phase.terms:
        signs = np.vstack([table.signs, np.ones_like(table.signs, shape=(1, 2**program.qubits))])
        table = Table(table.source, signs, [*table.angles, phase])
    return state, first.turns, [Stage(table, rest[0].turns), *rest[1:]]


def _parts(observables: Sequence[Observable], qubits: int) -> list[tuple[int, int, NDArray[np.complex128]]]:
    """Return observables as (observable, flip, factor by basis state), diagonal parts first."""
    index = np.arange(2**qubits)
    parts: dict[tuple[int, int], NDArray[np.complex128]] = {}
    for number, observable in enumerate(observables):
        for coefficient, word in observable.words:
            flip, factor = 0, np.full(2**qubits, complex(coefficient))
            for wire, letter in enumerate(word):
                bit = qubits - 1 - wire
                sign = 1 - 2 * (index >> bit & 1)
                flip |= (letter in "XY") << bit
                factor *= {"I": 1, "X": 1, "Y": -1j * sign, "Z": sign}[letter]
            parts[flip, number] = parts.get((flip, number), 0) + factor
    return [(number, flip, factor) for (flip, number), factor in sorted(parts.items(), key=lambda p: p[0])]


def make_plan(circuit: Circuit, observables: Sequence[Observable], dtype: DTypeLike) -> Plan:
    """Lower a circuit and flatten it; `dtype` is the precision of the kernels.

    Raises
    ------
    InvalidInput
        If the circuit holds a noise channel.
    """
    qubits = circuit.qubits
    state, start, stages = _begun(lower(circuit))
    phases: tuple[list[Angle], list[Angle]] = ([], [])
    signs: tuple[list[NDArray[np.int8]], list[NDArray[np.int8]]] = ([], [])
    turns: tuple[list[Turn], list[Turn]] = ([], [])
    ends = np.zeros((2, 2, len(stages) + 1), np.int64)
    for number, stage in enumerate(stages):
        for angle, row in zip(stage.table.angles, stage.table.signs, strict=True):
            phases[angle.of_data].append(angle)
            signs[angle.of_data].append(row)
        for turn in stage.turns:
            turns[turn.angle.of_data].append(turn)
        for kind in (0, 1):
            ends[:, kind, number + 1] = len(phases[kind]), len(turns[kind])
    angles = [[*phases[kind], *(turn.angle for turn in turns[kind])] for kind in (0, 1)]
    started = np.full((2, qubits), -1)
    for turn in start:
        kind = int(turn.angle.of_data)
        started[kind, turn.wire] = len(angles[kind])
        angles[kind].append(turn.angle)

    slopes_of = np.zeros((2, len(stages), 2), bool)
    first = np.full(2, len(stages))
    for inputs in (0, 1):

        def wanted(angle: Angle, inputs: int = inputs) -> bool:
            return angle.trainable or (inputs == 1 and angle.of_data)

        for number in reversed(range(len(stages))):
            for kind in (0, 1):
                of_stage = slice(*ends[0, kind, number : number + 2])
                slopes_of[inputs, number, kind] = any(map(wanted, phases[kind][of_stage]))
            turned = any(wanted(turn.angle) for turn in stages[number].turns)
            if turned or slopes_of[inputs, number].any():
                first[inputs] = number
        if any(wanted(turn.angle) for turn in start):
            first[inputs] = -1

    parts = _parts(observables, qubits)
    measured = len(stages)
    if measured > 1 and not any(flip for _, flip, _ in parts):
        measured -= 1
        back = np.argsort(stages[-1].table.source)
        parts = [(number, flip, factor[back]) for number, flip, factor in parts]
    factors = np.array([factor for *_, factor in parts], complex).reshape(-1, 2**qubits)
    rows = [np.array(kind, np.int8).reshape(-1, 2**qubits) for kind in signs]
    shared, sample = (_terms(kind, circuit.n_weights, circuit.n_features) for kind in angles)
    return Plan(
        qubits=qubits,
        stages=len(stages),
        measured=measured,
        shared=shared,
        sample=sample,
        n_shared=len(angles[0]),
        n_sample=len(angles[1]),
        source=np.array([stage.table.source for stage in stages], np.int32),
        signs=rows[0],
        phase_ends=ends[0, 0],
        turn_bits=np.array([qubits - 1 - turn.wire for turn in turns[0]], np.int64),
        turn_ends=ends[1, 0],
        sample_signs=rows[1].astype(dtype),
        sample_phase_ends=ends[0, 1],
        sample_turn_bits=np.array([qubits - 1 - turn.wire for turn in turns[1]], np.int64),
        sample_turn_ends=ends[1, 1],
        start_bits=np.array([state >> (qubits - 1 - wire) & 1 for wire in range(qubits)]),
        start_shared=started[0],
        start_sample=started[1],
        slopes_of=slopes_of,
        first=first,
        observable=np.array([number for number, *_ in parts], np.int64),
        flip=np.array([flip for _, flip, _ in parts], np.int64),
        real=np.ascontiguousarray(factors.real, dtype),
        imag=np.ascontiguousarray(factors.imag, dtype),
    )
