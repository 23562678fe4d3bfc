"""Qubits that travel as photons: Bob's average records, and pulses played photon by photon.

The protocols that send polarised single photons or weak coherent pulses share this; they differ in the
states, the measurements and the announcements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.link import Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.protocol import Stations
from noclone.rates.threshold_detection import record_of_light, record_of_photons

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]

RECEIVER: dict[type[Any], tuple[str, ...]] = {
    ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")
}
LASER: dict[type[Any], tuple[str, ...]] = {WeakCoherentSource: ("intensities", "clock_rate_hz")}
STATIONS: Stations = {"alice": {SinglePhotonSource: ("clock_rate_hz",), **LASER}, "bob": RECEIVER}
"""Either source; detectors without memory."""

CHUNK = 1 << 18
"""Rounds that are played in one go."""


def mean_of(link: Link, record: Callable[[Floats], ArrayLike]) -> Floats:
    """Return the mean over the channel's variation of what a photon's chance of being detected decides."""
    efficiency = link.detectors("bob").efficiency
    total: Any = 0.0
    for share, (transmittance,) in link.segments():
        total = total + share * np.asarray(record(transmittance * efficiency))
    return np.asarray(total)


def recorded(link: Link, share: ArrayLike) -> Floats:
    """Return the probability that Bob records an outcome.

    Parameters
    ----------
    link : Link
        Its source decides the photon number, its detectors their dark counts.
    share : array_like, shape (...)
        Part of the photons that falls on this outcome's detector.
    """
    if isinstance(link.alice, SinglePhotonSource):
        return recorded_photons(link, 1, share)
    dark = link.detectors("bob").dark_count_prob
    light = link.alice.intensities[0]
    return mean_of(link, lambda detected: record_of_light(light, detected, share, dark))


def recorded_photons(link: Link, photons: int, share: ArrayLike) -> Floats:
    """Return the probability that Bob records an outcome of a pulse of so many photons; see `recorded`."""
    dark = link.detectors("bob").dark_count_prob
    return mean_of(link, lambda detected: record_of_photons(photons, detected, share, dark))


def photon_prob(link: Link, photons: int) -> Floats:
    """Return the probability that a pulse holds one or two photons."""
    if isinstance(link.alice, SinglePhotonSource):
        return np.asarray(float(photons == 1))
    light = np.asarray(link.alice.intensities[0], float)
    return np.asarray(np.exp(-light) * light**photons / photons)


def chunks(rounds: int) -> Iterator[int]:
    """Yield the sizes of parts that are played one after the other."""
    for start in range(0, rounds, CHUNK):
        yield min(CHUNK, rounds - start)


def measured(link: Link, chance_of_one: Floats, rng: np.random.Generator) -> tuple[Bools, Bools]:
    """Play one pulse for each element and return whether Bob's receiver clicked, and the bit recorded.

    Every photon survives or not, keeps its polarisation or not, and takes one of the two ways; detectors
    also click in the dark, and a double click is decided by a coin.

    Parameters
    ----------
    link : Link
        Scalars only.
    chance_of_one : ndarray, shape (N,)
        Probability by Born's rule that a photon in the state sent goes to the detector of outcome 1.
    rng : Generator

    Returns
    -------
    clicked, bit : ndarray of bool, shape (N,)
    """
    size = len(chance_of_one)
    shares, ways = zip(*((share, float(way)) for share, (way,) in link.segments()), strict=True)
    transmittance = np.array(ways)[rng.choice(len(ways), size, p=shares)] if len(ways) > 1 else ways[0]
    return received(link, emitted(link, size, rng), transmittance, chance_of_one, rng)


def emitted(link: Link, size: int, rng: np.random.Generator) -> Integers:
    """Return how many photons Alice's source puts into each pulse, shape (size,)."""
    if isinstance(link.alice, SinglePhotonSource):
        return np.ones(size, np.int64)
    return rng.poisson(link.alice.intensities[0], size)


def received(
    link: Link,
    photons: Integers,
    transmittance: Floats | float,
    chance_of_one: Floats,
    rng: np.random.Generator,
) -> tuple[Bools, Bools]:
    """Play Bob's receiver behind a channel; see `measured`.

    Parameters
    ----------
    link : Link
        Its receiver.
    photons : ndarray of int, shape (N,)
        That enter the channel.
    transmittance : float or ndarray, shape (N,)
        Of the channel.
    chance_of_one : ndarray, shape (N,)
    rng : Generator
    """
    detectors, size = link.detectors("bob"), len(photons)
    owner = np.repeat(np.arange(size), photons)
    reach = np.broadcast_to(transmittance * detectors.efficiency, size)
    owner = owner[rng.random(len(owner)) < reach[owner]]
    turned = rng.random(len(owner)) < 2 * detectors.misalignment
    to_one = rng.random(len(owner)) < np.where(turned, 0.5, chance_of_one[owner])
    zero, one = (rng.random(size) < detectors.dark_count_prob for _ in range(2))
    zero[owner[~to_one]] = True
    one[owner[to_one]] = True
    coin = rng.random(size) < 0.5
    return zero | one, np.where(zero & one, coin, one)
