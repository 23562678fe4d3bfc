"""Numbers that a caller gives as arguments, checked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput


def whole(name: str, value: Any, low: int) -> int:
    """Return a whole number of at least `low`; true and false are none.

    Raises
    ------
    InvalidInput
        If it is something else.

    Examples
    --------
    >>> whole("shots", 100, 1)
    100
    >>> whole("shots", 1.5, 1)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: shots must be a whole number, but is 1.5.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise InvalidInput(name, f"must be a whole number, but is {value!r}")
    if value < low:
        raise InvalidInput(name, f"must be at least {low}, but is {value}")
    return int(value)


def real(name: str, value: Any, low: float = 0.0, high: float = math.inf) -> float:
    """Return a finite number from `low` to `high`.

    Raises
    ------
    InvalidInput
        If it is something else.

    Examples
    --------
    >>> real("crossover_prob", 0.9, high=1.0)
    0.9
    >>> real("crossover_prob", -1.0, high=1.0)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: crossover_prob must be a number from 0 to 1, but is -1.0.
    """
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not number or not low <= value <= high or math.isinf(value):
        end = f" to {high:g}" if math.isfinite(high) else " up"
        raise InvalidInput(name, f"must be a number from {low:g}{end}, but is {value!r}")
    return float(value)


def finite(name: str, value: Any) -> float:
    """Return a finite number.

    Raises
    ------
    InvalidInput
        If it is something else; true and false are no numbers.

    Examples
    --------
    >>> finite("angle", "half")
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: angle must be a number, but is 'half'.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInput(name, f"must be a number, but is {value!r}")
    if not math.isfinite(value):
        raise InvalidInput(name, f"must be a finite number, but is {value}")
    return float(value)


def positive(name: str, value: Any, high: float = math.inf) -> float:
    """Return a finite number above 0, at most `high`.

    Raises
    ------
    InvalidInput
        If it is something else.

    Examples
    --------
    >>> positive("edge", 0)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: edge must be above 0, but is 0.
    """
    if real(name, value, high=high) == 0:
        raise InvalidInput(name, f"must be above 0, but is {value}")
    return float(value)
