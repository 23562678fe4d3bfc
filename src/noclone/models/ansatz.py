"""Trainable circuits by name: data in, weights, entanglement or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from noclone.core.errors import InvalidInput
from noclone.core.registry import pick
from noclone.quantum.angle import Angle, w, x
from noclone.quantum.circuit import Circuit, Gate, gate
from noclone.quantum.layers import hardware_efficient, strongly_entangling
from noclone.quantum.observables import Observable, pauli


def embedding(qubits: int, angles: int) -> Circuit:
    """Turn wire i by RY of angle ``i % angles``: with more qubits than angles, angles come again.

    Examples
    --------
    >>> [str(part.angle) for part in embedding(3, 2).gates]
    ['x[0]', 'x[1]', 'x[0]']
    """
    return Circuit(qubits, tuple(gate("ry", i, angle=x[i % angles]) for i in range(qubits)))


def _strongly_entangling(qubits: int, angles: int, layers: int, entangled: bool) -> Circuit:
    return embedding(qubits, angles) + strongly_entangling(qubits, layers, entangled=entangled)


def _hardware_efficient(qubits: int, angles: int, layers: int, entangled: bool) -> Circuit:
    # RY and RZ before the last Z are seen only through the CZ between them, so one more column of turns
    turns = tuple(gate("ry", i, angle=w[2 * qubits * layers + i]) for i in range(qubits))
    body = hardware_efficient(qubits, layers, entangled=entangled)
    return embedding(qubits, angles) + body + Circuit(qubits, turns)


def _reuploading(qubits: int, angles: int, layers: int, entangled: bool) -> Circuit:
    """Encode three angles per qubit `layers` + 1 times, scaled by weights, and turn freely in between.

    The circuit of the DataReuploadingClassifier of J. Bowles et al., arXiv:2403.07059, after A. Perez-Salinas
    et al., Quantum 4, 226 (2020): RZ RY RZ by ``w * x``, RZ RY RZ by ``w``, then CZ on pairs of neighbours,
    even and odd ones by turns. The last encoding adds its weights to its angles, with no CZ after it.
    `noclone.quantum.layers.compressed_reuploading` is another circuit, with weights in another order.
    """
    slots, period = 3 * qubits, 3 * -(-angles // 3)

    def encoding(k: int, layer: int) -> Angle:
        index = k % period
        return w[2 * slots * layer + k] * x[index] if index < angles else Angle()

    def shift(k: int, layer: int) -> Angle:
        return w[2 * slots * layer + slots + k]

    def turns(angle_of: list[Angle]) -> list[Gate]:
        made = [gate(("rz", "ry", "rz")[k % 3], k // 3, angle=angle) for k, angle in enumerate(angle_of)]
        return [part for part in made if part.angle and part.angle.terms]

    parts: list[Gate] = []
    for layer in range(layers):
        parts += turns([encoding(k, layer) for k in range(slots)])
        parts += turns([shift(k, layer) for k in range(slots)])
        if entangled:
            parts += [gate("cz", i, i + 1) for i in range(layer % 2, qubits - 1, 2)]
    parts += turns([encoding(k, layers) + shift(k, layers) for k in range(slots)])
    return Circuit(qubits, tuple(parts))


@dataclass(frozen=True)
class Ansatz:
    """A family of trainable circuits.

    Attributes
    ----------
    per_qubit : int
        Angles that one qubit takes.
    build : callable
        ``build(qubits, angles, layers, entangled)`` is the circuit.
    """

    per_qubit: int
    build: Callable[[int, int, int, bool], Circuit]


ANSATZE: dict[str, Ansatz] = {
    "strongly-entangling": Ansatz(1, _strongly_entangling),
    "hardware-efficient": Ansatz(1, _hardware_efficient),
    "reuploading": Ansatz(3, _reuploading),
}


def ansatz(name: str, angles: int, layers: int, entangled: bool = True, wires: int = 1) -> Circuit:
    """Return a trainable circuit that reads angles.

    Parameters
    ----------
    name : {"strongly-entangling", "hardware-efficient", "reuploading"}
        The first two encode each angle once, one per qubit, and then have `layers` trainable layers; the
        third encodes three per qubit, `layers` + 1 times.
    angles : int
    layers : int
    entangled : bool
        False leaves the two-qubit gates out, with the same weights.
    wires : int
        Least number of qubits.

    Raises
    ------
    InvalidInput
        Unknown name, or less than one layer.

    Examples
    --------
    >>> circuit = ansatz("reuploading", angles=4, layers=1)
    >>> circuit.qubits, circuit.n_weights, circuit.entangling
    (2, 24, 1)
    """
    kind = pick("ansatz", name, ANSATZE)
    if layers < 1:
        raise InvalidInput("layers", f"must be at least 1, but is {layers}")
    qubits = max(-(-angles // kind.per_qubit), wires)
    return kind.build(qubits, angles, layers, entangled)


def most_angles(name: str, qubits: int) -> int:
    """Return how many angles an ansatz takes on this many qubits.

    Examples
    --------
    >>> most_angles("reuploading", 8)
    24
    """
    return pick("ansatz", name, ANSATZE).per_qubit * qubits


def parities(wires: Sequence[int], qubits: int, count: int) -> tuple[Observable, ...]:
    """Return the first `count` products of Pauli Z on some of the wires: single ones, then pairs, and on.

    Examples
    --------
    >>> [part.words[0][1] for part in parities((0, 2), 3, 3)]
    ['ZII', 'IIZ', 'ZIZ']
    """
    words = [
        "".join("Z" if wire in chosen else "I" for wire in range(qubits))
        for size in range(1, len(wires) + 1)
        for chosen in combinations(wires, size)
    ]
    return tuple(pauli(word) for word in words[:count])


def measured(readout: str, circuit: Circuit, wires: Sequence[int], outputs: int) -> tuple[Observable, ...]:
    """Return what is measured for this many outputs, whether the circuit entangles or not.

    As many parities of `wires` as outputs if `readout` is ``"few"``; if it is ``"all"``, Z of every wire, and
    parities of all where there are more outputs than wires.

    Examples
    --------
    >>> circuit = ansatz("strongly-entangling", angles=2, layers=1)
    >>> [part.words[0][1] for part in measured("all", circuit, (0,), 3)]
    ['ZI', 'IZ', 'ZZ']
    """
    qubits = circuit.qubits
    if readout == "all":
        return parities(range(qubits), qubits, max(qubits, outputs))
    return parities(wires, qubits, outputs)
