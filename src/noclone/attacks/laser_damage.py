"""Laser damage: Eve burns Alice's attenuator, and keeps the light that she gained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.attacks.beam_splitting import BeamSplitting
from noclone.attacks.laser_seeding import brighter
from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class LaserDamage(ChannelAttack):
    """Eve has lowered the attenuation behind Alice's laser for good, and splits the beam.

    Alice's pulses leave with more photons by `drop_db`. Of each photon's chances to be lost on the way Eve
    makes her own: her channel is lossless but for a splitter that passes to Bob as much as he expects, and
    she keeps the rest until the bases are known. Laser light split in this way gives Bob exactly the counts
    of an honest link. By then the damaging laser is off, and the power before the attenuator was never
    touched: nothing in the telemetry changes, at any strength. Only a measurement of what leaves Alice would
    show it.

    Bugge et al., PRL 112, 070503 (2014) and Makarov et al., PRA 94, 030302 (2016) damaged detectors and
    monitors, Huang et al., Phys. Rev. Applied 13, 034017 (2020) attenuators. The default drop is ours;
    `injected_light` is 5 W at 1550 nm and a clock rate of 1 GHz, what was shone in to do the damage.

    Examples
    --------
    >>> LaserDamage(drop_db=1).drop_db
    1.0
    """

    NAME: ClassVar[str] = "laser-damage"
    DOES: ClassVar[str] = (
        "has burnt Alice's attenuator, and splits off the photons that the channel would lose"
    )
    RESENDS: ClassVar[str] = "as much light as Bob expects"
    LEARNS: ClassVar[str] = "the bit of every pulse of which she kept a photon"
    CHANGES: ClassVar[str] = "nothing"
    BREAKS: ClassVar[str] = "Alice's intensities are those that she calibrated"
    BREAKS_AT: ClassVar[str] = "alice"
    SOURCE: ClassVar[str] = (
        "Huang et al., Phys. Rev. Applied 13, 034017 (2020); Makarov et al., PRA 94, 030302 (2016)"
    )

    drop_db: float = number("by how much the attenuation has fallen", 3.0, unit="dB", low=0, high=20)

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of the laser that did the damage."""
        return {"alice": 3.9e10}

    def attacked_settings(self, settings: PulseSettings) -> PulseSettings:
        """Return brighter pulses.

        Raises
        ------
        InvalidInput
            If Alice's light is not a laser's.
        """
        return brighter(settings, self._factor)

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the patterns behind Eve's splitter, apart by whether she holds a photon and by its bit."""
        passing = np.asarray(model.channel_transmittance) / self._factor
        split = replace(model, channel_transmittance=passing)
        return BeamSplitting().outcomes(split, self.attacked_settings(settings))

    @property
    def _factor(self) -> float:
        return float(10 ** (self.drop_db / 10))
