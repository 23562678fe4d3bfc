"""Flag-state squasher: few photons are kept as they are, more are replaced by a flag that says what clicked.

It works for every linear-optical receiver, where `squashing` needs a symmetric one. Eve reads the flags, so
that their weight is lost; it is bounded by how often several detectors click.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from scipy.linalg import block_diag

from noclone.core.errors import InvalidInput
from noclone.proofs.library.squashing import Rule, recorded
from noclone.proofs.library.threshold_receiver import ThresholdReceiver, multiple
from noclone.proofs.observations import Event, Observation, Observations
from noclone.protocols.declaration import ROUNDING, Array, Declaration, Outcome

FLAGGED = "flagged"
"""The moment that says how likely more photons than the blocks hold arrive."""
SEVERAL = "several clicks of the flagged"
"""The moment that says how much more often than they must those trip several detectors."""


def flag_state(
    declared: Declaration, receiver: ThresholdReceiver, photons: int, rule: Rule | None = None
) -> Declaration:
    """Return a protocol for qubits as one in which Bob has a receiver and Eve may send it any light.

    Parameters
    ----------
    declared : Declaration
        For a qubit; its signals, key rule and reconciliation stay, its outcomes must be single clicks
        (``z0``, …).
    receiver : ThresholdReceiver
        What Bob really has.
    photons : int
        Up to this many are not flagged. With an active choice between two bases it must be at least 2: two
        photons need not give a double click in either.
    rule : mapping, optional
        What Bob records of each pattern, `squashing_rule` for instance; the pattern itself if not given. Of a
        pattern that stays itself a double click gives no key.

    Returns
    -------
    Declaration
        On the blocks of 0 to `photons` photons and a flag for each pattern, with the moments "flagged" and
        "several clicks of the flagged".

    Raises
    ------
    InvalidInput
        If several clicks at more photons need not happen, so that no observation bounds their weight.

    Notes
    -----
    Zhang, Coles, Winick, Lin, Luetkenhaus, PRR 3, 013076 (2021), arXiv:2004.04383.

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bob = ThresholdReceiver({"z": 0.5, "x": 0.5}, "passive")
    >>> flagged = flag_state(bb84_declaration(0.5), bob, 1)
    >>> flagged.dimensions, list(flagged.outcomes)
    ((2, 10), ['z0', 'z1', 'z01', 'x0', 'x1', 'x01', 'cross click', 'no click'])
    """
    floor = _floor(receiver, photons)
    rule = rule or _patterns(receiver)
    blocks = [receiver.elements(n) for n in range(photons + 1)]
    inside = sum(n + 1 for n in range(photons + 1))
    beyond = receiver.elements(photons + 1)
    flags = [name for name in receiver.patterns if np.abs(beyond[name]).max() > ROUNDING]
    size = inside + len(flags)
    records = {name: np.zeros((size, size), complex) for name in _records(rule, receiver)}
    for pattern, shares in rule.items():
        flag = np.diag([float(pattern == name) for name in flags])
        element = block_diag(*(block[pattern] for block in blocks), flag)
        for name, share in shares.items():
            records[name] += share * element
    if strange := {seen for _, seen in declared.bits} - set(records):
        raise InvalidInput("bits", f"keep {min(strange)!r}, which the receiver does not record")
    announced = {name: each.announced for name, each in declared.outcomes.items()}
    flagged: Array = np.diag([0.0] * inside + [1.0] * len(flags)).astype(complex)
    several: Array = np.diag([0.0] * inside + [float(multiple(name)) for name in flags]).astype(complex)
    moments: dict[str, Array] = {FLAGGED: flagged, SEVERAL: several - floor * flagged}
    return replace(
        declared,
        outcomes={name: Outcome(element, announced.get(name, name)) for name, element in records.items()},
        moments=moments,
        symmetries=(),
    )


def flag_observations(
    declared: Declaration,
    receiver: ThresholdReceiver,
    photons: int,
    table: Mapping[Event, float],
    rule: Rule | None = None,
) -> Observations:
    """Return what a table of clicks says of a protocol that `flag_state` made with the same arguments.

    Parameters
    ----------
    table : mapping
        (signal, pattern) to joint probability; patterns as in `ThresholdReceiver.patterns`.

    Returns
    -------
    Observations
        The probability of each record, and for each signal the ranges of both moments. With the least
        probability w that more than `photons` photons trip several detectors
        (`ThresholdReceiver.multi_click_floor`), at most the share (several clicks)/w is flagged, and the
        flags say "several" with at least w times their own probability.

    Notes
    -----
    The first range is the bound of Li, Luetkenhaus, arXiv:2007.08662, and Kamin, Luetkenhaus, PRR 6, 043223
    (2024), arXiv:2405.05069. The second one follows from the same inequality before it is summed over what
    is seen, and is the tighter one.
    """
    floor = _floor(receiver, photons)
    seen = Observations.full(declared, recorded(rule or _patterns(receiver), table))
    ranges = []
    for sent, signal in declared.signals.items():
        prob = float(np.trace(signal.emitted).real)
        several = sum(table.get((sent, pattern), 0.0) for pattern in receiver.patterns if multiple(pattern))
        for moment, most in ((FLAGGED, min(several / floor, prob)), (SEVERAL, several)):
            ranges.append(Observation(f"{sent}→{moment}", {(sent, moment): 1.0}, 0.0, most))
    return replace(seen, items=(*seen.items, *ranges))


def _floor(receiver: ThresholdReceiver, photons: int) -> float:
    floor = receiver.multi_click_floor(photons + 1)
    if floor < 1e-9:
        raise InvalidInput(
            "photons", f"must be more than {photons}: {photons + 1} photons need not trip two detectors"
        )
    return floor


def _patterns(receiver: ThresholdReceiver) -> Rule:
    """Return the rule that records patterns as they are."""
    return {pattern: {pattern: 1.0} for pattern in receiver.patterns}


def _records(rule: Rule, receiver: ThresholdReceiver) -> list[str]:
    """Return what a rule may record, in the order of the patterns."""
    used = {name for shares in rule.values() for name in shares}
    return [pattern for pattern in receiver.patterns if pattern in used]
