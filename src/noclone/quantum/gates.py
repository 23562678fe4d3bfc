"""The gates and noise channels that circuits are made of, as matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Complex = NDArray[np.complex128]

I2 = np.eye(2, dtype=complex)
X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
PAULIS = {"I": I2, "X": X, "Y": Y, "Z": Z}
_ONE = np.diag([0, 1]).astype(complex)
_H = (X + Z) / np.sqrt(2)


@dataclass(frozen=True)
class GateKind:
    """What a gate's name stands for; `matrix` where it has no angle, else ``exp(-i angle generator / 2)``.

    Wires are listed from the most significant bit of the matrix's index; controls come first.
    """

    wires: int
    matrix: Complex | None = None
    generator: Complex | None = None


def _controlled(matrix: Complex) -> Complex:
    size = len(matrix)
    return np.block([[np.eye(size), np.zeros((size, size))], [np.zeros((size, size)), matrix]])


_SWAP = np.eye(4, dtype=complex)[[0, 2, 1, 3]]

GATES: dict[str, GateKind] = {
    "x": GateKind(1, X),
    "y": GateKind(1, Y),
    "z": GateKind(1, Z),
    "h": GateKind(1, _H),
    "s": GateKind(1, np.diag([1, 1j])),
    "sdg": GateKind(1, np.diag([1, -1j])),
    "t": GateKind(1, np.diag([1, np.exp(0.25j * np.pi)])),
    "tdg": GateKind(1, np.diag([1, np.exp(-0.25j * np.pi)])),
    "sx": GateKind(1, np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) * (0.5 + 0j)),
    "cx": GateKind(2, _controlled(X)),
    "cy": GateKind(2, _controlled(Y)),
    "cz": GateKind(2, _controlled(Z)),
    "swap": GateKind(2, _SWAP),
    "ccx": GateKind(3, _controlled(_controlled(X))),
    "cswap": GateKind(3, _controlled(_SWAP)),
    "rx": GateKind(1, generator=X),
    "ry": GateKind(1, generator=Y),
    "rz": GateKind(1, generator=Z),
    "p": GateKind(1, generator=-2 * _ONE),
    "rxx": GateKind(2, generator=np.kron(X, X)),
    "ryy": GateKind(2, generator=np.kron(Y, Y)),
    "rzz": GateKind(2, generator=np.kron(Z, Z)),
    "crx": GateKind(2, generator=np.kron(_ONE, X)),
    "cry": GateKind(2, generator=np.kron(_ONE, Y)),
    "crz": GateKind(2, generator=np.kron(_ONE, Z)),
    "cp": GateKind(2, generator=-2 * np.kron(_ONE, _ONE)),
}
"""Gates by their OpenQASM 3 names (``stdgates.inc``; ``rxx``, ``ryy`` and ``rzz`` as Qiskit has them)."""


def unitary(name: str, angle: ArrayLike = 0.0) -> Complex:
    """Return the matrix of a gate, one per angle.

    Parameters
    ----------
    name : str
        A key of `GATES`.
    angle : array_like, shape (...)
        In radians; unused where the gate has none.

    Returns
    -------
    ndarray, shape (..., 2**wires, 2**wires), or (2**wires, 2**wires) where the gate has no angle

    Examples
    --------
    >>> np.abs(unitary("rx", np.pi)).round(12).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    kind = GATES[name]
    if kind.matrix is not None:
        return kind.matrix
    assert kind.generator is not None
    levels, frame = np.linalg.eigh(kind.generator)
    phases = np.exp(-0.5j * np.asarray(angle, float)[..., None] * levels)
    return np.asarray((frame * phases[..., None, :]) @ frame.conj().T)


def depolarise(strength: float) -> list[Complex]:
    """Return Kraus operators: each Pauli error with probability strength / 3 (PennyLane's convention)."""
    return [np.sqrt(1 - strength) * I2, *(np.sqrt(strength / 3) * pauli for pauli in (X, Y, Z))]


def bit_flip(strength: float) -> list[Complex]:
    """Return Kraus operators of a Pauli X error with this probability."""
    return [np.sqrt(1 - strength) * I2, np.sqrt(strength) * X]


def phase_flip(strength: float) -> list[Complex]:
    """Return Kraus operators of a Pauli Z error with this probability."""
    return [np.sqrt(1 - strength) * I2, np.sqrt(strength) * Z]


def amplitude_damping(strength: float) -> list[Complex]:
    """Return Kraus operators of decay from 1 to 0 with this probability."""
    return [
        np.diag([1, np.sqrt(1 - strength)]).astype(complex),
        np.sqrt(strength) * np.array([[0, 1], [0, 0j]]),
    ]


def phase_damping(strength: float) -> list[Complex]:
    """Return Kraus operators of a loss of phase: coherences shrink by ``sqrt(1 - strength)``."""
    return [
        np.diag([1, np.sqrt(1 - strength)]).astype(complex),
        np.diag([0, np.sqrt(strength)]).astype(complex),
    ]


CHANNELS: dict[str, Callable[[float], list[Complex]]] = {
    "depolarise": depolarise,
    "bit_flip": bit_flip,
    "phase_flip": phase_flip,
    "amplitude_damping": amplitude_damping,
    "phase_damping": phase_damping,
}
"""Noise of one qubit by name: strength, between 0 and 1, to Kraus operators."""
