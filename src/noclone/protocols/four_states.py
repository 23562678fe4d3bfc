"""The four states of BB84 and their two measurements, as a declaration."""

from __future__ import annotations

import numpy as np

from noclone.protocols.declaration import Array, Declaration, Outcome, Signal

BASES: dict[str, Array] = {
    "z": np.array([[1, 0], [0, 1]], complex),
    "x": np.array([[1, 1], [1, -1]], complex) / np.sqrt(2),
    "y": np.array([[1, 1j], [1, -1j]], complex) / np.sqrt(2),
}
"""The two states of each basis of a qubit, by bit."""


def projector(state: Array) -> Array:
    """Return the projector onto a state.

    Examples
    --------
    >>> projector(BASES["x"][0]).real.round(3).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    return np.outer(state, state.conj()).astype(complex)


def basis_signals(probs: dict[str, float]) -> dict[str, Signal]:
    """Return both states of each basis, sent with the basis's probability and announced by its name.

    Examples
    --------
    >>> sorted(basis_signals({"z": 0.9, "x": 0.1}))
    ['x0', 'x1', 'z0', 'z1']
    """
    return {
        f"{basis}{bit}": Signal(prob / 2, BASES[basis][bit], bit, basis)
        for basis, prob in probs.items()
        for bit in (0, 1)
    }


def basis_outcomes(probs: dict[str, float]) -> dict[str, Outcome]:
    """Return the measurement that chooses among bases with these probabilities.

    Examples
    --------
    >>> outcomes = basis_outcomes({"z": 0.9, "x": 0.1})
    >>> np.allclose(sum(each.element for each in outcomes.values()), np.eye(2))
    True
    """
    return {
        f"{basis}{bit}": Outcome(prob * projector(BASES[basis][bit]), basis)
        for basis, prob in probs.items()
        for bit in (0, 1)
    }


def bb84_declaration(basis_prob: float, keyed_bases: str = "both") -> Declaration:
    """Return BB84 as states, a measurement and the sifting of bases.

    Parameters
    ----------
    basis_prob : float
        Probability of basis Z at each party.
    keyed_bases : {"both", "z"}
        Which bases give key.

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> kept, wrong = bb84_declaration(0.9).kept_and_wrong(depolarising(0.1))
    >>> round(kept, 12), round(wrong / kept, 12)
    (0.82, 0.05)
    """
    probs = {"z": basis_prob, "x": 1 - basis_prob}
    keyed = probs if keyed_bases == "both" else {"z": basis_prob}
    bits = {(basis, f"{basis}{bit}"): bit for basis in keyed for bit in (0, 1)}
    return Declaration(basis_signals(probs), basis_outcomes(probs), bits)
