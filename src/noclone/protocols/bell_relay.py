"""The states of BB84 sent by two parties to a relay that announces Bell states, as a declaration."""

from __future__ import annotations

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.protocols.declaration import Array, Declaration, Outcome, Signal
from noclone.protocols.four_states import basis_signals, projector

BELL_STATES: dict[str, Array] = {
    "psi-": np.array([0, 1, -1, 0], complex) / np.sqrt(2),
    "psi+": np.array([0, 1, 1, 0], complex) / np.sqrt(2),
}
"""The two Bell states that linear optics can tell apart."""

FLIPS = {("psi-", "z"): 1, ("psi-", "x"): 1, ("psi+", "z"): 1, ("psi+", "x"): 0}
"""What Bob adds to his bit where a Bell state is announced and both chose a basis."""


def bell_relay_declaration(
    basis_prob: float, announced: tuple[str, ...] = ("psi-", "psi+"), keyed_bases: str = "z"
) -> Declaration:
    """Return measurement-device-independent BB84 with single photons; what the relay announces is its output.

    Parameters
    ----------
    basis_prob : float
        Probability of basis Z at each party.
    announced : tuple of str
        Bell states that the relay announces; "none" is all the rest.
    keyed_bases : {"both", "z"}
        Which bases give key.

    Raises
    ------
    InvalidInput
        If a name is no Bell state's, or one comes twice.

    Examples
    --------
    >>> declared = bell_relay_declaration(0.5, ("psi-",))
    >>> declared.dimensions, declared.symbols("z0z1", "psi-"), declared.symbols("z0x1", "psi-")
    ((4, 2), (0, 0), None)
    """
    if not announced or not set(announced) <= set(BELL_STATES) or len(set(announced)) < len(announced):
        raise InvalidInput("announced", f"must be different ones of {tuple(BELL_STATES)}, but is {announced}")
    alone = basis_signals({"z": basis_prob, "x": 1 - basis_prob})
    signals = {
        a + b: Signal(
            one.prob * two.prob,
            np.kron(one.state, two.state).astype(np.complex128),
            one.bit,
            one.announced + two.announced,
            two.bit,
        )
        for a, one in alone.items()
        for b, two in alone.items()
    }
    results = (*announced, "none")
    unit = np.eye(len(results), dtype=complex)
    outcomes = {name: Outcome(projector(unit[i]), name) for i, name in enumerate(results)}
    keyed = ("z", "x") if keyed_bases == "both" else ("z",)
    bits = {(basis * 2, name): FLIPS[name, basis] for name in announced for basis in keyed}
    return Declaration(signals, outcomes, bits)
