"""Attacks on the rounds of one protocol, where no table of pulses describes what happens."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link import Link
from noclone.protocols.attack import Attack
from noclone.protocols.protocol import Floats, Protocol


@dataclass(frozen=True, kw_only=True)
class RoundAttack(Attack):
    """Eve in a protocol that is played round by round.

    Attributes
    ----------
    PROTOCOLS : tuple of str
        Names of the protocols that she can attack in this way.
    """

    ACTS_ON: ClassVar[str] = "rounds"
    PROTOCOLS: ClassVar[tuple[str, ...]]

    def check_setup(self, protocol: Protocol, link: Link) -> None:
        """Raise `InvalidInput` unless this attack can be run on this protocol and link."""
        if protocol.NAME not in self.PROTOCOLS:
            raise InvalidInput(
                "protocol", f"must be {' or '.join(self.PROTOCOLS)} for {self.NAME}, but is {protocol.NAME}"
            )
        protocol.check_link(link)

    @abstractmethod
    def sample(
        self, protocol: Protocol, link: Link, rounds: int, rng: np.random.Generator
    ) -> Mapping[str, float]:
        """Play rounds under attack and return the events that ``protocol.sample`` counts, by its names."""

    @abstractmethod
    def statistics(self, protocol: Protocol, link: Link) -> Mapping[str, Floats]:
        """Return what is expected of them, by the names of ``protocol.statistics``; scalars only."""

    @abstractmethod
    def information(self, protocol: Protocol, link: Link) -> float:
        """Return Eve's Shannon information on a sifted bit of an attacked round, in bits."""

    @abstractmethod
    def hidden(self, protocol: Protocol, link: Link) -> bool:
        """Return whether the link loses enough for the attack to leave the gain as it was."""
