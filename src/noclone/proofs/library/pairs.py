"""Protocols with entangled pairs: nothing is assumed of the source, only of both parties' measurements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.proofs.case import Case
from noclone.proofs.library.mubs import mubs_with_errors
from noclone.protocols.declaration import ROUNDING, Declaration, Reading, Signal


def of_pair(declared: Declaration) -> Declaration:
    """Return a protocol with Alice's preparation replaced by a measurement of her half of an untrusted pair.

    Her result prepares Bob's half in the state that she would have sent, if the pair is maximally entangled.

    Raises
    ------
    InvalidInput
        If her states do not average to the completely mixed one, so that no measurement prepares them.

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.9)
    >>> bb84.sent, of_pair(bb84).sent
    (True, False)
    """
    size = declared.dimensions[0]
    readings = {}
    for name, signal in declared.signals.items():
        if not isinstance(signal, Signal) or signal.prepared:
            raise InvalidInput("signals", "must be states of Alice's alone to be those of a pair")
        readings[name] = Reading(size * signal.operator, signal.bit, signal.announced)
    gap = float(np.abs(sum(each.element for each in readings.values()) - np.eye(size)).max())
    if gap > ROUNDING:
        raise InvalidInput(
            "signals",
            f"must average to the completely mixed state to be those of a pair, but are off by {gap:.3g}",
        )
    return replace(declared, signals=readings)


def bb84_pairs(qber_z: float, qber_x: float, key_prob: float = 0.9, f_ec: float = 1.0) -> Case:
    """Return BB84 with pairs, key from basis Z, of which only both error rates are known.

    Its bound is key_prob^2 [1 - h(qber_x)] (Shor and Preskill, PRL 85, 441 (2000)).

    Examples
    --------
    >>> [item.name for item in bb84_pairs(0.01, 0.03).seen.items]
    ['errors in basis 0', 'errors in basis 1']
    """
    return mubs_with_errors(2, (qber_z, qber_x), key_prob, f_ec, "BB84 with pairs")


def six_state_pairs(
    qber_z: float, qber_x: float, qber_y: float, key_prob: float = 0.9, f_ec: float = 1.0
) -> Case:
    """Return the six-state protocol with pairs, key from basis Z, of which only three error rates are known.

    Examples
    --------
    >>> len(six_state_pairs(0.01, 0.03, 0.02).seen.items)
    3
    """
    return mubs_with_errors(2, (qber_z, qber_x, qber_y), key_prob, f_ec, "Six-state protocol with pairs")


FAMILIES = {"bb84-pairs": bb84_pairs, "six-state-pairs": six_state_pairs}
