"""Detector blinding: bright light turns photon counters into power meters that Eve plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.attacks.faked_states import SILENT, bright_pulses, light_clicks
from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class DetectorBlinding(ChannelAttack):
    """Eve keeps Bob's detectors in their linear regime and triggers those that she wants to click.

    Continuous light holds the avalanche photodiodes below breakdown, where they see no single photons and
    have no dark counts. Eve measures as Bob would, in a basis of her own, and sends what she found as a
    trigger pulse whose power lies above the click threshold, half of it below: Bob clicks if and only if his
    basis is hers, and then gets her bit. With detectors like Bob's in Bob's place, she halves the clicks of
    light, matched bases or not. From Alice's end, where nothing is lost yet, she can make up for that, up to
    every second pulse that is not empty: `compensate`.

    Lydersen et al., Nat. Photonics 4, 686 (2010) blinded both detectors of a commercial system with 765 uW;
    at its clock rate of 5 MHz these are the photons of `injected_light`. The changes of the readings are
    ours.

    Examples
    --------
    >>> DetectorBlinding(compensate=1).compensate
    1.0
    """

    NAME: ClassVar[str] = "detector-blinding"
    DOES: ClassVar[str] = "blinds Bob's detectors, and measures each pulse in one of the two bases at random"
    RESENDS: ClassVar[str] = "bright trigger pulses in the basis used and with the bit found"
    LEARNS: ClassVar[str] = "every bit of the sifted key"
    CHANGES: ClassVar[str] = (
        "dark counts, double clicks and errors vanish, arrival times narrow, the detectors' current rises; "
        "clicks halve unless compensated"
    )
    BREAKS: ClassVar[str] = "the receiver measures as described: its detectors count photons"
    SOURCE: ClassVar[str] = "Lydersen et al., Nat. Photonics 4, 686 (2010)"

    compensate: float = number("share of the missing clicks that Eve makes up for", 0.0, low=0, high=1)
    narrowing: float = number(
        "width of the arrival times, relative to that of single photons", 0.3, low=0, low_open=True, high=1
    )
    current_ua: float = number(
        "bias current that the blinding light draws", 1000.0, unit="uA", low=0, high=1e5
    )

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of the light that blinds."""
        return {"bob": 1.2e9}

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's basis and bit; nothing else clicks."""
        sent = np.minimum(1.0, (1 + self.compensate) * light_clicks(model, settings))
        return [*bright_pulses(settings, sent, 1.0, 0.0, 0.0), (1 - sent)[..., None] * SILENT]

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return narrower arrival times and a larger current."""
        return replace(
            honest,
            arrival_std_ps=honest.arrival_std_ps * self.narrowing,
            bob_current_ua=honest.bob_current_ua + self.current_ua,
        )
