"""A link: stations and the channels between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.registry import modules
from noclone.link.device import Channel, Device, Floats, Receiver, Source
from noclone.link.receivers import ThresholdDetectors

DIRECT = ("alice", "channel", "bob")
"""Stations and channels of a link from Alice to Bob, in the order of the path."""
MIDDLE = ("alice", "channel_a", "middle", "channel_b", "bob")
"""The same with a station between them: a relay that measures, or a source of pairs."""
STATIONS = ("alice", "channel", "channel_a", "middle", "channel_b", "bob")
"""Every name that a device of a link can have."""


@cache
def kinds(station: str) -> dict[str, type[Any]]:
    """Return what may stand at a station, by its kind.

    Examples
    --------
    >>> "fibre" in kinds("channel"), "threshold-detectors" in kinds("middle")
    (True, True)
    """
    wanted = (Channel,) if station.startswith("channel") else (Source, Receiver)
    found = {
        thing.KIND: thing
        for module in modules("noclone.link")
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, wanted) and "KIND" in vars(thing)
    }
    return dict(sorted(found.items()))


@dataclass(frozen=True, kw_only=True)
class Link:
    """The hardware between Alice and Bob.

    Either ``alice, channel, bob``, or ``alice, channels=(a, b), middle, bob`` with a station between
    them. Where a name is asked for, the two channels are ``channel_a`` (Alice's) and ``channel_b``.

    Raises
    ------
    InvalidInput
        If a station holds something that cannot stand there, or the channels do not fit the stations.

    Examples
    --------
    >>> from noclone.link import Fibre, SinglePhotonSource, ThresholdDetectors
    >>> link = Link(
    ...     alice=SinglePhotonSource(clock_rate_hz=1e6),
    ...     channel=Fibre(length_km=10),
    ...     bob=ThresholdDetectors(efficiency=0.2),
    ... )
    >>> link.channel.length_km
    10.0
    """

    # The devices' types are Any because each protocol checks which ones it can work with.
    alice: Any
    channel: Any = None
    bob: Any
    middle: Any = None
    channels: Any = None

    def __post_init__(self) -> None:
        """Check that every station holds a device of its kind."""
        if self.middle is None:
            if self.channels is not None:
                raise InvalidInput("channels", "must be absent in a link without a station in the middle")
            if self.channel is None:
                raise InvalidInput("channel", "is missing; a link without a middle has one channel")
        else:
            if self.channel is not None:
                raise InvalidInput("channel", "must be absent in a link with a middle, which has two")
            if not isinstance(self.channels, (tuple, list)) or len(self.channels) != 2:
                raise InvalidInput("channels", "must be two, one on each side of the middle")
            object.__setattr__(self, "channels", tuple(self.channels))
        for station, device in self.devices.items():
            wanted = Channel if station.startswith("channel") else (Source, Receiver)
            if not isinstance(device, wanted):
                names = ", ".join(kind.__name__ for kind in kinds(station).values())
                raise InvalidInput(station, f"must be one of {names}, but is {type(device).__name__}")

    @property
    def channel_a(self) -> Any:
        """Alice's channel of a link with a middle."""
        return self.channels[0]

    @property
    def channel_b(self) -> Any:
        """Bob's channel of a link with a middle."""
        return self.channels[1]

    @property
    def devices(self) -> dict[str, Device]:
        """Every device by the name of its station, in the order of the path."""
        return {name: getattr(self, name) for name in (DIRECT if self.middle is None else MIDDLE)}

    @property
    def ways(self) -> tuple[Channel, ...]:
        """The one channel of a direct link, or both of a link with a middle."""
        return (self.channel,) if self.middle is None else tuple(self.channels)

    def replaced(self, parts: Mapping[str, Device]) -> Link:
        """Return a copy with other devices at some stations."""
        given = dict(parts)
        channels = self.channels
        if self.middle is not None:
            channels = tuple(given.pop(name, getattr(self, name)) for name in ("channel_a", "channel_b"))
        return dataclasses.replace(self, **given, channels=channels)

    @property
    def clock_rate_hz(self) -> Any:
        """Rounds per second: the clock of the first source on the path."""
        for device in self.devices.values():
            if isinstance(device, Source):
                return device.clock_rate_hz
        raise InvalidInput("link", "must have a source at one of its stations, but has none")

    def segments(self) -> list[tuple[float, tuple[Floats, ...]]]:
        """Return the shares of the rounds in which the channels stand still, and their transmittances.

        Returns
        -------
        list of (share, (transmittance, ...))
            One transmittance for each channel of the link, of the grid's shape; with two channels that
            vary, their variations are independent.

        Examples
        --------
        >>> from noclone.link import FixedLoss, SinglePhotonSource, ThresholdDetectors
        >>> source, bob = SinglePhotonSource(clock_rate_hz=1e6), ThresholdDetectors(efficiency=0.2)
        >>> [(share, (half,))] = Link(alice=source, channel=FixedLoss(loss_db=10), bob=bob).segments()
        >>> float(share), float(half)
        (1.0, 0.1)
        """
        parts = [list(zip(*channel.segments(), strict=True)) for channel in self.ways]
        return [
            (float(np.prod([share for share, _ in each])), tuple(value for _, value in each))
            for each in product(*parts)
        ]

    def _ways(self, station: str) -> tuple[Channel, ...]:
        """Return the channels that end at a station."""
        if self.middle is None:
            return (self.channel,) if station == "bob" else ()
        ways = {"alice": self.channels[:1], "middle": self.channels, "bob": self.channels[1:]}
        return tuple(ways[station])

    def noise_photons_per_s(self, station: str) -> Floats | float:
        """Return the background photons per second that reach a station from all its channels."""
        noise: Floats | float = sum(way.noise_photons_per_s() for way in self._ways(station))
        return noise

    def detectors_with_background(self, station: str, crossings: int = 1) -> ThresholdDetectors:
        """Return the threshold detectors of a station with what the channels add, but without a gate.

        Background photons of the channels fall on either detector with equal probability and count as
        dark. By how much the channels lengthen a pulse is part of `jitter_s`, which is otherwise the
        detectors' own; the efficiency holds for light at any time.

        Parameters
        ----------
        station : str
            Where the light is detected.
        crossings : int
            How often light crosses a channel before. Every crossing lengthens the pulse by the same and
            brings the same background, as if none of the earlier ones' were lost in the later ones.

        Examples
        --------
        >>> from noclone.link import Fibre, SinglePhotonSource, ThresholdDetectors
        >>> link = Link(
        ...     alice=SinglePhotonSource(clock_rate_hz=1e6),
        ...     channel=Fibre(length_km=40, dispersion_ps_per_nm_km=17, linewidth_nm=0.1),
        ...     bob=ThresholdDetectors(efficiency=0.2, jitter_s=51e-12),
        ... )
        >>> bob = link.detectors_with_background("bob")
        >>> round(float(bob.jitter_s) * 1e12, 9), bob.efficiency
        (85.0, 0.2)
        """
        receiver: ThresholdDetectors = getattr(self, station)
        noise = crossings * np.asarray(self.noise_photons_per_s(station), float)
        if np.any(noise):
            # As a sum, so that a point of a grid without noise keeps its dark counts to the last digit.
            dark = np.asarray(receiver.dark_count_prob)
            lit = -np.expm1(-noise * receiver.gate_width_s * receiver.efficiency / 2)
            receiver = receiver.with_arrays({"dark_count_prob": dark + (1 - dark) * lit})
        spreads = [crossings * np.asarray(way.pulse_spread_s()) for way in self._ways(station)]
        if any(np.any(spread) for spread in spreads):
            # Of two ways into a relay the longer pulse decides: the efficiency belongs to both.
            longest = np.maximum.reduce(np.broadcast_arrays(*spreads))
            receiver = receiver.with_arrays({"jitter_s": np.hypot(receiver.jitter_s, longest)})
        return receiver

    def detectors(self, station: str, crossings: int = 1) -> ThresholdDetectors:
        """Return the threshold detectors of a station as the pulses that arrive there see them.

        As `detectors_with_background`, but gated: detections outside the gate, by the detectors' jitter or
        by dispersion, count as lost, and no jitter is left.
        """
        return self.detectors_with_background(station, crossings).gated()
