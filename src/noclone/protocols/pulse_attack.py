"""Attacks on single pulses: another table of what a pulse does, and other readings of the devices."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.attack import Attack
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings, PulseTable, honest_patterns


@dataclass(frozen=True, kw_only=True)
class PulseAttack(Attack):
    """Eve on the channel of a protocol whose pulses a `PulseTable` describes.

    A model's parameters may have leading axes, one entry per block: shape (B, 1, 1). Every method then
    returns arrays with the same leading axes.
    """

    ACTS_ON: ClassVar[str] = "pulses"

    @abstractmethod
    def attacked_patterns(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return P(pattern | setting, photons sent by Alice) of attacked pulses, shape (..., J, N, 4).

        `model` is the honest channel and receiver; Eve may replace the channel. Only an attack whose
        `BREAKS` says so may make the receiver do what `model` does not allow.
        """

    @abstractmethod
    def information(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return Eve's Shannon information on a sifted bit of an attacked signal pulse, in bits.

        Averaged over sifted events of the signal intensity that come from attacked pulses, both bases
        alike; shape of the leading axes (a scalar array for a scalar model).
        """

    def attacked_settings(self, settings: PulseSettings) -> PulseSettings:
        """Return what Alice's source emits under attack; nothing changes unless Eve reaches into it."""
        return settings

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return what the devices read of attacked pulses; nothing changes by default."""
        return honest

    def table(self, model: DetectionModel, settings: PulseSettings) -> PulseTable:
        """Return the table of a link with scalar parameters on which this attack is running."""
        photon_probs, patterns = self.mixture(model, settings)
        return PulseTable(replace(settings, photon_probs=photon_probs), patterns)

    def mixture(self, model: DetectionModel, settings: PulseSettings) -> tuple[Floats, Floats]:
        """Return what all pulses do, attacked or not.

        Returns
        -------
        photon_probs : array, shape (J, N)
            P(photons | setting) of what Alice's source emits.
        patterns : array, shape (..., J, N, 4)
            P(pattern | setting, photons).
        """
        honest = honest_patterns(model, settings)
        untouched = (1 - self.fraction) * settings.photon_probs
        touched = self.fraction * self.attacked_settings(settings).photon_probs
        emitted = untouched + touched
        # Which pulses of n photons are attacked differs from `fraction` where Eve changes the source.
        with np.errstate(invalid="ignore"):
            share = np.where(emitted > 0, touched / emitted, self.fraction)[..., None]
        return emitted, (1 - share) * honest + share * self.attacked_patterns(model, settings)

    def readings(self, honest: Readings, click_share: Floats | float) -> Readings:
        """Return the readings of a block, `click_share` being the share of clicks from attacked pulses."""
        return honest.mixed(self.attacked_readings(honest), self.fraction, click_share)
