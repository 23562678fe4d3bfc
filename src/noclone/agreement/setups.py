"""Setups on which a protocol must agree with itself: typical links of many lengths, every field varied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, Spec, from_mapping, specs, to_mapping
from noclone.core.seeds import stream
from noclone.link import Channel, Fibre, MeasuredTransmittance, ThresholdDetectors
from noclone.protocols.protocol import GATING, Protocol, unlocked
from noclone.setup import Setup
from noclone.setup.reach import reach_km

BEYOND = 1.1
"""Setups lie between no length and this multiple of the reach, so that some have no key."""
SPREAD = 1.4
"""Every number that a protocol uses is multiplied or divided by up to this factor."""
KEPT = ("clock_rate_hz", "length_km", "wavelength_nm")
"""Fields that stay: times scale with the clock, the length is chosen apart."""
IMPERFECTIONS = {
    "dead_time_s": 2e-8,
    "afterpulse_prob": 0.02,
    "jitter_s": 3e-10,
    "jitter_tail_share": 0.05,
    "efficiency_mismatch": 0.9,
    "intensity_fluctuation": 0.01,
    "random_phases": 12,
    "trojan_photons": 1e-9,
    "connectors": 2,
    "backward_power_mw": 1e-7,
    "dispersion_ps_per_nm_km": 17.0,
    "linewidth_nm": 0.02,
    "adc_bits": 10,
    "electronic_noise_snu": 0.05,
}
"""What typical devices lack; each is present in some of the setups of a protocol that uses the field."""
PRESENT = 0.25
"""How often."""


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
            parts: dict[str, Any] = {}
            for station, device in link.devices.items():
                used = None if isinstance(device, Channel) else _used(example, station, device)
                parts[station] = _varied(device, used, rng)
                if isinstance(device, Fibre) and rng.random() < PRESENT:
                    parts[station] = _fading(parts[station], rng)
            try:
                yield Setup(link.replaced(parts), unlocked(example), name=f"{protocol.NAME} {number + 1}")
                break
            except InvalidInput:
                continue  # numbers that do not go together, such as intensities in the wrong order


def _used(protocol: Protocol, station: str, device: Any) -> tuple[str, ...]:
    used = protocol.STATIONS[station][type(device)]
    gated = isinstance(device, ThresholdDetectors) and "efficiency" in used
    return (*used, *GATING) if gated else used


def _fading(fibre: Fibre, rng: np.random.Generator) -> MeasuredTransmittance:
    """Return a channel that is better than this one for a while and worse for another."""
    (mean,) = fibre.segments()[1]
    swing = rng.uniform(0.1, 0.6)
    series = tuple(float(min(mean * (1 + sign * swing), 1.0)) for sign in (1, -1))
    return MeasuredTransmittance(duration_s=(1.0, 2.0), transmittance=series)


def _varied(device: Described, used: tuple[str, ...] | None, rng: np.random.Generator) -> Any:
    while True:
        values = to_mapping(device)
        for name, spec in specs(type(device)).items():
            if name in KEPT or (used is not None and name not in used):
                continue
            if name in IMPERFECTIONS and rng.random() < PRESENT:
                values[name] = IMPERFECTIONS[name]
            elif spec.flag or name == "detection":
                choices = spec.choices or (False, True)
                values[name] = choices[int(rng.integers(len(choices)))]
            elif not (spec.whole or spec.choices or spec.word):
                values[name] = _scaled(values[name], spec, SPREAD ** rng.uniform(-1, 1))
        try:
            return from_mapping(type(device), values, "device")
        except InvalidInput:
            continue


def _scaled(value: Any, spec: Spec, factor: float) -> Any:
    if isinstance(value, list):
        return [_scaled(item, spec, factor) for item in value]
    return float(np.clip(value * factor, spec.low, spec.high)) if value else value
