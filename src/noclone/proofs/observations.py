"""What the parties saw of a declared protocol, as linear functions of its events with values or ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite, real
from noclone.protocols.declaration import Declaration

Array = NDArray[Any]
Event = tuple[str, str]

ROUNDING = 1e-15
"""Probabilities below this share of the largest that their signal and outcome allow are 0."""


@dataclass(frozen=True)
class Observation:
    """One number that was seen, and how far it may lie from the truth.

    Attributes
    ----------
    name : str
        For people.
    weights : mapping
        (label of the signal, label of Bob's outcome or moment) to its coefficient: the number is the sum of
        the joint probabilities (for a moment: of the signal's probability times the mean) with these weights.
    low, high : float
        The true value lies between them; equal where it is taken as known exactly.
    """

    name: str
    weights: Mapping[Event, float]
    low: float
    high: float

    def __post_init__(self) -> None:
        field = f"observation {self.name!r}"
        if not isinstance(self.weights, Mapping):
            raise InvalidInput(
                field, f"must have weights by (signal, outcome), but has {type(self.weights).__name__}"
            )
        for value in (*self.weights.values(), self.low, self.high):
            finite(field, value)
        if not self.low <= self.high:
            raise InvalidInput(field, f"must have low <= high, but has {self.low} and {self.high}")


@dataclass(frozen=True)
class Observations:
    """All that was seen.

    Attributes
    ----------
    items : tuple of Observation
    radius : float
        Where positive, the values may besides deviate from the truth by this much in sum (1-norm), and
        `low` and `high` of each are the seen frequency.

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> seen = Observations.error_rates(bb84, bb84.joint(depolarising(0.1)))
    >>> [(item.name, round(item.low, 12)) for item in seen.items]
    [('x·x kept', 0.25), ('x·x wrong', 0.0125), ('z·z kept', 0.25), ('z·z wrong', 0.0125)]
    """

    items: tuple[Observation, ...]
    radius: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.items, tuple) or not all(isinstance(x, Observation) for x in self.items):
            raise InvalidInput("items", "must be a tuple of Observation")
        real("radius", self.radius)

    @classmethod
    def full(cls, declared: Declaration, table: Mapping[Event, float]) -> Self:
        """Return every joint probability as an observation.

        Raises
        ------
        InvalidInput
            If the table lacks a pair of signal and outcome, or is no probability distribution.
        """
        _check_table(declared, table)
        return cls(
            tuple(
                Observation(f"{sent}→{seen}", {(sent, seen): 1.0}, value, value)
                for (sent, seen), value in _resolved(declared, table).items()
            )
        )

    @classmethod
    def error_rates(cls, declared: Declaration, table: Mapping[Event, float]) -> Self:
        """Return only how often rounds of each announced pair are kept, and kept with unequal symbols."""
        _check_table(declared, table)
        kept: dict[str, dict[Event, float]] = {}
        wrong: dict[str, dict[Event, float]] = {}
        for sent, seen in table:
            pair = declared.symbols(sent, seen)
            if pair is not None:
                name = f"{declared.signals[sent].announced}·{declared.outcomes[seen].announced}"
                kept.setdefault(name, {})[sent, seen] = 1.0
                if pair[0] != pair[1]:
                    wrong.setdefault(name, {})[sent, seen] = 1.0
        items = []
        for name in sorted(kept):
            for kind, events in (("kept", kept[name]), ("wrong", wrong.get(name, {}))):
                if events:
                    value = float(sum(table[event] for event in events))
                    items.append(Observation(f"{name} {kind}", events, value, value))
        return cls(tuple(items))

    @classmethod
    def of_channel(cls, declared: Declaration, channel: Callable[[Array], Array]) -> Self:
        """Return what a channel on Bob's space gives: all joint probabilities, and the means of moments."""
        found = cls.full(declared, declared.joint(channel))
        means = [
            (sent, name, float(np.trace(moment @ channel(signal.emitted)).real))
            for sent, signal in declared.signals.items()
            for name, moment in declared.moments.items()
        ]
        extra = (Observation(f"{sent}→{name}", {(sent, name): 1.0}, v, v) for sent, name, v in means)
        return replace(found, items=(*found.items, *extra))


def _resolved(declared: Declaration, table: Mapping[Event, float]) -> dict[Event, float]:
    """Return probabilities, 0 where they differ from 0 by rounding: a proof can use that they are none."""
    most = {name: float(np.trace(signal.operator).real) for name, signal in declared.signals.items()}
    reach = {name: float(np.linalg.norm(each.element, 2)) for name, each in declared.outcomes.items()}
    return {
        (sent, seen): 0.0 if abs(prob) < ROUNDING * most[sent] * reach[seen] else prob
        for (sent, seen), prob in table.items()
    }


def _check_table(declared: Declaration, table: Mapping[Event, float]) -> None:
    wanted = {(sent, seen) for sent in declared.signals for seen in declared.outcomes}
    if missing := wanted - set(table):
        raise InvalidInput("observations", f"lack the pair {min(missing)}")
    if strange := set(table) - wanted:
        raise InvalidInput(
            "observations", f"have the pair {min(strange, key=repr)}, which the protocol lacks"
        )
    for event, value in table.items():
        finite(f"observations[{event!r}]", value)
    lowest = min(table.values())
    if lowest < -1e-12:
        raise InvalidInput("observations", f"must not be negative, but one is {lowest:.3g}")
    total = sum(table.values())
    if abs(total - 1) > 1e-9:
        raise InvalidInput("observations", f"must sum to 1, but sum to {total:.9g}")
