"""Choosing what a protocol leaves free, for one link or many at once; and optimisers by gradient and by search.

The functions below are loaded when they are first used, so that learning models can take an optimiser
without loading every protocol.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone.optimise.advise import advise as advise
    from noclone.optimise.advise import curves as curves
    from noclone.optimise.tune import Tuned as Tuned
    from noclone.optimise.tune import tune as tune

_HOMES = {"Tuned": "tune", "advise": "advise", "curves": "advise", "tune": "tune"}

__all__ = ["Tuned", "advise", "curves", "tune"]


class _Package(ModuleType):
    """`optimise.tune` and `optimise.advise` are the functions, although modules have the same names."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):  # importing a submodule would set it
            super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    if name in _HOMES:
        thing = getattr(import_module(f"noclone.optimise.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    raise AttributeError(f"module 'noclone.optimise' has no attribute {name!r}")


sys.modules[__name__].__class__ = _Package
