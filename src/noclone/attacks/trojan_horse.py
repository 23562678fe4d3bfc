"""Trojan horse: Eve shines light into Alice's encoder and reads the bit off what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings, honest_patterns

_NW_PER_PHOTON = 1.28e-19 * 5e6 * 1e9
"""Power of one photon per pulse, at 1550 nm and a clock rate of 5 MHz."""
_TAP = 0.01
"""Share of the incoming light that Alice's monitor sees."""


@dataclass(frozen=True, kw_only=True)
class TrojanHorse(ChannelAttack):
    """Eve sends bright pulses into Alice's station and measures their reflections.

    A reflection has passed Alice's modulator: it is a coherent state of `back_photons` photons with the phase
    that she gave her own pulse. Once the basis is announced, two states of opposite phase are left, and Eve,
    who kept them, makes the measurement that tells them apart with the fewest errors, which is also the one
    of the largest information. Alice's own pulses pass untouched, so that only the monitor at her entrance
    shows anything; without one, the light must be bounded and paid for (`noclone.rates.flaws.trojan_horse`).

    Gisin et al., PRA 73, 022320 (2006); Lucamarini et al., Phys. Rev. X 5, 031030 (2015). A few photons told
    a commercial system's basis in Jain et al., New J. Phys. 16, 123030 (2014). The defaults are ours.

    Examples
    --------
    >>> TrojanHorse(back_photons=0.01).reflection_db
    60.0
    """

    NAME: ClassVar[str] = "trojan-horse"
    DOES: ClassVar[str] = "sends bright pulses into Alice's station and stores what is reflected"
    RESENDS: ClassVar[str] = "nothing: Alice's pulses pass untouched"
    LEARNS: ClassVar[str] = "as much of the bit as two coherent states of opposite phase tell"
    CHANGES: ClassVar[str] = "light on Alice's monitor; errors and gains stay"
    BREAKS: ClassVar[str] = "nothing about Alice's choices leaves her station but in her pulses"
    BREAKS_AT: ClassVar[str] = "alice"
    SOURCE: ClassVar[str] = (
        "Gisin et al., PRA 73, 022320 (2006); Lucamarini et al., Phys. Rev. X 5, 031030 (2015)"
    )

    back_photons: float = number("mean photons of a reflection", 1.0, low=0, high=1e6)
    reflection_db: float = number(
        "loss of Eve's light on its way in and out", 60.0, unit="dB", low=0, high=300
    )

    @property
    def injected_light(self) -> Mapping[str, float]:
        """What has to go in for the reflection to come out."""
        return {"alice": self.back_photons * 10 ** (self.reflection_db / 10)}

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the honest patterns, apart by the result of Helstrom's measurement on the reflection."""
        honest = honest_patterns(model, settings)
        wrong = (1 - np.sqrt(-np.expm1(-4 * self.back_photons))) / 2
        bits = settings.sent_bit[:, None, None]
        return [np.where(bits == found, 1 - wrong, wrong) * honest for found in (0, 1)]

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return the light that Alice's monitor sees."""
        seen_nw = _TAP * self.injected_light["alice"] * _NW_PER_PHOTON
        return replace(honest, alice_monitor_nw=honest.alice_monitor_nw + seen_nw)
