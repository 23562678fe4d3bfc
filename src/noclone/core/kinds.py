"""Arguments of the kind that a function is made for, checked."""

from __future__ import annotations

from typing import Any

from noclone.core.errors import InvalidInput


def check_kind(name: str, value: Any, kind: type) -> None:
    """Refuse an argument that is no instance of a class.

    Raises
    ------
    InvalidInput
        Naming what it must be and what it is.

    Examples
    --------
    >>> check_kind("watcher", 3, str)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: watcher must be of the type str, but is of the type int.
    """
    if not isinstance(value, kind):
        raise InvalidInput(
            name, f"must be of the type {kind.__name__}, but is of the type {type(value).__name__}"
        )
