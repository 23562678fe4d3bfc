"""Things that register by being a file in a folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, TypeVar

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text

Thing = TypeVar("Thing")


@cache
def modules(package: str) -> tuple[ModuleType, ...]:
    """Return the modules and packages that lie in a package's folder, in alphabetical order.

    Examples
    --------
    >>> [m.__name__ for m in modules("noclone.core")][:2]
    ['noclone.core.bits', 'noclone.core.errors']
    """
    home = importlib.import_module(package)
    names = sorted(entry.name for entry in pkgutil.iter_modules(home.__path__))
    return tuple(importlib.import_module(f"{package}.{name}") for name in names)


def named_modules(package: str) -> dict[str, ModuleType]:
    """Return the package's modules that carry a ``NAME``, by that name."""
    return {module.NAME: module for module in modules(package) if hasattr(module, "NAME")}


def named_classes(package: str, accept: Callable[[Any], bool]) -> dict[str, type]:
    """Return the classes with a ``NAME`` that the package's modules define and `accept` wants."""
    found = {}
    for module in modules(package):
        for thing in vars(module).values():
            if isinstance(thing, type) and thing.__module__ == module.__name__ and accept(thing):
                name = thing.__dict__.get("NAME")
                if name is not None:
                    found[name] = thing
    return dict(sorted(found.items()))


def pick(field: str, name: str, known: dict[str, Thing]) -> Thing:
    """Return the thing of this name.

    Raises
    ------
    InvalidInput
        If there is none; the sentence names the nearest and lists all.
    """
    if name not in known:
        raise InvalidInput(f"{field} {name!r}", unknown_text(name, list(known)))
    return known[name]
