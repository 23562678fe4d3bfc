"""Key-distribution protocols, one file each, and what a protocol is."""

from __future__ import annotations

from functools import cache

from noclone.protocols.protocol import Protocol

__all__ = ["Protocol", "protocols"]


@cache
def protocols() -> dict[str, type[Protocol]]:
    """Return every protocol by name.

    Examples
    --------
    >>> "decoy-bb84" in protocols()
    True
    """
    from noclone.core.registry import named_classes

    return named_classes("noclone.protocols", lambda thing: issubclass(thing, Protocol))
