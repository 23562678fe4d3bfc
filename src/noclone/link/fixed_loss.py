"""Any channel known only by its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from noclone.core.fields import number
from noclone.link.device import Channel, Segments
from noclone.link.segments import steady


@dataclass(frozen=True, kw_only=True)
class FixedLoss(Channel):
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
        return steady(self.loss_db)
