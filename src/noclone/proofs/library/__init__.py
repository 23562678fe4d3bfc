"""Protocols and channels ready for a proof; a module that defines ``FAMILIES`` registers by being here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from noclone.core.registry import modules

if TYPE_CHECKING:
    from noclone.proofs.case import Case

Family = Callable[..., "Case"]
"""What turns parameters into everything that a proof is made of."""


@cache
def families() -> dict[str, Family]:
    """Return every family of the library by name.

    Examples
    --------
    >>> "mub" in families()
    True
    """
    found: dict[str, Family] = {}
    for module in modules("noclone.proofs.library"):
        found |= getattr(module, "FAMILIES", {})
    return dict(sorted(found.items()))
