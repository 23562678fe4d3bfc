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

        For the N photon numbers, from 0, of `attacked_settings`.
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
        """Return what Alice's source emits under attack; nothing changes unless Eve reaches into it.

        There may be more photon numbers than without her, never fewer.
        """
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
            P(photons | setting) of what Alice's source emits; as many numbers as of `attacked_settings`.
        patterns : array, shape (..., J, N, 4)
            P(pattern | setting, photons).
        """
        attacked = self.attacked_settings(settings).photon_probs
        wide = widened(settings, attacked.shape[1])
        honest = honest_patterns(model, wide)
        untouched = (1 - self.fraction) * wide.photon_probs
        touched = self.fraction * attacked
        emitted = untouched + touched
        # Which pulses of n photons are attacked differs from `fraction` where Eve changes the source.
        with np.errstate(invalid="ignore"):
            share = np.where(emitted > 0, touched / emitted, self.fraction)[..., None]
        return emitted, (1 - share) * honest + share * self.attacked_patterns(model, settings)

    def attacked_outcomes(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return P(pattern | setting) of attacked pulses, shape (..., J, 4)."""
        return by_setting(
            self.attacked_settings(settings).photon_probs, self.attacked_patterns(model, settings)
        )

    def by_cause(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return P(cause, pattern | setting), shape (1 + K, ..., J, 4).

        The first cause is that Eve leaves the pulse alone; then come the K things that she does, which is one
        unless several attacks are combined.
        """
        honest = by_setting(settings.photon_probs, honest_patterns(model, settings))
        return np.stack(
            [(1 - self.fraction) * honest, self.fraction * self.attacked_outcomes(model, settings)]
        )

    def readings(self, honest: Readings, click_shares: Floats) -> Readings:
        """Return the readings of a block.

        Parameters
        ----------
        honest : Readings
        click_shares : array, shape (K, ...)
            Share of the clicks that come from each of the things that Eve does; see `by_cause`.
        """
        (share,) = click_shares
        return honest.mixed(self.attacked_readings(honest), self.fraction, share)


def widened(settings: PulseSettings, numbers: int) -> PulseSettings:
    """Return settings with at least so many photon numbers; those that are new do not occur.

    Examples
    --------
    >>> settings = PulseSettings(
    ...     probs=np.array([1.0]), photon_probs=np.array([[0.5, 0.5]]), sent_basis=np.array([0]),
    ...     sent_bit=np.array([1]), measured_basis=np.array([0]), signal=np.array([True]))
    >>> widened(settings, 4).photon_probs.tolist()
    [[0.5, 0.5, 0.0, 0.0]]
    """
    missing = numbers - settings.photon_probs.shape[1]
    if missing <= 0:
        return settings
    return replace(settings, photon_probs=np.pad(settings.photon_probs, ((0, 0), (0, missing))))


def by_setting(photon_probs: Floats, patterns: Floats) -> Floats:
    """Return P(pattern | setting), shape (..., J, 4), of pulses with these photon numbers."""
    return np.asarray(np.einsum("jn,...jnk->...jk", photon_probs, patterns))
