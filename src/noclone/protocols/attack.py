"""What an attack is to the rest of noclone: what Eve does, what it tells her, and what it breaks.

An attack lives in a file of its own in `noclone.attacks` and is found there by its `NAME`. What it acts
on decides which of three types it inherits from: single pulses (`PulseAttack`), the symbols of a
continuous-variable link (`SymbolAttack`), or the rounds of one protocol (`RoundAttack`).
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from noclone.core.fields import Described, number


@dataclass(frozen=True, kw_only=True)
class Attack(Described, ABC):
    """Eve, treating each pulse, symbol or round by itself.

    Eve attacks each with probability `fraction`, independently; the others pass untouched.

    Attributes
    ----------
    NAME : str
        The file's name with hyphens.
    ACTS_ON : str
        ``"pulses"``, ``"symbols"`` or ``"rounds"``.
    DOES, RESENDS, LEARNS : str
        What Eve does, what she sends on, and what she knows in the end.
    CHANGES : str
        What the parties' telemetry shows of it, in a phrase.
    BREAKS : str
        The assumption of security proofs that the attack breaks; empty if it stays inside them, so that
        a valid proof bounds what it tells Eve.
    SOURCE : str
        The paper.
    INJECTED_LIGHT : mapping
        Mean photons per attacked pulse of light of her own, by the station they enter (``"alice"`` or
        ``"bob"``); what she sends in place of Alice's pulse is not counted.
    """

    NAME: ClassVar[str]
    ACTS_ON: ClassVar[str]
    DOES: ClassVar[str]
    RESENDS: ClassVar[str]
    LEARNS: ClassVar[str]
    CHANGES: ClassVar[str]
    BREAKS: ClassVar[str] = ""
    SOURCE: ClassVar[str]
    INJECTED_LIGHT: ClassVar[Mapping[str, float]] = {}

    fraction: float = number("share of the pulses that Eve attacks", 1.0, low=0, high=1)
