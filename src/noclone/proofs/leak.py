"""What error correction tells Eve of the raw key: what the other party's symbols leave open of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite
from noclone.proofs.observations import Event, Observations
from noclone.protocols.declaration import Declaration


def leak_bits(declared: Declaration, table: Mapping[Event, float], f_ec: float = 1.0) -> float:
    r"""Return the bits per signal sent that one-way error correction discloses.

    With the key symbol K, the other party's symbol O and the announcement c of kept rounds it is

    .. math:: f_{EC} \sum_c p_c H(K|O, c)

    (Slepian and Wolf, IEEE Trans. Inf. Theory 19, 471 (1973); what c tells of K is not counted twice).

    Parameters
    ----------
    declared : Declaration
    table : mapping
        (signal, outcome) to joint probability.
    f_ec : float
        Leakage over the Shannon limit, at least 1.

    Raises
    ------
    InvalidInput
        If `f_ec` is below 1.

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> round(leak_bits(bb84, bb84.joint(depolarising(0.1))), 9)
    0.143198479
    """
    if finite("f_ec", f_ec) < 1:
        raise InvalidInput("f_ec", f"must be at least 1, but is {f_ec}")
    keyed = 0 if declared.reconciliation == "direct" else 1
    groups: dict[tuple[str, str], dict[tuple[int, int], float]] = {}
    for (sent, seen), prob in table.items():
        pair = declared.symbols(sent, seen)
        if pair is not None and prob > 0:
            said = declared.signals[sent].announced, declared.outcomes[seen].announced
            group = groups.setdefault(said, {})
            cell = pair[keyed], pair[1 - keyed]
            group[cell] = group.get(cell, 0.0) + prob
    total = 0.0
    for group in groups.values():
        others: dict[int, float] = {}
        for (_, other), prob in group.items():
            others[other] = others.get(other, 0.0) + prob
        total -= sum(prob * np.log2(prob / others[other]) for (_, other), prob in group.items())
    return float(f_ec * max(total, 0.0))


def observed_table(declared: Declaration, seen: Observations) -> dict[Event, float] | None:
    """Return the joint probabilities if the observations state each of them exactly, None if not.

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> table = bb84.joint(depolarising(0.1))
    >>> observed_table(bb84, Observations.full(bb84, table)) == table
    True
    >>> observed_table(bb84, Observations.error_rates(bb84, table)) is None
    True
    """
    found: dict[Event, float] = {}
    for item in seen.items:
        if len(item.weights) == 1 and item.low == item.high:
            event, weight = next(iter(item.weights.items()))
            if weight == 1:
                found[event] = item.low
    wanted = [(sent, outcome) for sent in declared.signals for outcome in declared.outcomes]
    if not all(event in found for event in wanted):
        return None
    return {event: found[event] for event in wanted}
