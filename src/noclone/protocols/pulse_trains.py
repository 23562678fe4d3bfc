"""What the protocols on trains of equal pulses share: one intensity, and how rounds are played."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.link import Link, WeakCoherentSource

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def check_one_intensity(link: Link, protocol: str) -> None:
    """Raise `InvalidInput` if a laser has several intensities, for protocols without decoys of their own.

    Examples
    --------
    >>> from noclone.link import FixedLoss, ThresholdDetectors, WeakCoherentSource
    >>> source = WeakCoherentSource(intensities=(0.5, 0.1), clock_rate_hz=1e9)
    >>> link = Link(alice=source, channel=FixedLoss(loss_db=3), bob=ThresholdDetectors(efficiency=1))
    >>> check_one_intensity(link, "dps")
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: alice.intensities must have one element for dps, but has 2.
    """
    count = len(link.alice.intensities) if isinstance(link.alice, WeakCoherentSource) else 1
    if count != 1:
        raise InvalidInput("alice.intensities", f"must have one element for {protocol}, but has {count}")


def error_rate(wrong: ArrayLike, kept: ArrayLike) -> Floats:
    """Return wrong / kept, and 0 where nothing is kept.

    Examples
    --------
    >>> error_rate([0.25, 0.0], [0.5, 0.0]).tolist()
    [0.5, 0.0]
    """
    rate: Floats = np.asarray(wrong, float) / np.maximum(kept, 1e-300)
    return rate


def drawn_transmittance(link: Link, size: int, rng: np.random.Generator) -> Floats:
    """Return the transmittance that each of `size` pieces of a train meets on a direct link, shape (size,).

    Examples
    --------
    >>> from noclone.link import FixedLoss, SinglePhotonSource, ThresholdDetectors
    >>> source = SinglePhotonSource(clock_rate_hz=1e9)
    >>> link = Link(alice=source, channel=FixedLoss(loss_db=10), bob=ThresholdDetectors(efficiency=1))
    >>> drawn_transmittance(link, 2, np.random.default_rng(1)).tolist()
    [0.1, 0.1]
    """
    segments = link.segments()
    values = np.array([float(np.squeeze(each)) for _, (each,) in segments])
    return values[rng.choice(len(values), size=size, p=[share for share, _ in segments])]


def counted(field: NDArray[np.complex128], dark_count_prob: float, rng: np.random.Generator) -> Integers:
    """Return photons and dark counts at a detector, from the amplitudes of the light there.

    Parameters
    ----------
    field : ndarray, any shape
        Amplitudes; their squared moduli are mean photon numbers, efficiency included.
    dark_count_prob : float
        Per gate.
    rng : numpy.random.Generator

    Examples
    --------
    >>> counted(np.zeros(3, complex), 0.0, np.random.default_rng(1)).tolist()
    [0, 0, 0]
    """
    light = rng.poisson(field.real**2 + field.imag**2)
    return light + (rng.random(field.shape) < dark_count_prob)


def recorded(
    counts: tuple[Integers, Integers], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], Integers]:
    """Return where either of two threshold detectors clicked, and the bit recorded, random where both did.

    Examples
    --------
    >>> clicked, bit = recorded((np.array([2, 0, 0]), np.array([0, 1, 0])), np.random.default_rng(1))
    >>> clicked.tolist(), bit[clicked].tolist()
    ([True, True, False], [0, 1])
    """
    zero, one = (each > 0 for each in counts)
    bit = np.where(one, 1, 0)
    double = zero & one
    bit[double] = rng.integers(0, 2, int(double.sum()))
    return zero | one, bit
