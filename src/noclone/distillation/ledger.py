"""The ledger: every bit sent, every bit charged, every epsilon spent, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Charge:
    """Leakage booked under one stage, with the theorem that says how much counts."""

    stage: str
    bits: int
    theorem: str


@dataclass(frozen=True)
class Epsilon:
    """A failure probability that the key's guarantee rests on."""

    name: str
    value: float
    covers: str


@dataclass(frozen=True)
class Ledger:
    """What a distillation cost.

    Attributes
    ----------
    sent : mapping
        Stage name to the bits that crossed the classical channel, both directions, as encoded.
    charges : tuple of Charge
        What privacy amplification removes for communication.
    epsilons : tuple of Epsilon
        Failure probabilities; they add up.
    authentication_bits : int
        Shared key consumed by the tags of this run, one party's pads of both directions.

    Examples
    --------
    >>> Ledger({"sifting": 80}, (Charge("reconciliation", 12, "parities"),)).charged_bits
    12
    """

    sent: Mapping[str, int] = field(default_factory=dict)
    charges: tuple[Charge, ...] = ()
    epsilons: tuple[Epsilon, ...] = ()
    authentication_bits: int = 0

    @property
    def sent_bits(self) -> int:
        """Bits that crossed the channel."""
        return sum(self.sent.values())

    @property
    def charged_bits(self) -> int:
        """Bits of leakage that were charged."""
        return sum(charge.bits for charge in self.charges)

    def charged_under(self, stage: str) -> int:
        """Bits charged under one stage."""
        return sum(charge.bits for charge in self.charges if charge.stage == stage)

    @property
    def eps_total(self) -> float:
        """Sum of all failure probabilities: the distance from an ideal key is at most this."""
        return sum(epsilon.value for epsilon in self.epsilons)
