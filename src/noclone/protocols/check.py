"""`check_protocol`: what is wrong with a protocol, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.link import Link
from noclone.protocols.agreement import compare
from noclone.protocols.protocol import Moment, Protocol, unlocked

LENGTHS_KM = (0.0, 40.0)
ROUNDS = 100_000


def check_protocol(protocol: type[Protocol]) -> tuple[str, ...]:
    """Return what is wrong with a protocol, one sentence for each fault; nothing if it is sound.

    It looks at the declarations, at a typical link, at whether a grid gives what single links give, at
    whether rates stay between 0 and the capacity and finite ones below asymptotic ones, and at whether
    sampled rounds agree with the statistics.

    Parameters
    ----------
    protocol : type
        A subclass of `Protocol`.

    Examples
    --------
    >>> from noclone.protocols.bb84 import BB84
    >>> check_protocol(BB84)
    ()
    """
    faults = [*_declarations(protocol)]
    if faults:
        return tuple(faults)
    for length_km in LENGTHS_KM:
        try:
            link, locked = protocol.typical(length_km)
            example = unlocked(locked)
            example.check_link(link)
        except InvalidInput as error:
            return (*faults, f"typical({length_km:g}) does not give a link that it runs on: {error}")
        for check in (_refusal, _rates, _grid, _sampling):
            faults += check(example, link)
        if faults:
            break
    return tuple(dict.fromkeys(faults))


def _declarations(protocol: type[Protocol]) -> Iterator[str]:
    for name in ("NAME", "TITLE", "FAMILY", "STATIONS", "BOUNDS", "STEPS", "FORMULA", "SOURCE"):
        if not getattr(protocol, name, None):
            yield f"{name} is missing or empty"
            return
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", protocol.NAME):
        yield f"NAME must be lower-case words with hyphens, but is {protocol.NAME!r}"
    if set(protocol.STATIONS) not in ({"alice", "bob"}, {"alice", "middle", "bob"}):
        yield f"STATIONS must name alice, bob and perhaps middle, but names {', '.join(protocol.STATIONS)}"
    for station, kinds in protocol.STATIONS.items():
        for kind, used in kinds.items():
            yield from (
                f"STATIONS says that {station} uses {name}, which {kind.__name__} does not have"
                for name in used
                if name not in specs(kind)
            )
    if not protocol.__doc__:
        yield "it has no docstring"
    if not any(step.who == "public" for step in protocol.STEPS):
        yield "STEPS say nothing of what is announced"
    if protocol.BROKEN and "insecure" not in specs(protocol):
        yield "it is broken, but has no field insecure that a user must set"
    bound = specs(protocol).get("bound")
    if bound is not None and not set(bound.choices) <= set(protocol.BOUNDS):
        yield "its field bound offers bounds that BOUNDS does not know"


def _refusal(protocol: Protocol, link: Link) -> Iterator[str]:
    """Find a wrong topology or an unknown bound that is not refused."""
    if link.middle is None:
        other = Link(alice=link.alice, bob=link.bob, middle=link.bob, channels=(link.channel, link.channel))
    else:
        other = Link(alice=link.alice, bob=link.bob, channel=link.channels[0])
    if not _refuses(lambda: protocol.check_link(other)):
        yield "check_link accepts a link of the wrong shape"
    if not _refuses(lambda: protocol.rate(link, bound="no-such-bound")):
        yield "rate accepts a bound that does not exist"
    if protocol.BROKEN and not _refuses(lambda: type(protocol).typical(0.0)[1].rate(link)):
        yield "it is broken, but gives a rate without insecure=True"


def _refuses(action: Callable[[], Any]) -> bool:
    try:
        action()
    except InvalidInput:
        return True
    return False


def _rates(protocol: Protocol, link: Link) -> Iterator[str]:
    capacity = float(protocol.capacity(link, protocol.CAPACITY))
    for bound, regime in protocol.BOUNDS.items():
        try:
            limit = protocol.rate(link, bound=bound)
            blocks = [protocol.rate(link, bound=bound, pulses=size) for size in (1e7, 1e10, 1e16)]
        except InvalidInput:
            continue  # a bound may need another number of intensities than this link has
        values = [float(each.rate_per_pulse) for each in (limit, *blocks)]
        sized = [(each, 1.0 if each.pulses is None else float(each.pulses)) for each in (limit, *blocks)]
        if not np.isfinite(values).all() or min(values) < 0:
            yield f"its rate under {bound} is not a number of at least 0: {values}"
        if limit.security.regime != "asymptotic":
            yield f"its rate under {bound} without a block claims to be {limit.security.regime}"
        if max(values) > capacity * (1 + 1e-9):
            yield f"its rate under {bound}, {max(values):.4g}, exceeds the capacity {capacity:.4g}"
        surplus = [float(each.rate_per_pulse - each.sifted_bits / size) for each, size in sized]
        if not np.isnan(limit.qber).any() and max(surplus) > 1e-12:
            yield f"its key under {bound} is longer than the sifted bits it is made of"
        if any(
            late < early - 1e-12 for early, late in zip(values[1:], [*values[2:], values[0]], strict=True)
        ):
            yield f"its rate under {bound} falls as the block grows: {values[1:]}, then {values[0]:.4g}"
        if regime == "asymptotic" and len(set(values)) > 1:
            yield f"its bound {bound} is asymptotic, but depends on the block"
        if regime == "finite" and blocks[0].security.eps_sec is None:
            yield f"its finite bound {bound} does not say with which failure probability"
        if not limit.security.assumptions or not limit.security.source:
            yield f"its security under {bound} has no assumptions or no source"
        if limit.security.attacks == "none" and not protocol.BROKEN:
            yield f"its security under {bound} covers no attacks, but it is not declared broken"


def _grid(protocol: Protocol, link: Link) -> Iterator[str]:
    """Find where a grid over a field gives something else than its links one by one."""
    for station, device in {**link.devices, "protocol": protocol}.items():
        for name in specs(type(device)):
            values = _neighbours(protocol, station, device, name)
            if values is None:
                continue
            parts = [_changed(protocol, link, station, name, value) for value in (values, *values)]
            for size in (None, 1e11):
                block = None if size is None else np.asarray(size)
                try:
                    alone = [one.rate(way, pulses=block).rate_per_pulse for one, way in parts[1:]]
                except InvalidInput:
                    continue  # a neighbour that this protocol refuses; a grid would refuse it as well
                together = parts[0][0].rate(parts[0][1], pulses=block).rate_per_pulse
                if together.shape != values.shape or not np.allclose(together, alone, rtol=1e-8, atol=1e-15):
                    yield (
                        f"its rates on a grid of {station}.{name}, {together}, differ from those one by one, "
                        f"{np.array(alone)}"
                    )
            for event, model in parts[0][0].statistics(parts[0][1]).items():
                mean = model.mean if isinstance(model, Moment) else model
                if np.broadcast_shapes(np.shape(mean), values.shape) != values.shape:
                    shape = np.shape(mean)
                    yield f"its statistic {event!r} on a grid of {station}.{name} has the shape {shape}"


def _neighbours(protocol: Protocol, station: str, device: Any, name: str) -> NDArray[np.float64] | None:
    """Return three values of a field that the protocol uses, its own the first; None if it has no number."""
    spec, own = specs(type(device))[name], getattr(device, name)
    used = protocol.STATIONS.get(station, {}).get(type(device), (name,))
    if spec.many or spec.flag or spec.choices or spec.word or spec.whole or not own or name not in used:
        return None
    inside = np.clip(own * np.array([1.0, 0.9, 0.7]), spec.low, spec.high)
    return None if inside[0] == inside[1] else inside


def _changed(protocol: Protocol, link: Link, station: str, name: str, value: Any) -> tuple[Protocol, Link]:
    if station == "protocol":
        return protocol.with_arrays({name: value}), link
    return protocol, link.replaced({station: link.devices[station].with_arrays({name: value})})


def _sampling(protocol: Protocol, link: Link) -> Iterator[str]:
    expected = protocol.statistics(link)
    for name, value in expected.items():
        if not isinstance(value, Moment) and not 0 <= float(value) <= 1:
            yield f"its statistic {name!r} is not a probability: {float(value):.4g}"
            return
    first, again = (protocol.sample(link, ROUNDS, np.random.default_rng(7)) for _ in range(2))
    if set(first) != set(expected):
        odd = sorted(set(first) ^ set(expected))
        yield f"sample and statistics do not name the same things: {', '.join(odd)}"
        return
    if dict(first) != dict(again):
        yield "sample gives different results for the same generator"
    for row in compare(expected, first, ROUNDS):
        if row.p_value < 1e-6:
            yield (
                f"its sampled {row.name!r} disagrees with its statistics: {row.seen:.6g} seen, "
                f"{row.expected:.6g} expected, p = {row.p_value:.1e}"
            )
