"""Choosing what a protocol leaves free, for one link or many at once; optimisers by gradient and search.

The functions below are loaded when they are first used, so that learning models can take an optimiser
without loading every protocol.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone.optimise.advice import advise as advise
    from noclone.optimise.advice import curves as curves
    from noclone.optimise.tuning import Tuned as Tuned
    from noclone.optimise.tuning import tune as tune

_HOMES = {"Tuned": "tuning", "advise": "advice", "curves": "advice", "tune": "tuning"}

__all__ = ["Tuned", "advise", "curves", "tune"]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    if name in _HOMES:
        thing = getattr(import_module(f"noclone.optimise.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    raise AttributeError(f"module 'noclone.optimise' has no attribute {name!r}")
