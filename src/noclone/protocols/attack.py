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

from noclone.core.fields import Described, number, specs


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
    BREAKS_AT : str
        The station whose description that assumption is part of, ``"alice"`` or ``"bob"``; it says nothing if
        none is broken.
    SOURCE : str
        The paper.
    """

    NAME: ClassVar[str]
    ACTS_ON: ClassVar[str]
    DOES: ClassVar[str]
    RESENDS: ClassVar[str]
    LEARNS: ClassVar[str]
    CHANGES: ClassVar[str]
    BREAKS: ClassVar[str] = ""
    BREAKS_AT: ClassVar[str] = "bob"
    SOURCE: ClassVar[str]

    fraction: float = number("share of the pulses that Eve attacks", 1.0, low=0, high=1)

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Mean photons per attacked pulse of light of Eve's own, by the station they enter; none by default.

        Stations are ``"alice"`` and ``"bob"``. What she sends in place of Alice's pulse is not counted.
        """
        return {}

    def text(self) -> str:
        """Return the attack in words that `noclone.attacks.parse` reads.

        Examples
        --------
        >>> from noclone.attacks import InterceptResend
        >>> InterceptResend(fraction=0.25).text()
        'intercept-resend:fraction=0.25,basis=random'
        """
        values = ",".join(f"{name}={getattr(self, name)}" for name in specs(type(self)))
        return f"{self.NAME}:{values}"
