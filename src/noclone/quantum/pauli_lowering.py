"""Circuits as real linear maps of Pauli expectation values: the form in which mixed states run fast.

The mixed state of n qubits is the vector of the 4**n expectation values of its Pauli words (letters I, X, Y,
Z are the digits 0 to 3 of a word's number, wire 0 most significant). A circuit becomes a sequence of spins
(rotations of single qubits' Bloch vectors), swings (rotations ``exp(-i angle Z...Z / 2)``, which turn pairs
of words into each other) and maps (all that has no angle: gates, mostly permutations with signs, and noise).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, reduce

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array

from noclone.quantum.angle import Angle
from noclone.quantum.circuit import Circuit, Gate
from noclone.quantum.gates import CHANNELS, GATES, PAULIS, Complex
from noclone.quantum.lowering import Move, Phase, Turn, steps
from noclone.quantum.observables import Observable

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LETTERS = "IXYZ"


@dataclass(frozen=True)
class Rotation:
    """A rotation of a Bloch vector about an axis of `LETTERS`."""

    axis: int
    angle: Angle


@dataclass(frozen=True)
class Spins:
    """For each wire, rotations and constant 3 by 3 rotation matrices of its Bloch vector, in order."""

    chains: dict[int, list[Rotation | Floats]]


@dataclass(frozen=True)
class Swing:
    """``exp(-i angle Z...Z / 2)`` on two or more wires."""

    wires: tuple[int, ...]
    angle: Angle


@dataclass(frozen=True)
class Map:
    """A constant linear map of the 4**n values; its inverse is its transpose unless it is noisy."""

    matrix: csr_array
    noisy: bool


@dataclass(frozen=True)
class PauliProgram:
    """A lowered circuit with its observables.

    Attributes
    ----------
    start : ndarray, shape (4**n,)
        The state before the first operation.
    operations : tuple of Spins, Swing or Map
    end : Map
        What follows them, to obtain the final state.
    seen : csr_array, shape (observables, 4**n)
        The observables as rows, with `end` already in them: values are ``seen @ state`` before `end`.
    """

    start: Floats
    operations: tuple[Spins | Swing | Map, ...]
    end: Map
    seen: csr_array


@cache
def _words(qubits: int) -> Complex:
    """Return the matrices of all Pauli words, shape (4**qubits, 2**qubits, 2**qubits)."""
    letters = np.array([PAULIS[letter] for letter in LETTERS])
    words = np.ones((1, 1, 1), complex)
    for _ in range(qubits):
        size = 2 * words.shape[1]
        words = np.einsum("aij,bkl->abikjl", words, letters).reshape(-1, size, size)
    return words


def transfer_matrix(kraus: Sequence[Complex]) -> Floats:
    """Return the real matrix that a channel applies to Pauli expectation values.

    Parameters
    ----------
    kraus : sequence of ndarray, shape (2**k, 2**k)

    Returns
    -------
    ndarray, shape (4**k, 4**k)
        ``[P, Q] = sum_K tr(P K Q K^dagger) / 2**k``.

    Examples
    --------
    >>> transfer_matrix(CHANNELS["amplitude_damping"](0.36)).round(12).tolist()[3]
    [0.36, 0.0, 0.0, 0.64]
    """
    size = len(kraus[0])
    words = _words(int(np.log2(size)))
    total = sum(np.einsum("pij,jk,qkl,il->pq", words, k, words, k.conj(), optimize=True) for k in kraus)
    real = np.real(total) / size
    return np.asarray(np.where(np.abs(real) > 1e-15, real, 0.0))


@cache
def _gate_matrix(name: str) -> Floats:
    matrix = GATES[name].matrix
    assert matrix is not None
    return transfer_matrix([matrix])


def _numbers(wires: Sequence[int], qubits: int) -> Whole:
    """Return the numbers of the words that are I outside `wires`, by the first wire's letter first."""
    numbers = np.zeros(1, np.int64)
    for wire in wires:
        numbers = (numbers[:, None] + 4 ** (qubits - 1 - wire) * np.arange(4)).ravel()
    return numbers


def _spread(matrix: Floats, wires: tuple[int, ...], qubits: int) -> csr_array:
    """Return the matrix on all qubits."""
    inside = _numbers(wires, qubits)
    outside = _numbers([wire for wire in range(qubits) if wire not in wires], qubits)
    to, source = np.nonzero(matrix)
    rows, columns = (np.add.outer(inside[part], outside).ravel() for part in (to, source))
    return csr_array((np.repeat(matrix[to, source], len(outside)), (rows, columns)), (4**qubits,) * 2)


def swung_pairs(wires: tuple[int, ...], qubits: int) -> Whole:
    """Return the pairs of words (a, b) that a swing turns: ``a cos - b sin`` and ``b cos + a sin``.

    Returns
    -------
    ndarray, shape (4**qubits / 4, 2)

    Examples
    --------
    >>> swung_pairs((0,), 1).tolist()  # X and Y turn about Z
    [[1, 2]]
    """
    numbers = np.arange(4**qubits)
    other, crossed, sign = numbers.copy(), np.zeros_like(numbers), np.ones(len(numbers), complex)
    for wire in wires:
        place = 4 ** (qubits - 1 - wire)
        letter = numbers // place % 4
        other += place * (3 - 2 * letter)  # Z times I, X, Y, Z is Z, iY, -iX, I
        crossed += (letter == 1) | (letter == 2)
        sign = sign * np.array([1, 1j, -1j, 1])[letter]
    sign = (1j * sign).real  # the partner of word Q is i Z...Z Q
    first = (crossed % 2 == 1) & (sign < 0)
    return np.stack([numbers[first], other[first]], axis=1)


def _bloch(matrix: Floats) -> Floats:
    return matrix[1:, 1:]


class _Levels:
    """Where operations go: even levels hold swings and maps, odd levels spins, each as early as it can be."""

    def __init__(self, qubits: int) -> None:
        self.qubits = qubits
        self.reached = [0] * qubits
        self.mixed: list[list[Swing | Map]] = [[]]
        self.spins: list[dict[int, list[Rotation | Floats]]] = [{}]

    def _at(self, wires: tuple[int, ...], odd: bool) -> int:
        place = max(self.reached[wire] for wire in wires)
        place += (place % 2) != odd
        if place // 2 == len(self.mixed):
            self.mixed.append([])
            self.spins.append({})
        for wire in wires:
            self.reached[wire] = place
        return place // 2

    def spin(self, wire: int, part: Rotation | Floats) -> None:
        chain = self.spins[self._at((wire,), odd=True)].setdefault(wire, [])
        if isinstance(part, np.ndarray) and chain and isinstance(chain[-1], np.ndarray):
            chain[-1] = part @ chain[-1]
        else:
            chain.append(part)

    def swing(self, wires: tuple[int, ...], angle: Angle) -> None:
        self.mixed[self._at(wires, odd=False)].append(Swing(wires, angle))

    def map(self, wires: tuple[int, ...], matrix: Floats, noisy: bool) -> None:
        held = self.mixed[self._at(wires, odd=False)]
        new = Map(_spread(matrix, wires, self.qubits), noisy)
        if held and isinstance(held[-1], Map):
            both = new.matrix @ held[-1].matrix
            if both.nnz <= new.matrix.nnz + held[-1].matrix.nnz:  # no slower than one after the other
                new = Map(both, noisy or held[-1].noisy)
                held.pop()
        held.append(new)

    def constant(self, name: str, wires: tuple[int, ...]) -> None:
        matrix = _gate_matrix(name)
        clifford = np.count_nonzero(matrix) == len(matrix)
        if len(wires) == 1 and not (clifford and self.reached[wires[0]] % 2 == 0):
            self.spin(wires[0], _bloch(matrix))
        else:
            self.map(wires, matrix, noisy=False)

    def place(self, part: Gate) -> None:
        if part.strength is not None:
            if part.strength:
                self.map(part.wires, transfer_matrix(CHANNELS[part.name](part.strength)), noisy=True)
        elif part.angle is None:
            self.constant(part.name, part.wires)
        else:
            for step in steps(part):
                match step:
                    case Turn(wire, angle):
                        self._rotate(wire, 2, angle)
                    case Phase((wire,), angle):
                        self._rotate(wire, 3, angle)
                    case Phase(wires, angle) if wires and angle.terms:
                        self.swing(wires, angle)
                    case Move(name, wires):
                        self.constant(name, wires)

    def _rotate(self, wire: int, axis: int, angle: Angle) -> None:
        if angle.of_data or angle.trainable:
            self.spin(wire, Rotation(axis, angle))
        else:
            c, s = np.cos(angle.value()), np.sin(angle.value())
            planes = {2: [[c, 0, s], [0, 1, 0], [-s, 0, c]], 3: [[c, -s, 0], [s, c, 0], [0, 0, 1]]}
            self.spin(wire, np.array(planes[axis]))

    def operations(self) -> list[Spins | Swing | Map]:
        found: list[Spins | Swing | Map] = []
        for mixed, spins in zip(self.mixed, self.spins, strict=True):
            found += mixed
            if spins:
                found.append(Spins(spins))
        return found


def lower_to_paulis(circuit: Circuit, observables: Sequence[Observable]) -> PauliProgram:
    """Lower a circuit, noise included, to spins, swings and maps.

    Examples
    --------
    >>> from noclone.quantum.circuit import noise
    >>> from noclone.quantum.layers import strongly_entangling
    >>> layer = strongly_entangling(3, 1) + Circuit(3, tuple(noise("depolarise", q, 0.1) for q in range(3)))
    >>> [type(part).__name__ for part in lower_to_paulis(layer + strongly_entangling(3, 1), []).operations]
    ['Spins', 'Map', 'Spins']
    """
    levels = _Levels(circuit.qubits)
    for part in circuit.gates:
        levels.place(part)
    operations = levels.operations()
    size = 4**circuit.qubits
    start = reduce(np.kron, [np.array([1.0, 0.0, 0.0, 1.0])] * circuit.qubits)
    while operations and isinstance(operations[0], Map):
        start = operations.pop(0).matrix @ start  # type: ignore[union-attr]
    end = Map(csr_array(eye_array(size)), noisy=False)
    while operations and isinstance(operations[-1], Map):
        last = operations.pop()
        assert isinstance(last, Map)
        end = Map(csr_array(end.matrix @ last.matrix), end.noisy or last.noisy)
    seen = [(row, _number(word), value) for row, part in enumerate(observables) for value, word in part.words]
    rows, columns, values = zip(*seen, strict=True) if seen else ((), (), ())
    words = csr_array((np.array(values, float), (rows, columns)), (len(observables), size))
    return PauliProgram(start, tuple(operations), end, csr_array(words @ end.matrix))


def _number(word: str) -> int:
    return reduce(lambda number, letter: 4 * number + LETTERS.index(letter), word, 0)
