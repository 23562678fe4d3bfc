"""What the devices of a link have in common: sources, channels and receivers are found by their kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from noclone.core.fields import Described

Floats = NDArray[np.float64]

Segments = tuple[Floats, Floats]
"""Shares of the pulses (S,) and the transmittance during each share (S, ...)."""


class Source(Described, ABC):
    """A device that sends light; it lives in a module of `noclone.link` and is found by its `KIND`.

    Every source has a field `clock_rate_hz`, the rounds it plays per second.
    """

    KIND: ClassVar[str]

    clock_rate_hz: float


class Receiver(Described, ABC):
    """A device that detects light; it lives in a module of `noclone.link` and is found by its `KIND`."""

    KIND: ClassVar[str]


class Channel(Described, ABC):
    """What lies between two stations; it lives in a module of `noclone.link` and is found by its `KIND`."""

    KIND: ClassVar[str]

    @abstractmethod
    def segments(self) -> Segments:
        """Return shares of the pulses (S,), which sum to 1, and the transmittance in each, (S, ...)."""

    def pulse_spread_s(self) -> Floats | float:
        """Return by how much the channel lengthens a pulse (full width at half maximum), 0 by default."""
        return 0.0

    def noise_photons_per_s(self) -> Floats | float:
        """Return the photons of other origin that reach the receiver's input per second, in its band.

        They carry no polarisation or phase. Nothing by default.
        """
        return 0.0


Device = Source | Receiver | Channel
