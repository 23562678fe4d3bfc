"""What a key-distribution protocol is to the rest of noclone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from noclone.core.fields import Described
from noclone.link import Link


class Protocol(Described, ABC):
    """A key-distribution protocol: a frozen dataclass of the parties' choices.

    A subclass lives in a file of its own in this folder and is found there by its `NAME`.
    """

    NAME: ClassVar[str]

    @abstractmethod
    def check_link(self, link: Link) -> None:
        """Raise `InvalidInput` if this protocol cannot run on this link."""

    @abstractmethod
    def rate(self, link: Link, **question: Any) -> Any:
        """Return the `KeyRate` of this protocol on this link; see `noclone.rate`."""
