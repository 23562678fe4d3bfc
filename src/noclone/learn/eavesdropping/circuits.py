"""Eve's circuits: the phase-covariant cloner, which is optimal for BB84, and one that can be trained."""

from __future__ import annotations

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.learn.eavesdropping.interception import EveCircuit
from noclone.quantum import Angle, Circuit, Gate, gate, w, x
from noclone.quantum.layers import strongly_entangling

LAYERS = 4
"""Of the trainable interaction."""
MEASURING = {1: 1, 2: 3}
"""Blocks of rotations that turn any basis of so many ancillas into the computational one."""


def phase_covariant_cloner() -> EveCircuit:
    """Return the circuit that clones the states of Z and X equally well, with one weight.

    The qubit is turned so that Z and X lie on the equator, shares its excitation with the ancilla by the
    angle ``w[0]``, and both are turned back. Eve measures her clone in the basis that is announced.

    Notes
    -----
    Its disturbance is (1 - cos w) / 2, and its information that of `rates.individual_attacks`, to rounding.
    Such cloners: Bruss, Cinchetti, D'Ariano, Macchiavello, PRA 62, 012302 (2000).

    Examples
    --------
    >>> phase_covariant_cloner().n_weights
    1
    """
    interaction = Circuit(
        2,
        (
            gate("rx", 0, angle=np.pi / 2),
            # exp(-i w (XX + YY) / 2), a rotation of |01> and |10> up to the phase that s removes.
            gate("rxx", 0, 1, angle=w[0]),
            gate("ryy", 0, 1, angle=w[0]),
            gate("s", 1),
            gate("rx", 0, angle=-np.pi / 2),
            gate("rx", 1, angle=-np.pi / 2),
        ),
    )
    # Announcements in alphabetical order: x, then z.
    return EveCircuit(interaction, Circuit(2, (gate("ry", 1, angle=-np.pi / 2 * x[0]),)))


def trainable(
    ancillas: int, announcements: int, *, layers: int = LAYERS, entangled: bool = True
) -> EveCircuit:
    """Return a circuit of layers of rotations and CNOT rings, with a basis of its own per announcement.

    Parameters
    ----------
    ancillas : int
        1 or 2.
    announcements : int
        How many different things Alice may announce.
    layers : int
    entangled : bool
        Without entanglement no gate joins the qubit with an ancilla, so that Eve learns nothing.

    Raises
    ------
    InvalidInput
        If there are no or more ancillas.

    Examples
    --------
    >>> trainable(1, 2).n_weights
    28
    """
    if ancillas not in MEASURING:
        raise InvalidInput("ancillas", f"must be 1 or 2, but are {ancillas}")
    qubits, blocks = ancillas + 1, MEASURING[ancillas]
    interaction = strongly_entangling(qubits, layers, entangled=entangled)
    first, each = interaction.n_weights, 2 * ancillas * blocks
    gates: list[Gate] = []
    for block in range(blocks):
        for k in range(2 * ancillas):
            # Announcement a, whose feature alone is 1, has angles of its own.
            own = [x[a] * w[first + a * each + 2 * ancillas * block + k] for a in range(announcements)]
            gates.append(gate(("rz", "ry")[k % 2], 1 + k // 2, angle=sum(own, Angle())))
        if block < blocks - 1:
            gates.append(gate("cx", *((1, 2), (2, 1))[block % 2]))
    return EveCircuit(interaction, Circuit(qubits, tuple(gates)))
