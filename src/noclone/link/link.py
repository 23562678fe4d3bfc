"""A link: a source, a channel and a receiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from noclone.core.errors import InvalidInput
from noclone.link.channels import Channel, Fibre, FixedLoss, MeasuredTransmittance
from noclone.link.receivers import Receiver, ThresholdDetectors
from noclone.link.sources import SinglePhotonSource, Source, WeakCoherentSource

KINDS: dict[str, tuple[type[Any], ...]] = {
    "alice": (WeakCoherentSource, SinglePhotonSource),
    "channel": (Fibre, FixedLoss, MeasuredTransmittance),
    "bob": (ThresholdDetectors,),
}
"""What may stand at each station of a link."""


@dataclass(frozen=True)
class Link:
    """The hardware between Alice and Bob.

    Raises
    ------
    InvalidInput
        If a station holds something that cannot stand there.

    Examples
    --------
    >>> link = Link(
    ...     alice=SinglePhotonSource(clock_rate_hz=1e6),
    ...     channel=Fibre(length_km=10),
    ...     bob=ThresholdDetectors(efficiency=0.2),
    ... )
    >>> link.channel.length_km
    10.0
    """

    alice: Source
    channel: Channel
    bob: Receiver

    def __post_init__(self) -> None:
        """Check that every station holds a device of its kind."""
        for station, kinds in KINDS.items():
            device = getattr(self, station)
            if not isinstance(device, kinds):
                names = ", ".join(kind.__name__ for kind in kinds)
                raise InvalidInput(station, f"must be one of {names}, but is {type(device).__name__}")
