"""Circuits that write a sample's angles into a quantum state; a kernel is the likeness of two such states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.quantum import layers
from noclone.quantum.angle import x
from noclone.quantum.circuit import Circuit, gate

TILT = np.pi / 4


def _neighbours(qubits: int, entangled: bool) -> Circuit:
    """Return CZ between neighbours on a line, or nothing."""
    pairs = range(qubits - 1) if entangled else ()
    return Circuit(qubits, tuple(gate("cz", i, i + 1) for i in pairs))


def _repeated(block: Circuit, repeats: int) -> Circuit:
    return Circuit(block.qubits, block.gates * repeats)


def iqp(angles: int, repeats: int = 1, entangled: bool = True) -> Circuit:
    """Return `repeats` times [H on all; RZ(x_i); RZZ(x_i x_j) on all pairs].

    Believed to be hard to simulate at many qubits. One repetition without the RZZ has the kernel ``prod_i
    cos((x_i - y_i) / 2)**2``. Source: V. Havlicek et al., Nature 567, 209 (2019), in the form of J. Bowles
    et al., arXiv:2403.07059.
    """
    return layers.iqp(angles, repeats, entangled=entangled)


def angle(angles: int, repeats: int = 1, entangled: bool = True) -> Circuit:
    """Return `repeats` times [RY(x_i); CZ between neighbours].

    The simplest map. One repetition has the fidelity kernel ``prod_i cos((x_i - y_i) / 2)**2`` with or
    without the CZ, which cancel between the two states; without them r repetitions are one with r times the
    bandwidth.
    """
    return _repeated(layers.angle_embedding(angles) + _neighbours(angles, entangled), repeats)


def tilted(angles: int, repeats: int = 1, entangled: bool = True) -> Circuit:
    """Return `repeats` times [RX(pi/4); RY(x_i); CZ between neighbours].

    The fixed tilt keeps the repetitions from adding up to one rotation, so that each adds a frequency to the
    kernel. Without the CZ it is the separable kernel of J. Bowles et al., arXiv:2403.07059.
    """
    tilt = Circuit(angles, tuple(gate("rx", i, angle=TILT) for i in range(angles)))
    turns = Circuit(angles, tuple(gate("ry", i, angle=x[i]) for i in range(angles)))
    return _repeated(tilt + turns + _neighbours(angles, entangled), repeats)


FEATURE_MAPS: dict[str, Callable[[int, int, bool], Circuit]] = {"iqp": iqp, "angle": angle, "tilted": tilted}
"""Feature maps by name; each takes the number of angles, of repetitions, and whether qubits are entangled."""


def feature_map(name: str, angles: int, repeats: int = 1, entangled: bool = True) -> Circuit:
    """Return a feature map with one qubit per angle.

    Parameters
    ----------
    name : str
        ``"iqp"``, ``"angle"`` or ``"tilted"``.
    angles : int
        Number of angles, that is of qubits.
    repeats : int
    entangled : bool
        Without entanglement, the two-qubit gates are left out.

    Raises
    ------
    InvalidInput
        Unknown name, or a number of repetitions below 1.

    Examples
    --------
    >>> circuit = feature_map("iqp", 3)
    >>> [part.name for part in circuit.gates if len(part.wires) == 2]
    ['rzz', 'rzz', 'rzz']
    """
    if name not in FEATURE_MAPS:
        raise InvalidInput("feature_map", unknown_text(str(name), list(FEATURE_MAPS)))
    if repeats < 1:
        raise InvalidInput("layers", f"must be at least 1, but is {repeats}")
    return FEATURE_MAPS[name](angles, repeats, entangled)
