"""Quantum channels: which share of the photons arrives, constant or in a measured series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, number, numbers

Segments = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Shares of the pulses (S,) and the transmittance during each share (S, ...)."""


def _constant(transmittance: NDArray[np.float64] | float) -> Segments:
    return np.ones(1), np.asarray(transmittance, dtype=float)[None]


@dataclass(frozen=True, kw_only=True)
class Fibre(Described):
    """An optical fibre with exponential loss.

    Examples
    --------
    >>> _, transmittance = Fibre(length_km=50).segments()
    >>> round(float(transmittance[0]), 6)
    0.1
    """

    KIND: ClassVar[str] = "fibre"

    length_km: float = number("length", unit="km", low=0, high=20_000)
    attenuation_db_per_km: float = number("attenuation", 0.2, unit="dB/km", low=0, high=100)
    insertion_loss_db: float = number(
        "fixed loss of connectors and components", 0.0, unit="dB", low=0, high=200
    )

    def segments(self) -> Segments:
        """Return the one share and its transmittance."""
        loss_db = self.length_km * self.attenuation_db_per_km + self.insertion_loss_db
        return _constant(10.0 ** (-loss_db / 10))


@dataclass(frozen=True, kw_only=True)
class FixedLoss(Described):
    """Any channel known only by its loss.

    Examples
    --------
    >>> _, transmittance = FixedLoss(loss_db=20).segments()
    >>> float(transmittance[0])
    0.01
    """

    KIND: ClassVar[str] = "fixed-loss"

    loss_db: float = number("loss", unit="dB", low=0, high=200)

    def segments(self) -> Segments:
        """Return the one share and its transmittance."""
        return _constant(10.0 ** (-self.loss_db / 10))


@dataclass(frozen=True, kw_only=True)
class MeasuredTransmittance(Described):
    """A channel that was measured: intervals of time, each with its transmittance.

    Pulses are spread evenly over the total time, so a rate is the mean over the series, not the
    rate at the mean.

    Examples
    --------
    >>> shares, _ = MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.1, 0.01)).segments()
    >>> shares.tolist()
    [0.25, 0.75]
    """

    KIND: ClassVar[str] = "measured-transmittance"

    duration_s: tuple[float, ...] = numbers("length of each interval", unit="s", low=0, low_open=True)
    transmittance: tuple[float, ...] = numbers("share of photons that arrive in each interval", low=0, high=1)

    def check(self) -> None:
        """Both series must have the same length."""
        if len(self.duration_s) != len(self.transmittance) or not self.duration_s:
            raise InvalidInput(
                "transmittance",
                f"must have one value for each of the {len(self.duration_s)} intervals (at least one), "
                f"but has {len(self.transmittance)}",
            )

    def segments(self) -> Segments:
        """Return the share of time and the transmittance of each interval."""
        durations = np.array(self.duration_s)
        return durations / durations.sum(), np.stack(
            np.broadcast_arrays(*(np.asarray(x, float) for x in self.transmittance))
        )


Channel = Fibre | FixedLoss | MeasuredTransmittance
