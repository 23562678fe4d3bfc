"""The same hardware under another protocol, as far as that protocol can use it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import documented, from_mapping, specs, to_mapping
from noclone.link import Channel, Fibre, FixedLoss, Link, Source, ThresholdDetectors
from noclone.protocols.protocol import GATING
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
        If there is no such protocol, the channel cannot be cut in two, or the other protocol would forget
        something of the hardware.

    Examples
    --------
    >>> import noclone as nc
    >>> adapted(nc.load("gys-2004"), "decoy-bb84").get("bob.efficiency")
    0.045
    """
    ways = setup.link.ways
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
            parts[station] = _equipped(station, device, used, setup.link, protocol)
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


def _equipped(station: str, device: Any, used: tuple[str, ...], link: Link, protocol: str) -> Any:
    """Return a device with the fields of the link's own device of its kind, or with its clock."""
    given: dict[str, Any] = {}
    for own in link.devices.values():
        if isinstance(device, Source) and isinstance(own, Source):
            if type(own) is type(device):
                _all_used(station, own, used, protocol)
            if "clock_rate_hz" in specs(type(own)) and "clock_rate_hz" in specs(type(device)):
                given = {"clock_rate_hz": own.clock_rate_hz}
            break
        if type(own) is type(device):
            kept = (*used, *GATING) if isinstance(own, ThresholdDetectors) else used
            _all_used(station, own, kept, protocol)
            given = {name: value for name, value in to_mapping(own).items() if name in kept}
            break
    return dataclasses.replace(device, **given)


def _all_used(station: str, own: Any, used: tuple[str, ...], protocol: str) -> None:
    """Refuse hardware of which the other protocol would forget something."""
    for name, _, default in documented(type(own)):
        value = getattr(own, name)
        if name not in (*used, "statistics") and value != default:
            raise InvalidInput(
                f"{station}.{name}",
                f"is not used by {protocol}, but is {value}; set it to {default} to go on",
            )


def replaced(setup: Setup, other: Setup) -> list[str]:
    """Return the stations of an adapted setup whose devices the first setup has nowhere."""
    own = {type(device) for device in setup.link.devices.values()}
    return [station for station, device in other.link.devices.items() if type(device) not in own]


def _length_km(ways: tuple[Channel, ...]) -> float:
    """Return the length of fibre with the mean loss of these channels, at .2 dB/km."""
    loss_db = 0.0
    for way in ways:
        shares, transmittances = way.segments()
        loss_db -= 10 * np.log10(max(float((shares * transmittances).sum()), 1e-30))
    return loss_db / 0.2


def _half(way: Channel) -> Channel:
    if isinstance(way, Fibre):
        return _fibre_like(way, way.length_km / 2, _fixed(way) / 2)
    if isinstance(way, FixedLoss):
        return FixedLoss(loss_db=way.loss_db / 2)
    raise InvalidInput("channel", f"must be fibre or fixed-loss to be cut in two, but is {way.KIND}")


def _joined(first: Channel, second: Channel) -> Channel:
    if isinstance(first, FixedLoss) and isinstance(second, FixedLoss):
        return FixedLoss(loss_db=first.loss_db + second.loss_db)
    if (
        isinstance(first, Fibre)
        and isinstance(second, Fibre)
        and _fibre_like(first, 0, 0) == _fibre_like(second, 0, 0)
    ):
        return _fibre_like(first, first.length_km + second.length_km, _fixed(first) + _fixed(second))
    raise InvalidInput(
        "channels", "must be two fibres alike in all but length, or two fixed losses, to be joined"
    )


def _fibre_like(fibre: Fibre, length_km: float, fixed_loss_db: float) -> Fibre:
    """Return fibre of the same sort; connectors and splices are in the fixed loss."""
    return dataclasses.replace(
        fibre, length_km=length_km, insertion_loss_db=fixed_loss_db, connectors=0, splices=0
    )


def _fixed(fibre: Fibre) -> float:
    """Return the loss of a fibre that does not grow with its length."""
    (transmittance,) = dataclasses.replace(fibre, length_km=0.0).segments()[1]
    return max(0.0, -10 * float(np.log10(transmittance)))
