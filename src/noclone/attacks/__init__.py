"""Attacks, one file each; adding a file adds an attack.

``names()`` lists them, ``get(name)`` returns the class, and ``parse("name:fraction=.3")`` an
instance from what a user wrote.
"""

from __future__ import annotations

from noclone.attacks.intercept_resend import InterceptResend
from noclone.attacks.photon_number_splitting import PhotonNumberSplitting
from noclone.core.errors import InvalidInput
from noclone.core.fields import from_mapping
from noclone.core.registry import named_classes, pick
from noclone.protocols.attack import Attack

__all__ = ["Attack", "InterceptResend", "PhotonNumberSplitting", "get", "names", "parse"]


def _known() -> dict[str, type]:
    return named_classes(__name__, lambda kind: issubclass(kind, Attack))


def names() -> list[str]:
    """Return the names of all attacks.

    Examples
    --------
    >>> names()
    ['intercept-resend', 'photon-number-splitting']
    """
    return list(_known())


def get(name: str) -> type[Attack]:
    """Return the attack of this name.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    return pick("attack", name, _known())


def parse(text: str) -> Attack:
    """Return the attack that a user described as ``NAME`` or ``NAME:parameter=value,…``.

    Raises
    ------
    InvalidInput
        If the name or a parameter is unknown, or a value is no number or out of range.

    Examples
    --------
    >>> parse("photon-number-splitting:fraction=.3")
    PhotonNumberSplitting(fraction=0.3)
    >>> parse("intercept-resend:fraction=2")
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: intercept-resend.fraction must be at least 0 and at most 1, but is 2.
    """
    name, colon, listed = text.partition(":")
    kind = get(name)
    values: dict[str, float] = {}
    for item in listed.split(",") if colon else ():
        parameter, _, value = item.partition("=")
        if parameter in values:
            raise InvalidInput(f"{name}.{parameter}", "is given twice")
        try:
            values[parameter] = float(value)
        except ValueError:
            raise InvalidInput(f"{name}.{parameter}", f"must be a number, but is {value!r}") from None
    attack: Attack = from_mapping(kind, values, name)
    return attack
