"""Setups on which a protocol must agree with itself: typical links of many lengths, every field varied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, Spec, from_mapping, specs, to_mapping
from noclone.core.seeds import stream
from noclone.link import Channel
from noclone.protocols.protocol import Protocol
from noclone.setup import Setup
from noclone.setup.reach import reach_km

BEYOND = 1.1
"""Setups lie between no length and this multiple of the reach, so that some have no key."""
SPREAD = 1.4
"""Every number that a protocol uses is multiplied or divided by up to this factor."""
KEPT = ("clock_rate_hz", "length_km", "wavelength_nm")
"""Fields that stay: times scale with the clock, the length is chosen apart."""


def setups(protocol: type[Protocol], count: int, seed: int) -> Iterator[Setup]:
    """Yield setups of a protocol, spread evenly over its reach, each with all its numbers varied.

    Parameters
    ----------
    protocol : type
        A subclass of `Protocol`.
    count, seed : int
        How many setups; the same seed gives the same ones.
    """
    rng = stream(seed, f"agree {protocol.NAME}")
    furthest = max(BEYOND * reach_km(protocol), 1.0)
    for number in range(count):
        link, example = protocol.typical(furthest * (number + rng.random()) / count)
        while True:
            parts = {}
            for station, device in link.devices.items():
                used = None if isinstance(device, Channel) else example.STATIONS[station][type(device)]
                parts[station] = _varied(device, used, rng)
            try:
                yield Setup(link.replaced(parts), example, name=f"{protocol.NAME} {number + 1}")
                break
            except InvalidInput:
                continue  # numbers that do not go together, such as intensities in the wrong order


def _varied(device: Described, used: tuple[str, ...] | None, rng: np.random.Generator) -> Any:
    while True:
        values = to_mapping(device)
        for name, spec in specs(type(device)).items():
            if name in KEPT or spec.whole or spec.choices or spec.word or spec.flag:
                continue
            if used is None or name in used:
                values[name] = _scaled(values[name], spec, SPREAD ** rng.uniform(-1, 1))
        try:
            return from_mapping(type(device), values, "device")
        except InvalidInput:
            continue


def _scaled(value: Any, spec: Spec, factor: float) -> Any:
    if isinstance(value, list):
        return [_scaled(item, spec, factor) for item in value]
    return float(np.clip(value * factor, spec.low, spec.high)) if value else value
