"""Relays between two parties: what an honest but noisy one announces; the proof holds for any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite
from noclone.proofs.case import Case, of_channel
from noclone.proofs.library.channels import Channel
from noclone.protocols.bell_relay import BELL_STATES, bell_relay_declaration

Array = NDArray[Any]


def bell_relay(announced: Iterable[str], qber: float) -> Channel:
    """Return a relay that announces Bell states of pairs of qubits with this error rate in every basis.

    A pair is measured as if it had been replaced by a completely mixed one with probability 2 qber.

    Parameters
    ----------
    announced : iterable of str
        Names of the outcomes; "none" is all that is no Bell state.
    qber : float
        Share of wrong bits among announced rounds.

    Raises
    ------
    InvalidInput
        If the error rate is not between 0 and 1/2.

    Examples
    --------
    >>> bell_relay(("psi-", "none"), 0.0)(np.eye(4) / 4).real.round(12).tolist()
    [[0.25, 0.0], [0.0, 0.75]]
    """
    if not 0 <= finite("qber", qber) <= 0.5:
        raise InvalidInput("qber", f"must lie in [0, 0.5], but is {qber}")
    elements = []
    for name in announced:
        bell = BELL_STATES.get(name)
        if bell is not None:
            elements.append((1 - 2 * qber) * np.outer(bell, bell.conj()) + qber / 2 * np.eye(4))
    rest = np.eye(4) - sum(elements)

    def channel(state: Array) -> Array:
        return np.diag([np.trace(element @ state) for element in (*elements, rest)])

    return channel


def mdi(
    qber: float, basis_prob: float = 0.5, announced: tuple[str, ...] = ("psi-", "psi+"), f_ec: float = 1.0
) -> Case:
    """Return measurement-device-independent BB84 with single photons and a noisy relay, key from basis Z.

    Parameters
    ----------
    qber : float
        Share of wrong bits among kept rounds, in either basis.
    basis_prob : float
        Probability of basis Z at each party.
    announced : tuple of str
        Bell states that the relay announces, of "psi-" and "psi+".
    f_ec : float
        Leakage of error correction over the Shannon limit.

    Examples
    --------
    >>> round(mdi(0.03).leak_bits, 9)
    0.024298982
    """
    if isinstance(announced, str) or not isinstance(announced, Iterable):
        raise InvalidInput("announced", f"must be a list of Bell states, but is {announced!r}")
    finite("basis_prob", basis_prob)
    declared = bell_relay_declaration(basis_prob, tuple(announced))
    return of_channel(
        "MDI-BB84 with single photons",
        declared,
        bell_relay(declared.outcomes, qber),
        f_ec=f_ec,
        assumptions=("both parties send exactly one photon in the states declared",),
    )


FAMILIES = {"mdi": mdi}
