"""Several attacks at once: what is said of them follows from what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from noclone.core.errors import InvalidInput
from noclone.protocols.attack import Attack


@dataclass(frozen=True, kw_only=True)
class CombinedAttack(Attack):
    """Two or more different attacks, in the alphabetical order of their names.

    Attributes
    ----------
    parts : tuple of Attack
    WORD : str
        What joins the phrases of the parts: "and" if all act on the same, "or" if each on its own.

    Raises
    ------
    InvalidInput
        If there are fewer than two, two are of the same name, or one acts on something else.
    """

    WORD: ClassVar[str]

    parts: tuple[Attack, ...] = ()

    def check(self) -> None:
        """Sort the parts; refuse what cannot be combined."""
        for part in self.parts:
            if part.ACTS_ON != self.ACTS_ON:
                raise InvalidInput(
                    "parts", f"must act on {self.ACTS_ON}, but {part.NAME} acts on {part.ACTS_ON}"
                )
        parts = tuple(sorted(self.parts, key=lambda part: part.NAME))
        names = [part.NAME for part in parts]
        if len(parts) < 2 or len(set(names)) < len(names):
            raise InvalidInput("parts", f"must be different attacks, at least two, but are {names}")
        object.__setattr__(self, "parts", parts)

    @property
    def NAME(self) -> str:  # type: ignore[override]
        """Names of the parts, joined with ``+``."""
        return "+".join(part.NAME for part in self.parts)

    @property
    def DOES(self) -> str:  # type: ignore[override]
        """What Eve does in one part or the other."""
        return self._joined("DOES")

    @property
    def RESENDS(self) -> str:  # type: ignore[override]
        """What she sends on."""
        return self._joined("RESENDS")

    @property
    def LEARNS(self) -> str:  # type: ignore[override]
        """What she knows in the end."""
        return self._joined("LEARNS")

    @property
    def CHANGES(self) -> str:  # type: ignore[override]
        """What the telemetry shows of any part."""
        return "; ".join(part.CHANGES for part in self.parts)

    @property
    def BREAKS(self) -> str:  # type: ignore[override]
        """The assumptions that the parts break; empty if none breaks one."""
        return "; ".join(dict.fromkeys(part.BREAKS for part in self.parts if part.BREAKS))

    @property
    def SOURCE(self) -> str:  # type: ignore[override]
        """The papers."""
        return "; ".join(dict.fromkeys(part.SOURCE for part in self.parts))

    def text(self) -> str:
        """Return the texts of the parts, joined with ``+``."""
        return "+".join(part.text() for part in self.parts)

    def _joined(self, name: str) -> str:
        return f", {self.WORD} ".join(getattr(part, name) for part in self.parts)


def injected_light(shares: Sequence[float], parts: Sequence[Attack]) -> dict[str, float]:
    """Return the mean photons that attacks bring in, by station, each on its share of what is attacked."""
    total: dict[str, float] = {}
    for share, part in zip(shares, parts, strict=True):
        for station, light in part.injected_light.items():
            if share > 0:
                total[station] = total.get(station, 0.0) + share * light
    return total
