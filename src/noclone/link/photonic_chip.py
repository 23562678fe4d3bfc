"""The way through integrated photonics: a sum of component losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from noclone.core.fields import number
from noclone.link.device import Channel, Segments
from noclone.link.segments import steady


@dataclass(frozen=True, kw_only=True)
class PhotonicChip(Channel):
    """Waveguides and components on one or more chips, each component with its number and its loss.

    Examples
    --------
    >>> chip = PhotonicChip(
    ...     waveguide_cm=2, waveguide_db_per_cm=0.5, facets=2, facet_loss_db=1.5, interferometers=3,
    ...     interferometer_loss_db=0.5)
    >>> _, transmittance = chip.segments()
    >>> round(float(transmittance[0]), 4)
    0.2818
    """

    KIND: ClassVar[str] = "photonic-chip"

    waveguide_cm: float = number("length of all waveguides on the way", unit="cm", low=0, high=1e5)
    waveguide_db_per_cm: float = number("loss of the waveguide", unit="dB/cm", low=0, high=100)
    facets: int = number("couplings between fibre and chip", 0, low=0, high=1000, whole=True)
    facet_loss_db: float = number("loss of each", 0.0, unit="dB", low=0, high=50)
    bends: int = number("bends", 0, low=0, high=100_000, whole=True)
    bend_loss_db: float = number("loss of each bend", 0.0, unit="dB", low=0, high=10)
    couplers: int = number("directional or multimode couplers", 0, low=0, high=10_000, whole=True)
    coupler_loss_db: float = number(
        "excess loss of each coupler, besides the light that it divides", 0.0, unit="dB", low=0, high=10
    )
    interferometers: int = number("Mach-Zehnder interferometers", 0, low=0, high=10_000, whole=True)
    interferometer_loss_db: float = number(
        "loss of each, its couplers and phase shifters included", 0.0, unit="dB", low=0, high=50
    )
    insertion_loss_db: float = number("loss of everything else", 0.0, unit="dB", low=0, high=200)

    def segments(self) -> Segments:
        """Return the one share and its transmittance."""
        return steady(
            self.waveguide_cm * self.waveguide_db_per_cm
            + self.facets * self.facet_loss_db
            + self.bends * self.bend_loss_db
            + self.couplers * self.coupler_loss_db
            + self.interferometers * self.interferometer_loss_db
            + self.insertion_loss_db
        )
