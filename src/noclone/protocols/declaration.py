"""What is sent, measured, announced and kept in a protocol of few dimensions, for a proof to start from."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite

Array = NDArray[np.complex128]

ROUNDING = 1e-9
"""How far probabilities and measurements may be from summing to 1, and matrices from Hermitian."""


@dataclass(frozen=True, eq=False)
class Signal:
    """One of the states that Alice may send.

    Attributes
    ----------
    prob : float
        How often.
    state : ndarray, shape (D,)
        The state vector; the vectors of all signals span their space.
    bit : int
        Her raw key symbol if the round is kept.
    announced : str
        What she says of it publicly.
    prepared : int
        Where Bob sends a state too, to a relay: the symbol of his. A signal is then the pair of states and
        `announced` what both say.
    """

    prob: float
    state: Array
    bit: int
    announced: str
    prepared: int = 0

    def __post_init__(self) -> None:
        _typed(self, prob=finite, state=_numbers, bit=_symbol, announced=_word, prepared=_symbol)

    @property
    def operator(self) -> Array:
        """The operator that stands for the signal on Alice's side of the channel's Choi operator."""
        return self.prob * np.outer(self.state.conj(), self.state)

    @property
    def emitted(self) -> Array:
        """The density matrix that enters the channel, with the signal's probability as its trace."""
        return self.prob * np.outer(self.state, self.state.conj())


@dataclass(frozen=True, eq=False)
class Reading:
    """One result of Alice's measurement of her half of a pair, where the source is nobody's friend.

    Attributes
    ----------
    element : ndarray, shape (D, D)
        The POVM element, the choice of the measurement included; all elements sum to the identity.
    bit : int
        Her raw key symbol if the round is kept.
    announced : str
        What she says of it publicly.
    """

    element: Array
    bit: int
    announced: str

    def __post_init__(self) -> None:
        _typed(self, element=_numbers, bit=_symbol, announced=_word)

    @property
    def prepared(self) -> int:
        """Nothing: Bob only measures."""
        return 0

    @property
    def operator(self) -> Array:
        """The POVM element."""
        return self.element

    @property
    def emitted(self) -> Array:
        """What the reading leaves on Bob's half of a maximally entangled pair, with its probability."""
        return self.element.T / len(self.element)


@dataclass(frozen=True, eq=False)
class Outcome:
    """One result of Bob's measurement.

    Attributes
    ----------
    element : ndarray, shape (d, d)
        The POVM element, the choice of the measurement included; all elements sum to the identity.
    announced : str
        What Bob says of it publicly.
    """

    element: Array
    announced: str

    def __post_init__(self) -> None:
        _typed(self, element=_numbers, announced=_word)


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A unitary of Alice's and one of Bob's that together turn the protocol into itself.

    Signals and outcomes are permuted, with what is observed and kept; a proof checks that before it relies
    on it.

    Attributes
    ----------
    alice : ndarray, shape (D, D)
        It turns the operators of the signals (their states' complex conjugates) into each other.
    bob : ndarray, shape (d, d)
    """

    alice: Array
    bob: Array

    def __post_init__(self) -> None:
        _typed(self, alice=_numbers, bob=_numbers)


@dataclass(frozen=True, eq=False)
class Declaration:
    """A protocol as states, a measurement, announcements and a rule for the key.

    Attributes
    ----------
    signals : mapping
        What Alice may send (or read off her half of a pair), by a label; the probabilities sum to 1.
    outcomes : mapping
        What Bob may see, by a label.
    bits : mapping
        (Alice's announcement, label of Bob's outcome) to Bob's raw key symbol. A round whose pair is absent
        is discarded. Where Bob sends a state too, this is what he adds to its symbol.
    moments : mapping
        Hermitian operators of Bob's whose means test rounds give besides the outcomes, by a label.
    reconciliation : {"direct", "reverse"}
        Whose symbols are the key: Alice's or Bob's.
    symmetries : tuple of Symmetry
        Generators of a group; they make a proof faster, not better.

    Raises
    ------
    InvalidInput
        If a matrix has the wrong shape or is not Hermitian or not positive, if probabilities or POVM
        elements do not sum to 1, or if the rule for the key names something that is not announced.

    Examples
    --------
    >>> z, x = np.eye(2, dtype=complex), np.array([[1, 1], [1, -1]], complex) / 2**0.5
    >>> bb84 = Declaration(
    ...     {f"{b}{i}": Signal(0.25, v[i], i, b) for b, v in (("z", z), ("x", x)) for i in (0, 1)},
    ...     {
    ...         f"{b}{i}": Outcome(np.outer(v[i], v[i]) / 2, b)
    ...         for b, v in (("z", z), ("x", x))
    ...         for i in (0, 1)
    ...     },
    ...     {(b, f"{b}{i}"): i for b in "zx" for i in (0, 1)},
    ... )
    >>> kept, wrong = bb84.kept_and_wrong(depolarising(0.1))
    >>> round(kept, 12), round(wrong / kept, 12)
    (0.5, 0.05)
    """

    signals: Mapping[str, Signal | Reading]
    outcomes: Mapping[str, Outcome]
    bits: Mapping[tuple[str, str], int]
    moments: Mapping[str, Array] = field(default_factory=dict)
    reconciliation: Literal["direct", "reverse"] = "direct"
    symmetries: tuple[Symmetry, ...] = ()

    def __post_init__(self) -> None:
        _check_kinds(self)
        _typed(self, moments=_operators, symmetries=_symmetries)
        _check_alice(self.signals)
        _check_bob(self)
        _check_rule(self)

    @property
    def sent(self) -> bool:
        """Whether Alice sends states of her own, so that her side is known."""
        return all(isinstance(signal, Signal) for signal in self.signals.values())

    @property
    def dimensions(self) -> tuple[int, int]:
        """The dimensions D of Alice's space and d of Bob's."""
        signals: list[Signal | Reading] = list(self.signals.values())
        outcomes = list(self.outcomes.values())
        return len(signals[0].operator), len(outcomes[0].element)

    def symbols(self, sent: str, seen: str) -> tuple[int, int] | None:
        """Return Alice's and Bob's raw key symbols of a round, None where it is discarded."""
        signal = self.signals[sent]
        added = self.bits.get((signal.announced, seen))
        if added is None:
            return None
        # A symbol that Bob adds to is a bit; else it is what his outcome says.
        return signal.bit, (added + signal.prepared) % 2 if signal.prepared else added

    def joint(self, channel: Callable[[Array], Array]) -> dict[tuple[str, str], float]:
        """Return the probability of each signal and outcome when states pass a channel (density matrices)."""
        table = {}
        for sent, signal in self.signals.items():
            arrived = channel(signal.emitted)
            for seen, outcome in self.outcomes.items():
                table[sent, seen] = float(np.trace(outcome.element @ arrived).real)
        return table

    def kept_and_wrong(self, channel: Callable[[Array], Array]) -> tuple[float, float]:
        """Return the probabilities that a round is kept, and that it is kept with unequal bits."""
        kept = wrong = 0.0
        for (sent, seen), prob in self.joint(channel).items():
            pair = self.symbols(sent, seen)
            if pair is not None:
                kept += prob
                wrong += prob * (pair[0] != pair[1])
        return kept, wrong


def _typed(thing: object, **readers: Callable[[str, Any], Any]) -> None:
    """Replace each field by what its reader makes of it."""
    for name, read in readers.items():
        object.__setattr__(thing, name, read(name, getattr(thing, name)))


def _symbol(field: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise InvalidInput(field, f"must be a whole number from 0, but is {value!r}")
    return int(value)


def _word(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInput(field, f"must be text, but is {value!r}")
    return value


def _numbers(field: str, value: Any) -> Array:
    try:
        found = np.asarray(value)
        if found.dtype.kind in "iufc":
            return found.astype(complex, copy=False)
    except ValueError:  # rows of unequal lengths
        pass
    raise InvalidInput(field, f"must be an array of numbers, but is {reprlib.repr(value)}")


def _operators(field: str, value: Any) -> dict[str, Array]:
    return {name: _numbers(f"{field}[{name!r}]", each) for name, each in value.items()}


def _symmetries(field: str, value: Any) -> tuple[Symmetry, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, Symmetry) for each in value):
        raise InvalidInput(field, "must be a tuple of Symmetry")
    return tuple(value)


def _check_kinds(declared: Declaration) -> None:
    """Refuse what is no mapping from names to what belongs there."""
    kinds = {"signals": (Signal, Reading), "outcomes": (Outcome,), "bits": (), "moments": ()}
    for part, allowed in kinds.items():
        entries = getattr(declared, part)
        if not isinstance(entries, Mapping):
            raise InvalidInput(part, f"must be a mapping by name, but is {type(entries).__name__}")
        for name, entry in entries.items():
            if part != "bits" and not isinstance(name, str):
                raise InvalidInput(f"{part}[{name!r}]", "must have text as its name")
            if allowed and not isinstance(entry, allowed):
                names = " or ".join(kind.__name__ for kind in allowed)
                raise InvalidInput(f"{part}[{name!r}]", f"must be a {names}, but is {type(entry).__name__}")


def _check_alice(signals: Mapping[str, Signal | Reading]) -> None:
    if not signals:
        raise InvalidInput("signals", "must not be empty")
    kinds = {type(signal) for signal in signals.values()}
    if len(kinds) != 1:
        raise InvalidInput("signals", "must be all states or all readings of a pair, not some of each")
    shapes = {np.shape(s.state if isinstance(s, Signal) else s.element) for s in signals.values()}
    if len(shapes) != 1:
        raise InvalidInput("signals", f"must all have one dimension, but have {sorted(shapes)}")
    for name, signal in signals.items():
        if isinstance(signal, Reading):
            _check_positive(f"signals[{name!r}].element", signal.element)
            continue
        if not 0 < signal.prob <= 1:
            raise InvalidInput(f"signals[{name!r}].prob", f"must lie in (0, 1], but is {signal.prob}")
        if signal.state.ndim != 1 or not np.isfinite(signal.state).all():
            raise InvalidInput(f"signals[{name!r}].state", "must be a vector of finite numbers")
        length = float(np.linalg.norm(signal.state))
        if abs(length - 1) > ROUNDING:
            raise InvalidInput(f"signals[{name!r}].state", f"must have length 1, but has {length:.9g}")
    if kinds == {Reading}:
        _check_identity("signals", [s.operator for s in signals.values()])
        return
    total = sum(s.prob for s in signals.values() if isinstance(s, Signal))
    if abs(total - 1) > ROUNDING:
        raise InvalidInput("signals", f"must have probabilities that sum to 1, but they sum to {total:.9g}")
    states = np.array([s.state for s in signals.values() if isinstance(s, Signal)])
    lengths = np.linalg.svd(states, compute_uv=False)
    rank = int(np.sum(lengths > ROUNDING))
    if rank < states.shape[1]:
        raise InvalidInput(
            "signals",
            f"must span their space of dimension {states.shape[1]}, but in {states.shape[1] - rank} of its "
            f"directions none is longer than {ROUNDING:g}; states that span fewer dimensions are written in "
            "those by noclone.proofs.spanned, and states so nearly alike cannot be told from such",
        )


def _check_bob(declared: Declaration) -> None:
    if not declared.outcomes:
        raise InvalidInput("outcomes", "must not be empty")
    shapes = {np.shape(each.element) for each in declared.outcomes.values()}
    shapes |= {np.shape(each) for each in declared.moments.values()}
    if len(shapes) != 1:
        raise InvalidInput("outcomes", f"must all have one dimension, but have {sorted(shapes)}")
    for name, outcome in declared.outcomes.items():
        _check_positive(f"outcomes[{name!r}].element", outcome.element)
    for name, moment in declared.moments.items():
        _check_hermitian(f"moments[{name!r}]", moment)
    _check_identity("outcomes", [each.element for each in declared.outcomes.values()])
    for name in declared.moments:
        if name in declared.outcomes:
            raise InvalidInput(f"moments[{name!r}]", "has the name of an outcome")


def _check_rule(declared: Declaration) -> None:
    if declared.reconciliation not in ("direct", "reverse"):
        raise InvalidInput(
            "reconciliation", f"must be 'direct' or 'reverse', but is {declared.reconciliation!r}"
        )
    announced = {signal.announced for signal in declared.signals.values()}
    if not declared.bits:
        raise InvalidInput("bits", "must keep at least one pair of an announcement and an outcome")
    for pair, bit in declared.bits.items():
        if not (isinstance(pair, tuple) and len(pair) == 2):
            raise InvalidInput(f"bits[{pair!r}]", "must be named by a pair of an announcement and an outcome")
        said, seen = pair
        if said not in announced:
            raise InvalidInput(f"bits[{(said, seen)!r}]", f"names {said!r}, which no signal announces")
        if seen not in declared.outcomes:
            raise InvalidInput(f"bits[{(said, seen)!r}]", f"names {seen!r}, which is no outcome")
        _symbol(f"bits[{pair!r}]", bit)
    adding = any(signal.prepared for signal in declared.signals.values())
    symbols = [number for s in declared.signals.values() for number in (s.bit, s.prepared)]
    if adding and not {*symbols, *declared.bits.values()} <= {0, 1}:
        raise InvalidInput("bits", "must be 0 or 1, as all symbols, where Bob sends states too")


def _check_hermitian(field: str, matrix: Array) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise InvalidInput(field, f"must be a square matrix, but has shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise InvalidInput(field, f"must have finite numbers, but has {matrix[~np.isfinite(matrix)][0]}")
    gap = float(np.abs(matrix - matrix.conj().T).max())
    if gap > ROUNDING:
        raise InvalidInput(field, f"must be Hermitian, but differs from its adjoint by up to {gap:.3g}")


def _check_positive(field: str, matrix: Array) -> None:
    _check_hermitian(field, matrix)
    lowest = float(np.linalg.eigvalsh(matrix)[0])
    if lowest < -ROUNDING:
        raise InvalidInput(field, f"must be positive, but has the eigenvalue {lowest:.3g}")


def _check_identity(field: str, elements: list[Array]) -> None:
    gap = float(np.abs(sum(elements) - np.eye(len(elements[0]))).max())
    if gap > ROUNDING:
        raise InvalidInput(
            field, f"must have elements that sum to the identity, but the sum is off by up to {gap:.3g}"
        )


def depolarising(strength: float) -> Callable[[Array], Array]:
    """Return the channel that replaces a state by the completely mixed one with this probability.

    Raises
    ------
    InvalidInput
        If it is no number from 0 to 1.

    Examples
    --------
    >>> depolarising(1.0)(np.diag([1.0, 0.0])).real.tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    if not 0 <= finite("depolarising", strength) <= 1:
        raise InvalidInput("depolarising", f"must lie in [0, 1], but is {strength}")

    def channel(state: Array) -> Array:
        mixed = np.trace(state) * np.eye(len(state)) / len(state)
        result: Array = (1 - strength) * state + strength * mixed
        return result

    return channel
