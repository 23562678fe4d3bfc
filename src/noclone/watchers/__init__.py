"""Watchers, one file each; adding a file with a ``WATCHER`` adds it everywhere.

``watchers()`` returns them by name, ``get(name)`` one of them.
"""

from __future__ import annotations

from functools import cache

from noclone.core.registry import modules, pick
from noclone.watchers.watcher import Watcher

__all__ = ["Watcher", "get", "watchers"]


@cache
def watchers() -> dict[str, Watcher]:
    """Return the watchers by name, exact tests first.

    Examples
    --------
    >>> watchers()["chi-square"].family
    'exact'
    """
    order = ("exact", "one-class", "supervised", "quantum")
    found = [module.WATCHER for module in modules(__name__) if hasattr(module, "WATCHER")]
    return {each.name: each for each in sorted(found, key=lambda each: (order.index(each.family), each.name))}


def get(name: str) -> Watcher:
    """Return the watcher of this name.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    return pick("watcher", name, watchers())
