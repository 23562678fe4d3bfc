"""Randomness that secrecy rests on, as a type of its own.

Hash seeds, sampling choices and keys come from a `Secrets`. Live parties use
`SystemSecrets`; a seeded source exists for simulations only and names itself so, which
lets every place that must not accept it refuse it by type.
"""

from __future__ import annotations

import os
from typing import Protocol

from noclone.core.seeds import stream


class Secrets(Protocol):
    """A source of secret random bytes; `live` says whether they are really secret."""

    live: bool

    def bytes(self, count: int) -> bytes:
        """Return `count` fresh random bytes."""
        ...


class SystemSecrets:
    """Random bytes from the operating system; the only source a live party may use.

    Examples
    --------
    >>> len(SystemSecrets().bytes(16))
    16
    """

    live = True

    def bytes(self, count: int) -> bytes:
        """Return `count` bytes of ``os.urandom``."""
        return os.urandom(count)


class SimulatedSecrets:
    """Reproducible bytes for a simulation: anyone who knows the seed knows them.

    Parameters
    ----------
    seed : int
        The run's seed.
    owner : str
        Whose bytes these are (``"alice"`` or ``"bob"``); owners are independent.

    Examples
    --------
    >>> SimulatedSecrets(1, "alice").bytes(4) == SimulatedSecrets(1, "alice").bytes(4)
    True
    """

    live = False

    def __init__(self, seed: int, owner: str) -> None:
        self._generator = stream(seed, f"secrets:{owner}")

    def bytes(self, count: int) -> bytes:
        """Return the next `count` bytes of the seeded stream."""
        return self._generator.bytes(count)
