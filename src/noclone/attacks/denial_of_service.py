"""Denial of service: Eve blocks pulses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack, no_photon
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class DenialOfService(ChannelAttack):
    """Eve blocks every attacked pulse; what Bob still detects are dark counts.

    She learns nothing and costs the parties key: all gains fall alike, as by another loss of the channel, and
    the error rate rises with the share of dark counts. No security proof excludes it; none can prevent it.

    Examples
    --------
    >>> DenialOfService(fraction=0.5)
    DenialOfService(fraction=0.5)
    """

    NAME: ClassVar[str] = "denial-of-service"
    DOES: ClassVar[str] = "blocks pulses"
    RESENDS: ClassVar[str] = "nothing"
    LEARNS: ClassVar[str] = "nothing"
    CHANGES: ClassVar[str] = "all gains fall by one factor; the error rate rises with the dark counts' share"
    SOURCE: ClassVar[str] = "Scarani et al., Rev. Mod. Phys. 81, 1301 (2009)"

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the patterns of an empty pulse."""
        return [no_photon(model, settings)]
