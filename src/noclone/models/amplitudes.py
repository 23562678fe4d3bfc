"""Rows as amplitudes of a state, and the circuit of RY and CNOT that prepares it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.quantum.angle import x
from noclone.quantum.circuit import Circuit, Gate, gate

Floats = NDArray[np.float64]
Complex = NDArray[np.complexfloating]


def amplitude_states(data: ArrayLike) -> Complex:
    """Return rows as amplitudes: normalised, and padded with zeros to a power of two of at least 2.

    The fidelity of two such states is the squared cosine of the rows. A row of zeros, which has no direction,
    becomes the first basis state.

    Examples
    --------
    >>> amplitude_states([[3.0, 0.0, 4.0]]).real.tolist()
    [[0.6, 0.0, 0.8, 0.0]]
    """
    rows = np.asarray(data, np.float64)
    states = np.zeros((len(rows), 2 ** amplitude_qubits(rows.shape[1])), complex)
    largest = np.abs(rows).max(axis=1, keepdims=True)  # first, so that no square overflows
    rows = rows / np.where(largest > 0, largest, 1.0)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    states[:, : rows.shape[1]] = rows / np.where(length > 0, length, 1.0)
    states[length[:, 0] == 0, 0] = 1.0
    return states


def amplitude_qubits(features: int) -> int:
    """Return the number of qubits that hold this many amplitudes."""
    return max(int(features - 1).bit_length(), 1)


def amplitude_embedding(qubits: int) -> Circuit:
    """Return the circuit that prepares real amplitudes from the angles of `amplitude_angles`.

    Each wire gets a turn that depends on all wires before it: RY and CNOT by turns, with controls in the
    order of a Gray code. Takes ``2**qubits - 1`` angles, as many RY gates and ``2**qubits - 2`` CNOTs.

    Source: M. Mottonen et al., Quantum Inf. Comput. 5, 467 (2005).
    """
    parts: list[Gate] = []
    for wire in range(qubits):
        count = 2**wire
        for place in range(count):
            parts.append(gate("ry", wire, angle=x[count - 1 + place]))
            if wire:
                changed = (place + 1) & -(place + 1)  # the bit that the Gray code changes next
                control = wire - 1 - min(changed.bit_length() - 1, wire - 1)
                parts.append(gate("cx", control, wire))
    return Circuit(qubits, tuple(parts))


def amplitude_angles(data: ArrayLike) -> Floats:
    """Return the angles that make rows the amplitudes of states, normalised and padded with zeros.

    Parameters
    ----------
    data : array_like, shape (B, F)

    Returns
    -------
    ndarray, shape (B, 2**qubits - 1)
        In radians, with ``qubits = amplitude_qubits(F)``.

    Examples
    --------
    >>> from noclone.quantum import Engine
    >>> angles = amplitude_angles([[1.0, 1.0, 1.0, -1.0]])
    >>> Engine(amplitude_embedding(2)).states(angles).real.round(12).tolist()
    [[0.5, 0.5, 0.5, -0.5]]
    """
    amplitudes = amplitude_states(data).real
    qubits = amplitude_qubits(np.shape(data)[1])
    parts = []
    for wire in range(qubits):
        count = 2**wire
        halves = amplitudes.reshape(len(amplitudes), count, 2, -1)
        if wire == qubits - 1:
            left, right = halves[:, :, 0, 0], halves[:, :, 1, 0]  # signs are set by the last wire
        else:
            left, right = np.linalg.norm(halves, axis=3).transpose(2, 0, 1)
        parts.append(2 * np.arctan2(right, left) @ _gray_transform(wire))
    return np.concatenate(parts, axis=1)


def _gray_transform(controls: int) -> Floats:
    """Return the matrix from angles by control value to angles of the turns in their order."""
    value = np.arange(2**controls)
    gray = value ^ (value >> 1)
    signs = np.array([[(-1) ** int(a & b).bit_count() for b in gray] for a in value], float)
    return np.asarray(signs / 2**controls)
