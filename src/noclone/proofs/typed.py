"""Values out of a file that anybody may have written: each is of the type that is asked for, or refused."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput

Array = NDArray[Any]

LARGEST = 1e15
"""Numbers beyond it are refused."""


def numbers(entry: Mapping[str, Any], key: str, axes: int) -> Array:
    """Return a vector or a square matrix."""
    parts = get(entry, key, dict)
    try:
        arrays = [np.array(parts.get("re")), *(np.array(parts[name]) for name in parts if name == "im")]
    except ValueError:
        arrays = []
    # Text that reads as a number, as well as truth values, has another kind.
    if len({each.shape for each in arrays}) != 1 or not all(each.dtype.kind in "fi" for each in arrays):
        raise InvalidInput(key, "must have numbers re, and may have as many im")
    found: Array = arrays[0].astype(complex)
    if len(arrays) > 1:
        found.imag = arrays[1]
    if found.ndim != axes or not found.size or len(set(found.shape)) != 1:
        raise InvalidInput(key, f"must be a {'vector' if axes == 1 else 'square matrix'}")
    if not max(np.abs(found.real).max(), np.abs(found.imag).max()) <= LARGEST:
        raise InvalidInput(key, f"must have finite numbers of at most {LARGEST:g}")
    return found


def rows(entry: Mapping[str, Any], key: str, kinds: tuple[type, ...]) -> list[tuple[Any, ...]]:
    """Return the rows of a table, each with one value of each type."""
    found = []
    for row in get(entry, key, list):
        if not isinstance(row, list) or len(row) != len(kinds):
            raise InvalidInput(key, f"must have rows of {len(kinds)}, but has {reprlib.repr(row)}")
        found.append(tuple(typed(each, key, kind) for each, kind in zip(row, kinds, strict=True)))
    return found


def get(entry: Mapping[str, Any], key: str, kind: type) -> Any:
    """Return an entry that must be there and of a type; see `typed`."""
    return typed(entry.get(key), key, kind)


def typed(value: Any, name: str, kind: type) -> Any:
    """Return a value that must be of a type.

    An integer may stand for a float, a truth value for nothing, and a tuple for a list, as in JSON.
    """
    kinds = {float: (int, float), list: (list, tuple)}.get(kind, kind)
    good = isinstance(value, kinds) and not isinstance(value, bool)
    if good and kind is str:
        good = value.isprintable()
    elif good and kind in (int, float):
        good = abs(value) <= LARGEST and (kind is float or value >= 0)
    if not good:
        words = {str: "printable text", float: "a finite number", int: "a whole number", list: "a list"}
        raise InvalidInput(name, f"must be {words.get(kind, 'an object')}, but is {reprlib.repr(value)}")
    return float(value) if kind is float else value
