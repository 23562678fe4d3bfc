"""What a proof file claims: its content with every type checked, and what is wrong with its values."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.proofs.decoys_claim import DecoyClaim, decoy_claim
from noclone.proofs.typed import get, numbers, rows, typed

Array = NDArray[Any]
Event = tuple[str, str]

FORMAT = "noclone-proof/1"
DEFECT = 1e-9
"""A declaration is refused where its matrices are further from Hermitian, positive and complete."""
ROUNDING = 2.0**-50
"""How far a declaration's numbers may be from the real protocol's where they show no larger defect: eight
times the rounding of a float."""
SHARE, LEAK = "share of signals", "leak"
"""What a verdict calls these; no adjustment may have their names."""
MAX_SIZE, MAX_EVENTS = 512, 1_000_000
"""Dimensions of the variable, and pairs of a signal and an outcome, beyond these are refused."""


class Sent(NamedTuple):
    """A signal: a state vector with its probability, or an element of the measurement of a pair's half."""

    form: Array
    prob: float
    announced: str
    symbol: int
    prepared: int


class Seen(NamedTuple):
    """An observation: the sum of events with these weights lies from low to high."""

    name: str
    weights: dict[Event, float]
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Claim:
    """The content of a proof file.

    Attributes
    ----------
    title, assumptions : str, tuple of str
    entropy_bits, value_bits, share, leak_bits : float
    adjustments : tuple of (str, float)
    sends : bool
        Whether Alice sends states, so that her side is known.
    signals : mapping of Sent
    announced : mapping of str
        What Bob says of each outcome.
    measured : mapping of ndarray, shape (d, d)
        Outcomes and moments.
    key : mapping
        (Alice's announcement, Bob's outcome) to his raw key symbol.
    direct : bool
        Whether Alice's symbols are the key.
    items : tuple of Seen
    radius : float
        How far the observed values together may deviate.
    point : ndarray, shape (n, n)
    multipliers : tuple of float
    decoys : DecoyClaim, optional
        What was seen with decoy states.
    """

    title: str
    assumptions: tuple[str, ...]
    entropy_bits: float
    value_bits: float
    share: float
    leak_bits: float
    adjustments: tuple[tuple[str, float], ...]
    sends: bool
    signals: dict[str, Sent]
    announced: dict[str, str]
    measured: dict[str, Array]
    key: dict[Event, int]
    direct: bool
    items: tuple[Seen, ...]
    radius: float
    point: Array
    multipliers: tuple[float, ...]
    decoys: DecoyClaim | None

    @property
    def side(self) -> int:
        """The dimension D of Alice's space."""
        return len(next(iter(self.signals.values())).form)

    @property
    def other(self) -> int:
        """The dimension d of Bob's space."""
        return len(next(iter(self.measured.values())))

    @property
    def certain(self) -> int:
        """How many constraints hold whatever is observed; their multipliers come first."""
        return self.side**2 if self.sends else 1

    def defects(self) -> Iterator[tuple[str, str, float]]:
        """Yield how far each part is from Hermitian, positive and complete, with a clause.

        The parts are "signals", "outcomes" and "moments".
        """
        forms = {name: signal.form for name, signal in self.signals.items()}
        parts = {
            "outcomes": {name: self.measured[name] for name in self.announced},
            "moments": {name: each for name, each in self.measured.items() if name not in self.announced},
        }
        if self.sends:
            for name, state in forms.items():
                off = abs(float(np.linalg.norm(state)) - 1)
                yield "signals", f"the length of state {name!r} is off 1 by", off
            off = abs(sum(x.prob for x in self.signals.values()) - 1)
            yield "signals", "the probabilities of signals sum to 1 but for", off
        else:
            parts["signals"] = forms
        for part, operators in parts.items():
            for name, operator in operators.items():
                gap = float(np.linalg.norm(operator - operator.conj().T, 2)) / _scale(operator)
                yield part, f"the operator of {name!r} differs from its adjoint, relatively, by", gap
                if part != "moments":
                    below = -float(np.linalg.eigvalsh(operator)[0]) / _scale(operator)
                    yield part, f"the operator of {name!r} has an eigenvalue, relatively, below 0 by", below
            if part != "moments":
                rest = sum(operators.values(), -np.eye(len(operator), dtype=complex))
                off = float(np.linalg.norm(rest, 2))
                yield part, "a measurement's elements sum to the identity but for", off

    @property
    def rounding(self) -> dict[str, float]:
        """How far r the numbers of each part may be from a real protocol's; one lies that near at least.

        The operator norm of differences is at most r p for probabilities, r for states, and r (|O| + 1/32)
        for operators O. States and probabilities become real by a factor, moments by their Hermitian part,
        and measurements by clipping each element and dividing by their sum.
        """
        factors = {"signals": 3, "outcomes": len(self.announced) + 3, "moments": 2}
        if not self.sends:
            factors["signals"] = len(self.signals) + 3
        found = dict.fromkeys(factors, ROUNDING)
        for part, _, size in self.defects():
            found[part] = max(found[part], factors[part] * size)
        return found

    def part(self, measured: str) -> str:
        """Return whether an operator of Bob's is one of his "outcomes" or "moments"."""
        return "outcomes" if measured in self.announced else "moments"

    def faults(self) -> list[str]:
        """Return why the values make no protocol, no observations or no rate, a clause each."""
        said = {signal.announced for signal in self.signals.values()}
        found = [f"{clause} {size:.3g}" for _, clause, size in self.defects() if not size <= DEFECT]
        for name, signal in self.signals.items():
            if not 0 < signal.prob <= 1:
                found.append(f"the probability of {name!r} is {signal.prob}")
        for pair in self.key:
            if pair[0] not in said or pair[1] not in self.announced:
                found.append(f"the key names {pair}, which is not announced")
        if any(signal.prepared for signal in self.signals.values()):
            symbols = {n for signal in self.signals.values() for n in (signal.symbol, signal.prepared)}
            if not symbols | set(self.key.values()) <= {0, 1}:
                found.append("Bob prepares states, but not all symbols are bits")
        if self.decoys is not None and any(x.prepared for x in self.signals.values()) | (not self.sends):
            found.append("decoy states are proven of signals that Alice alone sends")
        for item in self.items:
            for sent, what in item.weights:
                if sent not in self.signals or what not in self.measured:
                    found.append(f"an observation names {(sent, what)}, which the protocol lacks")
            if item.low > item.high:
                found.append(f"an observed value lies from {item.low} to {item.high}")
        if self.radius < 0:
            found.append(f"the observations' radius is {self.radius}")
        if not 0 <= self.share <= 1:
            found.append(f"the share of signals is {self.share}")
        if self.leak_bits < 0:
            found.append(f"the leak is {self.leak_bits}, but error correction cannot add secrecy")
        return found


def claim(content: Mapping[str, Any]) -> Claim:
    """Return what a proof file's content claims.

    Raises
    ------
    InvalidInput
        If something is missing or has the wrong type or shape, is not finite or beyond 1e15, or if a name
        stands twice.

    Examples
    --------
    >>> claim({"format": "another"})
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: proof must be of the format noclone-proof/1, but is 'another'.
    """
    if content.get("format") != FORMAT:
        raise InvalidInput(
            "proof", f"must be of the format {FORMAT}, but is {reprlib.repr(content.get('format'))}"
        )
    protocol, seen = get(content, "protocol", dict), get(content, "observations", dict)
    signals, outcomes, moments = (_named(protocol, kind) for kind in ("signals", "outcomes", "moments"))
    sends = all("state" in entry for entry in signals.values())
    measured = {name: numbers(entry, "element", 2) for name, entry in outcomes.items()}
    means = {name: numbers(entry, "operator", 2) for name, entry in moments.items()}
    if clash := measured.keys() & means.keys():
        raise InvalidInput("protocol.moments", f"must not have the name of an outcome, {min(clash)!r}")
    reconciliation = get(protocol, "reconciliation", str)
    if reconciliation not in ("direct", "reverse"):
        raise InvalidInput("reconciliation", f"must be 'direct' or 'reverse', but is {reconciliation!r}")
    security = get(content, "security", dict)
    for name, kind in (
        ("attacks", str),
        ("regime", str),
        ("source", str),
        ("eps_sec", float),
        ("eps_cor", float),
    ):
        if kind is str or security.get(name) is not None:
            get(security, name, kind)
    adjustments = tuple((name, bits) for name, bits in rows(content, "adjustments", (str, float)))
    for name, _ in adjustments:
        if name in (SHARE, LEAK):
            raise InvalidInput("adjustments", f"must have names of their own, but one is {name!r}")
    found = Claim(
        get(content, "title", str),
        tuple(typed(text, "assumptions", str) for text in get(security, "assumptions", list)),
        get(content, "entropy_bits", float),
        get(content, "value_bits", float),
        get(content, "share", float),
        get(content, "leak_bits", float),
        adjustments,
        sends,
        {name: _sent(entry, sends) for name, entry in signals.items()},
        {name: get(entry, "announced", str) for name, entry in outcomes.items()},
        measured | means,
        _unique(rows(protocol, "key", (str, str, int)), "protocol.key"),
        reconciliation == "direct",
        tuple(_seen(entry) for entry in get(seen, "items", list)),
        get(seen, "radius", float),
        numbers(content, "point", 2),
        tuple(typed(y, "multipliers", float) for y in get(content, "multipliers", list)),
        decoy_claim(get(content, "decoys", dict)) if "decoys" in content else None,
    )
    _check_shapes(found)
    return found


def digests(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 that a proof file must state of its protocol, and of everything but that.

    Examples
    --------
    >>> digests({"protocol": {}})["protocol_sha256"][:8]
    '44136fa3'
    """
    parts = {
        "protocol_sha256": content.get("protocol"),
        "sha256": {name: part for name, part in content.items() if name != "sha256"},
    }
    found = {}
    for name, part in parts.items():
        try:
            text = json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            found[name] = hashlib.sha256(text.encode()).hexdigest()
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidInput("proof", f"cannot be written as JSON text ({error})") from error
    return found


def _scale(operator: Array) -> float:
    return float(np.linalg.norm(operator, 2)) + 1 / 32


def _sent(entry: Mapping[str, Any], sends: bool) -> Sent:
    said, symbol = get(entry, "announced", str), get(entry, "symbol", int)
    if not sends:
        return Sent(numbers(entry, "element", 2), 1.0, said, symbol, 0)
    return Sent(
        numbers(entry, "state", 1), get(entry, "prob", float), said, symbol, get(entry, "prepared", int)
    )


def _seen(entry: Any) -> Seen:
    weights = _unique(rows(typed(entry, "items", dict), "weights", (str, str, float)), "weights")
    return Seen(get(entry, "name", str), weights, get(entry, "low", float), get(entry, "high", float))


def _check_shapes(found: Claim) -> None:
    shapes = [
        {signal.form.shape for signal in found.signals.values()},
        {operator.shape for operator in found.measured.values()},
    ]
    if not found.signals or not found.announced or not found.key or max(map(len, shapes)) > 1:
        raise InvalidInput("protocol", "must have signals and outcomes of one dimension each, and keep some")
    if len(found.signals) * len(found.announced) > MAX_EVENTS:
        raise InvalidInput("protocol", f"must have at most {MAX_EVENTS} pairs of a signal and an outcome")
    size = found.side * found.other
    if not len(found.point) == size <= MAX_SIZE:
        raise InvalidInput("point", f"must have {size} rows, at most {MAX_SIZE}, but has {len(found.point)}")
    wanted = found.certain + len(found.items)
    if len(found.multipliers) != wanted:
        raise InvalidInput("multipliers", f"must be {wanted} numbers, but are {len(found.multipliers)}")


def _named(protocol: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    entries = [typed(each, f"protocol.{kind}", dict) for each in get(protocol, kind, list)]
    found = {get(each, "name", str): each for each in entries}
    if len(found) != len(entries):
        raise InvalidInput(f"protocol.{kind}", "must not have a name twice")
    return found


def _unique(rows: list[tuple[Any, ...]], name: str) -> dict[Event, Any]:
    found = {(sent, seen): value for sent, seen, value in rows}
    if len(found) != len(rows):
        raise InvalidInput(name, "must not have an event twice")
    return found
