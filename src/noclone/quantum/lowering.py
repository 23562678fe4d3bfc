"""Circuits as alternating tables and turns: the form in which they run fast.

Every gate is a product of real rotations RY and of phases and permutations of basis states. Gates are
scheduled as early as their wires allow, so that a circuit becomes: table, turns, table, turns, …, table. A
table is one pass ``new[k] = exp(i phase[k]) * old[source[k]]``; turns are RY rotations on distinct wires.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.quantum.angle import Angle
from noclone.quantum.circuit import Circuit, Gate

Whole = NDArray[np.int64]
Signs = NDArray[np.int8]


@dataclass(frozen=True)
class Turn:
    """RY on one wire."""

    wire: int
    angle: Angle


@dataclass(frozen=True)
class Phase:
    """``exp(-i angle s / 2)``, s = +1 or -1 the parity of the bits in `wires`; a global phase for none."""

    wires: tuple[int, ...]
    angle: Angle


@dataclass(frozen=True)
class Move:
    """A permutation of basis states: ``cx``, ``x``, ``swap``, ``ccx`` or ``cswap``."""

    name: str
    wires: tuple[int, ...]


Step = Turn | Phase | Move

_QUARTER = Angle.of(np.pi / 2)


def _phase_gate(angle: Angle, *wires: int) -> Iterator[Step]:
    """Yield a phase `angle` on the state in which all wires are 1."""
    share = angle * 0.5 ** (len(wires) - 1)
    for chosen in range(2 ** len(wires)):
        inside = tuple(wire for i, wire in enumerate(wires) if chosen >> i & 1)
        yield Phase(inside, share if len(inside) % 2 else -share)


def _hadamard(wire: int) -> Iterator[Step]:
    yield from _phase_gate(Angle.of(np.pi), wire)
    yield Turn(wire, _QUARTER)


def _turn_x(wire: int, angle: Angle) -> Iterator[Step]:
    yield Phase((wire,), _QUARTER)
    yield Turn(wire, angle)
    yield Phase((wire,), -_QUARTER)


def steps(part: Gate) -> Iterator[Step]:
    """Yield the steps that make up a gate, its global phase included.

    Examples
    --------
    >>> from noclone.quantum.circuit import gate
    >>> [type(step).__name__ for step in steps(gate("rx", 0, angle=0.3))]
    ['Phase', 'Turn', 'Phase']
    """
    name, wires = part.name, part.wires
    angle = part.angle or Angle()
    last = wires[-1]
    match name:
        case "x" | "cx" | "swap" | "ccx" | "cswap":
            yield Move(name, wires)
        case "y":
            yield from _phase_gate(Angle.of(np.pi), last)
            yield Move("x", wires)
            yield Phase((), Angle.of(-np.pi))
        case "z" | "cz":
            yield from _phase_gate(Angle.of(np.pi), *wires)
        case "s" | "sdg" | "t" | "tdg":
            size = np.pi / (2 if name[0] == "s" else 4)
            yield from _phase_gate(Angle.of(-size if name.endswith("dg") else size), last)
        case "p" | "cp":
            yield from _phase_gate(angle, *wires)
        case "h":
            yield from _hadamard(last)
        case "sx":
            yield Phase((), -_QUARTER)
            yield from _turn_x(last, _QUARTER)
        case "cy":
            yield from _phase_gate(-_QUARTER, last)
            yield Move("cx", wires)
            yield from _phase_gate(_QUARTER, last)
        case "ry":
            yield Turn(last, angle)
        case "rx":
            yield from _turn_x(last, angle)
        case "rz" | "rzz":
            yield Phase(wires, angle)
        case "rxx" | "ryy":
            for wire in wires:
                yield from _hadamard(wire) if name == "rxx" else _turn_x(wire, _QUARTER)
            yield Phase(wires, angle)
            for wire in wires:
                yield from _hadamard(wire) if name == "rxx" else _turn_x(wire, -_QUARTER)
        case "crz":
            yield Phase((last,), angle * 0.5)
            yield Phase(wires, angle * -0.5)
        case "cry":
            yield Turn(last, angle * 0.5)
            yield Move("cx", wires)
            yield Turn(last, angle * -0.5)
            yield Move("cx", wires)
        case "crx":
            yield from _hadamard(last)
            yield Phase((last,), angle * 0.5)
            yield Phase(wires, angle * -0.5)
            yield from _hadamard(last)
        case _:
            raise InvalidInput(
                f"{name!r}",
                "is a noise channel, which state vectors cannot hold; use the Pauli-transfer engine",
            )


@dataclass
class Table:
    """One pass over the amplitudes: ``new[k] = exp(-i/2 sum_a angle_a signs[a, k]) * old[source[k]]``.

    Attributes
    ----------
    source : ndarray of int, shape (2**qubits,)
    signs : ndarray of int8, shape (len(angles), 2**qubits)
        +1 or -1, by the index of the new amplitude.
    angles : list of Angle
    """

    source: Whole
    signs: Signs
    angles: list[Angle] = field(default_factory=list)


@dataclass
class Stage:
    """A table, and the turns that follow it, at most one per wire."""

    table: Table
    turns: list[Turn]


@dataclass(frozen=True)
class Program:
    """A lowered circuit: its stages in order; the last one has no turns.

    Attributes
    ----------
    qubits : int
    stages : tuple of Stage
    """

    qubits: int
    stages: tuple[Stage, ...]


def _target(step: Move, index: Whole, qubits: int) -> Whole:
    """Return where each basis state goes."""
    bits = [qubits - 1 - wire for wire in step.wires]
    *controls, last = bits
    on = np.ones_like(index)
    if step.name in ("swap", "cswap"):
        first = controls.pop()
        on &= (index >> first ^ index >> last) & 1
        flip = (1 << first) | (1 << last)
    else:
        flip = 1 << last
    for bit in controls:
        on &= index >> bit & 1
    return index ^ (on * flip)


def _table(steps_in_order: list[Step], qubits: int) -> Table:
    """Compile phases and moves, in order, into one pass."""
    index = np.arange(2**qubits)
    source = index.copy()  # source[k]: the old index of what is now at k
    rows: list[tuple[Signs, Angle]] = []
    for step in steps_in_order:
        if isinstance(step, Move):
            arrives = np.empty_like(index)
            arrives[_target(step, index, qubits)] = index
            source = source[arrives]
            rows = [(signs[arrives], angle) for signs, angle in rows]
        elif isinstance(step, Phase):
            parity = np.zeros_like(index)
            for wire in step.wires:
                parity ^= index >> (qubits - 1 - wire)
            rows.append(((1 - 2 * (parity & 1)).astype(np.int8), step.angle))
    merged: dict[bytes, Angle] = {}
    for signs, angle in rows:  # phases of one pattern of signs are one phase
        first = int(signs[0])
        pattern = (signs * np.int8(first)).tobytes()
        merged[pattern] = merged.get(pattern, Angle()) + angle * first
    kept = {pattern: angle for pattern, angle in merged.items() if angle.terms}
    signs = np.array([np.frombuffer(pattern, np.int8) for pattern in kept], np.int8)
    return Table(source, signs.reshape(len(kept), 2**qubits), list(kept.values()))


def lower(circuit: Circuit) -> Program:
    """Lower a circuit to tables and turns.

    Raises
    ------
    InvalidInput
        If the circuit holds a noise channel.

    Examples
    --------
    >>> from noclone.quantum.layers import strongly_entangling
    >>> len(lower(strongly_entangling(4, 3)).stages)
    4
    """
    level = [0] * circuit.qubits  # even: in table level / 2, odd: in the turns after it
    tables: list[list[Step]] = [[]]
    turns: list[dict[int, Angle]] = [{}]
    for part in circuit.gates:
        for step in steps(part):
            wires = (step.wire,) if isinstance(step, Turn) else step.wires
            place = max((level[wire] for wire in wires), default=0)
            place += (place % 2 == 0) if isinstance(step, Turn) else (place % 2)
            while len(tables) <= place // 2:
                tables.append([])
                turns.append({})
            if isinstance(step, Turn):
                held = turns[place // 2]
                held[step.wire] = held.get(step.wire, Angle()) + step.angle
            else:
                tables[place // 2].append(step)
            for wire in wires:
                level[wire] = place
    if turns[-1]:
        tables.append([])
        turns.append({})
    stages = tuple(
        Stage(_table(table, circuit.qubits), [Turn(wire, angle) for wire, angle in sorted(turn.items())])
        for table, turn in zip(tables, turns, strict=True)
    )
    return Program(circuit.qubits, stages)
