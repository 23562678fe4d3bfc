"""What a finite block is expected to show, and how far an honest one strays from that."""

from __future__ import annotations

import math

from noclone.core.errors import InvalidInput
from noclone.proofs.case import COLLECTIVE, Case
from noclone.proofs.leak import observed_table
from noclone.proofs.observations import Event

EPS_COMPLETE = 1e-8
"""How probable it is that an honest block is dropped."""


def expected_table(case: Case) -> dict[Event, float]:
    """Return the joint probabilities that a case expects.

    Raises
    ------
    InvalidInput
        If it does not state each of them, or if decoy states or a cutoff came before it, whose own price for
        a finite block is not known here.

    Examples
    --------
    >>> from noclone.proofs.subjects import case_of
    >>> table = expected_table(case_of("six-state", qber=0.02))
    >>> len(table), round(sum(table.values()), 12)
    (36, 1.0)
    """
    table = observed_table(case.declared, case.seen)
    if table is None or case.seen.radius:
        raise InvalidInput("block", "needs the expected probability of every signal and outcome together")
    if case.share != 1 or case.adjustments or case.decoys is not None:
        raise InvalidInput(
            "block", "can be charged where the declaration describes every signal, without decoys or a cutoff"
        )
    return table


def device_assumptions(case: Case) -> tuple[str, ...]:
    """Return what a case assumes of the devices; what it assumes of attacks is the block's own to say."""
    return tuple(text for text in case.security.assumptions if text != COLLECTIVE)


def acceptance_radius(rounds: float, events: int, eps_complete: float = EPS_COMPLETE) -> float:
    r"""Return how far an honest block's frequencies lie from the expected ones at most, except with eps.

    Notes
    -----
    sqrt(2 (events ln 2 - ln eps) / rounds), the inequality of Bretagnolle, Huber and Carol. It decides only
    how often an honest block is dropped, not how secret a key is.

    Examples
    --------
    >>> round(acceptance_radius(10**9, 13), 9)
    0.000234229
    """
    return math.sqrt(2 * (events * math.log(2) - math.log(eps_complete)) / rounds)
