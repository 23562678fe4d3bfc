"""What is sent, measured, announced and kept in a protocol of few dimensions, for a proof to start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Signal:
    """One of the states that Alice may send.

    Attributes
    ----------
    prob : float
        How often.
    state : ndarray, shape (d,)
        The state vector.
    bit : int
        Her raw key bit if the round is kept.
    announced : str
        What she says of it publicly.
    """

    prob: float
    state: Array
    bit: int
    announced: str


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


@dataclass(frozen=True, eq=False)
class Declaration:
    """A protocol as states, a measurement, announcements and a rule for the key.

    Attributes
    ----------
    signals : mapping
        What Alice may send, by a label; the probabilities sum to 1.
    outcomes : mapping
        What Bob may see, by a label.
    bits : mapping
        (Alice's announcement, label of Bob's outcome) to Bob's raw key bit. A round whose pair is absent
        is discarded.

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

    signals: Mapping[str, Signal]
    outcomes: Mapping[str, Outcome]
    bits: Mapping[tuple[str, str], int]

    def joint(self, channel: Callable[[Array], Array]) -> dict[tuple[str, str], float]:
        """Return the probability of each signal and outcome when states pass a channel (density matrices)."""
        table = {}
        for sent, signal in self.signals.items():
            arrived = channel(np.outer(signal.state, signal.state.conj()))
            for seen, outcome in self.outcomes.items():
                table[sent, seen] = signal.prob * float(np.trace(outcome.element @ arrived).real)
        return table

    def kept_and_wrong(self, channel: Callable[[Array], Array]) -> tuple[float, float]:
        """Return the probabilities that a round is kept, and that it is kept with unequal bits."""
        kept = wrong = 0.0
        for (sent, seen), prob in self.joint(channel).items():
            signal = self.signals[sent]
            bit = self.bits.get((signal.announced, seen))
            if bit is not None:
                kept += prob
                wrong += prob * (bit != signal.bit)
        return kept, wrong


def depolarising(strength: float) -> Callable[[Array], Array]:
    """Return the channel that replaces a state by the completely mixed one with this probability.

    Examples
    --------
    >>> depolarising(1.0)(np.diag([1.0, 0.0])).real.tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """

    def channel(state: Array) -> Array:
        mixed = np.trace(state) * np.eye(len(state)) / len(state)
        result: Array = (1 - strength) * state + strength * mixed
        return result

    return channel
