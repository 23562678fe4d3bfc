"""Attacks, one file each; adding a file adds an attack.

``names()`` lists them, ``get(name)`` returns the class (also ``attacks.InterceptResend`` and the like), and
``parse("name:fraction=.3")`` an instance from what a user wrote, also of several attacks at once.
"""

from __future__ import annotations

import re
from typing import Any

from noclone.core.errors import InvalidInput
from noclone.core.fields import from_mapping, specs
from noclone.core.kinds import check_kind
from noclone.core.registry import named_classes, pick
from noclone.protocols.attack import Attack

__all__ = ["Attack", "get", "names", "parse"]


def __getattr__(name: str) -> Any:
    """Find an attack's class by its own name (PEP 562)."""
    for kind in _known().values() if name[:1].isupper() else ():
        if kind.__name__ == name:
            return kind
    raise AttributeError(f"module 'noclone.attacks' has no attribute {name!r}")


def _known() -> dict[str, type]:
    return named_classes(__name__, lambda kind: issubclass(kind, Attack))


def names() -> list[str]:
    """Return the names of all attacks.

    Examples
    --------
    >>> "photon-number-splitting" in names()
    True
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

    Several are joined with ``+``: attacks on pulses have pulses of their own each, attacks on symbols act on
    the same.

    Raises
    ------
    InvalidInput
        If it is no text, a name or a parameter is unknown, a value is no number or out of range, or attacks
        cannot be combined.

    Examples
    --------
    >>> parse("photon-number-splitting:fraction=.3").fraction
    0.3
    >>> parse("time-shift:fraction=.25+intercept-resend:fraction=.5").NAME
    'intercept-resend+time-shift'
    >>> parse("intercept-resend:fraction=2")
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: intercept-resend.fraction must be at least 0 and at most 1, but is 2.
    """
    check_kind("attack", text, str)
    parts = [_parsed(part) for part in re.split(r"\+(?=[A-Za-z])", text)]  # not at the + of 1e+3
    return parts[0] if len(parts) == 1 else _combined(parts)


def _combined(parts: list[Attack]) -> Attack:
    from noclone.protocols.pulse_attack import PulseAttack
    from noclone.protocols.pulse_combination import PulseCombination
    from noclone.protocols.symbol_attack import SymbolAttack, combined

    pulses = [part for part in parts if isinstance(part, PulseAttack)]
    symbols = [part for part in parts if isinstance(part, SymbolAttack)]
    if len(pulses) == len(parts):
        return PulseCombination(parts=tuple(pulses))
    both = combined(symbols)
    if both is None or len(symbols) < len(parts):
        kinds = ", ".join(f"{part.NAME} on {part.ACTS_ON}" for part in parts)
        raise InvalidInput("attacks", f"at once must all act on pulses or all on symbols, but act: {kinds}")
    return both


def _parsed(text: str) -> Attack:
    name, colon, listed = text.partition(":")
    kind = get(name)
    known = specs(kind)
    values: dict[str, Any] = {}
    for item in listed.split(",") if colon else ():
        parameter, _, value = item.partition("=")
        if parameter in values:
            raise InvalidInput(f"{name}.{parameter}", "is given twice")
        if parameter in known and (known[parameter].choices or known[parameter].word):
            values[parameter] = value
            continue
        try:
            values[parameter] = float(value)
        except ValueError:
            raise InvalidInput(f"{name}.{parameter}", f"must be a number, but is {value!r}") from None
    attack: Attack = from_mapping(kind, values, name)
    return attack
