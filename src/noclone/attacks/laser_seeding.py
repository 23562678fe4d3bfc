"""Laser seeding: light injected into Alice's laser makes her pulses brighter than she believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack, photon_numbers
from noclone.protocols.readings import Readings
from noclone.sampling.photons import poisson
from noclone.sampling.pulses import PulseSettings

_LASER_G2 = 0.1
"""How far a row's g2 may be from 1 for it to be taken as a laser's."""
_NEGLIGIBLE = 1e-12
"""Probability of photon numbers that are not told apart from the last of a table."""


@dataclass(frozen=True, kw_only=True)
class LaserSeeding(ChannelAttack):
    """Eve shines light into Alice's laser, whose pulses then have more photons, and splits them.

    Pulses have `factor` times the photons, and Alice goes on to compute with the intensities that she set. Of
    every pulse of two or more photons Eve keeps one until the bases are known; the rest, and single photons
    as they are, she forwards through the honest channel. Unless pulses are bright she adds more than she
    keeps, and gains rise. Bounds on Eve's share hold for the intensities believed; the share of multi-photon
    pulses is larger.

    Huang et al., Phys. Rev. Applied 12, 064043 (2019). Default factor and reading are ours; `injected_light`
    is a milliwatt at 1550 nm and a clock rate of 1 GHz.

    Examples
    --------
    >>> LaserSeeding(factor=1.2).factor
    1.2
    """

    NAME: ClassVar[str] = "laser-seeding"
    DOES: ClassVar[str] = "injects light into Alice's laser, and keeps one photon of every multi-photon pulse"
    RESENDS: ClassVar[str] = "the other photons, through the honest channel"
    LEARNS: ClassVar[str] = "the bit of every pulse that left Alice with two photons or more"
    CHANGES: ClassVar[str] = "gains and the power of Alice's pulses rise, light enters her station"
    BREAKS: ClassVar[str] = "Alice's intensities are those that she set"
    BREAKS_AT: ClassVar[str] = "alice"
    SOURCE: ClassVar[str] = "Huang et al., Phys. Rev. Applied 12, 064043 (2019)"

    factor: float = number("photons of a seeded pulse, relative to an honest one", 1.5, low=1, high=100)
    monitor_nw: float = number(
        "reading that the injected light adds to Alice's monitor", 10.0, unit="nW", low=0, high=1e9
    )

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of the laser that seeds."""
        return {"alice": 7.8e6}

    def attacked_settings(self, settings: PulseSettings) -> PulseSettings:
        """Return brighter pulses.

        Raises
        ------
        InvalidInput
            If Alice's light is not a laser's.
        """
        return brighter(settings, self.factor)

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the patterns of what Eve forwards, apart by whether she knows the bit and by the bit."""
        photons = photon_numbers(self.attacked_settings(settings))
        forwarded = model.patterns(
            np.where(photons >= 2, photons - 1, photons)[:, 0],
            settings.sent_basis[:, None],
            settings.sent_bit[:, None],
            settings.measured_basis[:, None],
        )
        kept = [(photons >= 2) & (settings.sent_bit == bit)[:, None, None] for bit in (0, 1)]
        return [np.where(photons < 2, forwarded, 0.0), *(np.where(each, forwarded, 0.0) for each in kept)]

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return a brighter laser, and light on Alice's monitor."""
        return replace(
            honest,
            source_power=honest.source_power * self.factor,
            alice_monitor_nw=honest.alice_monitor_nw + self.monitor_nw,
        )


def brighter(settings: PulseSettings, factor: float) -> PulseSettings:
    """Return settings whose Poissonian pulses have `factor` times the photons.

    Parameters
    ----------
    settings : PulseSettings
        Laser pulses; only the mean of each row counts.
    factor : float
        At least 1.

    Returns
    -------
    PulseSettings
        With as many photon numbers, or more where they would leave out more than 1e-12; the last holds the
        tail.

    Raises
    ------
    InvalidInput
        If a row is far from Poissonian: its g2 differs from 1 by more than 0.1; or if there are too many
        photons to be counted.

    Examples
    --------
    >>> settings = PulseSettings(
    ...     probs=np.array([1.0]), photon_probs=poisson([0.5]), sent_basis=np.array([0]),
    ...     sent_bit=np.array([1]), measured_basis=np.array([0]), signal=np.array([True]))
    >>> brighter(settings, 2.0).photon_probs[:, :3].round(4).tolist()
    [[0.3679, 0.3679, 0.1839]]
    """
    rows = settings.photon_probs
    photons = np.arange(rows.shape[1])
    mean = rows @ photons
    lit = mean > 0
    bunching = (rows[lit] @ (photons * (photons - 1))) / mean[lit] ** 2
    if np.any(np.abs(bunching - 1) > _LASER_G2):
        raise InvalidInput(
            "source", f"must be a laser to be made brighter, but its pulses have g2 = {bunching.min():.2g}"
        )
    brightened = poisson(factor * mean)
    beyond = brightened[:, ::-1].cumsum(axis=1)[:, ::-1].max(axis=0)
    numbers = max(len(rows[0]), int(np.count_nonzero(beyond > _NEGLIGIBLE)))
    kept = np.pad(brightened, ((0, 0), (0, max(numbers - brightened.shape[1], 0))))[:, :numbers]
    kept[:, -1] += brightened[:, numbers:].sum(axis=1)
    return replace(settings, photon_probs=kept)
