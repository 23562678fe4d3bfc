"""Several attacks on one link at the same time, each on pulses of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings, honest_patterns


@dataclass(frozen=True, kw_only=True)
class Alternation(PulseAttack):
    """Eve does to each pulse one of several things, or nothing.

    Attributes
    ----------
    parts : tuple of PulseAttack
        Two or more different attacks, whose fractions add up to at most 1.

    Raises
    ------
    InvalidInput
        If there are fewer than two, two are of the same name, or they attack more pulses than there are.

    Examples
    --------
    >>> from noclone.attacks import InterceptResend, TimeShift
    >>> both = Alternation(parts=(TimeShift(fraction=0.2), InterceptResend(fraction=0.1)))
    >>> both.NAME, round(both.fraction, 3)
    ('intercept-resend+time-shift', 0.3)
    """

    DOES: ClassVar[str] = "one of several attacks, drawn anew for each pulse"
    RESENDS: ClassVar[str] = "what that attack sends on"
    LEARNS: ClassVar[str] = "what that attack tells"
    CHANGES: ClassVar[str] = "what each of them changes, in proportion"
    BREAKS: ClassVar[str] = "what each of them breaks"
    SOURCE: ClassVar[str] = "Du and Huang, Photonics 9, 177 (2022), on attacks that coexist"

    parts: tuple[PulseAttack, ...] = ()

    def check(self) -> None:
        """Sort the parts, add up their fractions, and refuse what cannot alternate."""
        parts = tuple(sorted(self.parts, key=lambda part: part.NAME))
        names, total = [part.NAME for part in parts], sum(part.fraction for part in parts)
        if len(parts) < 2 or len(set(names)) < len(names):
            raise InvalidInput("parts", f"must be different attacks, at least two, but are {names}")
        if not 0 < total <= 1:
            raise InvalidInput("parts", f"must attack at most all pulses together, but attack {total:g}")
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "fraction", total)

    @property
    def NAME(self) -> str:  # type: ignore[override]
        """Names of the parts, joined with ``+``."""
        return "+".join(part.NAME for part in self.parts)

    def _shares(self) -> list[tuple[float, PulseAttack]]:
        return [(part.fraction / self.fraction, part) for part in self.parts]

    def attacked_settings(self, settings: PulseSettings) -> PulseSettings:
        """Return what Alice's source emits where any of them is at work."""
        emitted = sum(share * part.attacked_settings(settings).photon_probs for share, part in self._shares())
        return replace(settings, photon_probs=np.asarray(emitted))

    def attacked_patterns(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the mean of what each makes of a pulse, by how many photons it finds there."""
        honest = honest_patterns(model, settings)
        weights = [
            (share * part.attacked_settings(settings).photon_probs, part) for share, part in self._shares()
        ]
        emitted = np.asarray(sum(weight for weight, _ in weights))[..., None]
        total = sum(weight[..., None] * part.attacked_patterns(model, settings) for weight, part in weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(emitted > 0, total / emitted, honest)

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return the readings of pulses that any of them attacks, clicks taken to be as frequent for all."""
        (weight, first), *others = self._shares()
        found = first.attacked_readings(honest)
        for share, part in others:
            weight += share
            found = found.mixed(part.attacked_readings(honest), share / weight, share / weight)
        return found

    def information(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the mean of what each tells, clicks taken to be as frequent for all."""
        return np.asarray(sum(share * part.information(model, settings) for share, part in self._shares()))
