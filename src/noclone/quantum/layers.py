"""Building blocks of circuits, each returning a `Circuit` that is added to others."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from noclone.quantum.angle import w, x
from noclone.quantum.circuit import Circuit, Gate, gate


def angle_embedding(qubits: int, axis: str = "y", scale: float = 1.0) -> Circuit:
    """Rotate each qubit by its feature: ``R_axis(scale * x[i])`` on wire i."""
    return Circuit(qubits, tuple(gate(f"r{axis}", i, angle=scale * x[i]) for i in range(qubits)))


def hadamards(qubits: int) -> Circuit:
    """Put every qubit in equal superposition."""
    return Circuit(qubits, tuple(gate("h", i) for i in range(qubits)))


def iqp(qubits: int, repeats: int = 1, scale: float = 1.0, entangled: bool = True) -> Circuit:
    """Return the IQP feature map: `repeats` times [H on all; RZ(x_i); RZZ(x_i x_j) on all pairs].

    Without entanglement the RZZ gates are left out. Source: V. Havlicek et al., Nature 567, 209 (2019), in
    the form of J. Bowles et al., arXiv:2403.07059.
    """
    pairs = list(combinations(range(qubits), 2)) if entangled else []
    phases = Circuit(
        qubits,
        (
            *(gate("rz", i, angle=scale * x[i]) for i in range(qubits)),
            *(gate("rzz", i, j, angle=scale**2 * x[i] * x[j]) for i, j in pairs),
        ),
    )
    one = hadamards(qubits) + phases
    return Circuit(qubits, one.gates * repeats)


def rotations(qubits: int, first_weight: int = 0) -> Circuit:
    """Turn each qubit by any rotation, RZ RY RZ with three weights: ``w[first_weight + 3 i + 0, 1, 2]``."""
    parts: list[Gate] = []
    for i in range(qubits):
        parts += [
            gate(name, i, angle=w[first_weight + 3 * i + part])
            for part, name in enumerate(("rz", "ry", "rz"))
        ]
    return Circuit(qubits, tuple(parts))


def ring(qubits: int, reach: int = 1) -> Circuit:
    """Apply CNOT from each wire i to wire i + reach, modulo the number of qubits; nothing for one qubit."""
    if qubits < 2:
        return Circuit(qubits)
    return Circuit(qubits, tuple(gate("cx", i, (i + reach) % qubits) for i in range(qubits)))


def strongly_entangling(qubits: int, layers: int, first_weight: int = 0, entangled: bool = True) -> Circuit:
    """Return layers of any rotation on each qubit and a CNOT ring whose reach grows from layer to layer.

    Takes ``3 * qubits * layers`` weights. Source: M. Schuld et al., Phys. Rev. A 101, 032308 (2020);
    PennyLane's ``StronglyEntanglingLayers`` with the same weights in the same order.

    Examples
    --------
    >>> strongly_entangling(4, 2).n_weights
    24
    """
    circuit = Circuit(qubits)
    for layer in range(layers):
        circuit += rotations(qubits, first_weight + 3 * qubits * layer)
        if entangled:
            circuit += ring(qubits, 1 + layer % max(qubits - 1, 1))
    return circuit


def hardware_efficient(qubits: int, layers: int, first_weight: int = 0, entangled: bool = True) -> Circuit:
    """Return layers of RY and RZ on each qubit and CZ between neighbours on a line.

    Takes ``2 * qubits * layers`` weights. Source: A. Kandala et al., Nature 549, 242 (2017), with CZ as the
    entangler.
    """
    circuit = Circuit(qubits)
    for layer in range(layers):
        start = first_weight + 2 * qubits * layer
        turns = [
            gate(name, i, angle=w[start + 2 * i + part])
            for i in range(qubits)
            for part, name in enumerate(("ry", "rz"))
        ]
        links = [gate("cz", i, i + 1) for i in range(qubits - 1)] if entangled else []
        circuit += Circuit(qubits, (*turns, *links))
    return circuit


def compressed_reuploading(
    qubits: int, layers: int, features: int, first_weight: int = 0, entangled: bool = True
) -> Circuit:
    """Return layers that encode all features again and again, scaled and shifted by weights in one rotation.

    Each layer gives qubit i three rotations RZ, RY, RZ by ``w + w' * x``, with three features per qubit in
    turn (feature ``(3 i + part) % features``), then CZ between neighbours (none after the last layer). Takes
    ``6 * qubits * layers`` weights: the shifts of a layer first, then its scales. Source: A. Perez-Salinas
    et al., Quantum 4, 226 (2020).
    """
    circuit = Circuit(qubits)
    for layer in range(layers):
        start = first_weight + 6 * qubits * layer
        turns: list[Gate] = []
        for i in range(qubits):
            for part, name in enumerate(("rz", "ry", "rz")):
                k = 3 * i + part
                angle = w[start + k] + w[start + 3 * qubits + k] * x[k % features]
                turns.append(gate(name, i, angle=angle))
        last = layer == layers - 1
        links = [gate("cz", i, i + 1) for i in range(qubits - 1)] if entangled and not last else []
        circuit += Circuit(qubits, (*turns, *links))
    return circuit


def convolution(qubits: int, wires: Sequence[int], first_weight: int = 0, entangled: bool = True) -> Circuit:
    """Apply one two-qubit filter, with shared weights, to neighbouring wires: even pairs, then odd ones.

    The filter is RY RZ on both wires, RXX, RYY and RZZ between them, RY RZ on both: 11 weights. Without
    entanglement the three gates between the wires are left out (their weights then do nothing). Source of the
    idea: I. Cong et al., Nature Physics 15, 1273 (2019).
    """

    def turns(a: int, b: int, start: int) -> list[Gate]:
        names = (("ry", a), ("rz", a), ("ry", b), ("rz", b))
        return [gate(name, wire, angle=w[first_weight + start + k]) for k, (name, wire) in enumerate(names)]

    parts: list[Gate] = []
    pairs = [*zip(wires[::2], wires[1::2], strict=False), *zip(wires[1::2], wires[2::2], strict=False)]
    for a, b in pairs:
        parts += turns(a, b, 0)
        if entangled:
            parts += [
                gate(n, a, b, angle=w[first_weight + 4 + k]) for k, n in enumerate(("rxx", "ryy", "rzz"))
            ]
        parts += turns(a, b, 7)
    return Circuit(qubits, tuple(parts))


CONVOLUTION_WEIGHTS = 11
POOLING_WEIGHTS = 2


def pooling(
    qubits: int, wires: Sequence[int], first_weight: int = 0, entangled: bool = True
) -> tuple[Circuit, list[int]]:
    """Halve the number of wires: each odd wire turns the even one before it and is then left alone.

    The turn is a controlled RZ and a controlled RX, with 2 weights shared by all pairs: the deferred form of
    measuring a wire and acting on its neighbour. Without entanglement nothing is applied.

    Returns
    -------
    Circuit, list of int
        And the wires that go on.
    """
    parts: list[Gate] = []
    for kept, dropped in zip(wires[::2], wires[1::2], strict=False):
        if entangled:
            parts += [
                gate("crz", dropped, kept, angle=w[first_weight]),
                gate("crx", dropped, kept, angle=w[first_weight + 1]),
            ]
    return Circuit(qubits, tuple(parts)), list(wires[::2])
