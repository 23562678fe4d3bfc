"""The same hardware under another protocol, as far as that protocol can use it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import from_mapping, specs, to_mapping
from noclone.link import Channel, Fibre, FixedLoss, Link, Source
from noclone.setup.presets import typical
from noclone.setup.setup import Setup


def adapted(setup: Setup, protocol: str) -> Setup:
    """Return the setup of another protocol on the channel and with the devices of this one.

    Where the other protocol has a station in the middle, the channel is cut into two equal halves; where
    it has none, two halves are joined. Devices of the same kind keep what the protocol uses of them;
    what remains (intensities, sources and receivers of another kind, probabilities) is typical for the
    protocol at this length and a matter for `noclone.tune`.

    Raises
    ------
    InvalidInput
        If there is no such protocol, or the channel cannot be cut in two.

    Examples
    --------
    >>> import noclone as nc
    >>> adapted(nc.load("gys-2004"), "decoy-bb84").get("bob.efficiency")
    0.045
    """
    ways = (setup.link.channel,) if setup.link.middle is None else setup.link.channels
    other = typical(protocol, _length_km(ways))
    link = other.link
    if link.middle is None:
        link = dataclasses.replace(link, channel=ways[0] if len(ways) == 1 else _joined(*ways))
    else:
        link = dataclasses.replace(link, channels=ways if len(ways) == 2 else (_half(ways[0]),) * 2)
    parts = {}
    for station, device in link.devices.items():
        if station in other.protocol.STATIONS:
            used = other.protocol.STATIONS[station][type(device)]
            parts[station] = _equipped(device, used, setup.link)
    taken = {
        name: getattr(setup.protocol, name)
        for name in ("f_ec", "eps_sec", "eps_cor")
        if name in specs(type(setup.protocol)) and name in specs(type(other.protocol))
    }
    return Setup(
        link.replaced(parts),
        from_mapping(type(other.protocol), to_mapping(other.protocol) | taken, "protocol"),
        pulses=setup.pulses,
        name=f"{setup.name}, {protocol}",
    )


def _equipped(device: Any, used: tuple[str, ...], link: Link) -> Any:
    """Return a device with the fields of the link's own device of its kind, or with its clock."""
    given = {}
    for own in link.devices.values():
        if isinstance(device, Source) and isinstance(own, Source):
            if "clock_rate_hz" in specs(type(own)) and "clock_rate_hz" in specs(type(device)):
                given = {"clock_rate_hz": own.clock_rate_hz}
            break
        if type(own) is type(device):
            given = {name: value for name, value in to_mapping(own).items() if name in used}
            break
    return dataclasses.replace(device, **given)


def _length_km(ways: tuple[Channel, ...]) -> float:
    """Return the length of fibre with the mean loss of these channels, at .2 dB/km."""
    loss_db = 0.0
    for way in ways:
        shares, transmittances = way.segments()
        loss_db -= 10 * np.log10(max(float((shares * transmittances).sum()), 1e-30))
    return loss_db / 0.2


def _half(way: Channel) -> Channel:
    if isinstance(way, Fibre):
        halves = {name: getattr(way, name) / 2 for name in ("length_km", "insertion_loss_db")}
        return dataclasses.replace(way, **halves)
    if isinstance(way, FixedLoss):
        return FixedLoss(loss_db=way.loss_db / 2)
    raise InvalidInput("channel", f"must be fibre or fixed-loss to be cut in two, but is {way.KIND}")


def _joined(first: Channel, second: Channel) -> Channel:
    losses = []
    for way in (first, second):
        shares, transmittances = way.segments()
        if len(shares) > 1:
            raise InvalidInput("channels", f"must be constant to be joined, but one is {way.KIND}")
        losses.append(-10 * np.log10(float(transmittances[0])))
    return FixedLoss(loss_db=sum(losses))
