"""What a key-distribution protocol is to the rest of noclone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from numpy.typing import ArrayLike

from noclone.core.fields import Described
from noclone.link import Link
from noclone.protocols.key_rate import KeyRate


class Protocol(Described, ABC):
    """A key-distribution protocol: a frozen dataclass of the parties' choices.

    A subclass lives in a file of its own in this folder and is found there by its `NAME`.
    """

    NAME: ClassVar[str]

    @abstractmethod
    def check_link(self, link: Link) -> None:
        """Raise `InvalidInput` if this protocol cannot run on this link."""

    @abstractmethod
    def rate(
        self,
        link: Link,
        *,
        pulses: ArrayLike | None = None,
        sifted_bits: ArrayLike | None = None,
        bound: str | None = None,
    ) -> KeyRate:
        """Return the key rate of this protocol on this link; see `noclone.rate`."""
