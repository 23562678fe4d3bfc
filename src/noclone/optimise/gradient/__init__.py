"""Minimising a mean loss over samples, from a start, step by step: one method per file, one interface.

Each module has ``minimise(problem, start, plan, random) -> Descent``; these words are explained in
`noclone.optimise.gradient.descent`. Heuristics that search a box are in `noclone.optimise.metaheuristics`.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.optimise.gradient.descent import Descent, Plan, Problem

METHODS = ("adam", "lbfgs", "natural-gradient", "spsa")

__all__ = ["METHODS", "Descent", "Plan", "Problem", "method"]


def method(name: str) -> ModuleType:
    """Return the module of a method; only this one is loaded.

    Raises
    ------
    InvalidInput
        If there is none of this name.

    Examples
    --------
    >>> method("adam").minimise.__name__
    'minimise'
    """
    if name not in METHODS:
        raise InvalidInput(f"optimiser {name!r}", unknown_text(name, list(METHODS)))
    return import_module(f"noclone.optimise.gradient.{name.replace('-', '_')}")
