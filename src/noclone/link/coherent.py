"""Devices of continuous-variable protocols: modulated lasers and coherent receivers.

Shot-noise units throughout: a quadrature of the vacuum has variance 1, a coherent state of amplitude
alpha has the quadratures 2 Re alpha and 2 Im alpha. Noise beyond the vacuum's is stated where it is known:

- `excess_noise_snu` belongs to a source and is referred to the channel's input. It stands for every cause
  that the parties do not calibrate (laser, modulator, phase recovery, channel), and all of it is Eve's.
- `electronic_noise_snu` and quantisation belong to a receiver and are referred to its output.
- Background light of a channel adds `background_snu` at the receiver's input; it is Eve's too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.constants import c as SPEED_OF_LIGHT

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, flag, number
from noclone.link.device import Channel, Receiver, Source

Floats = NDArray[np.float64]

RINGS = {"bpsk": 2, "8psk": 8}
"""Constellations of equal amplitudes that are not square, and how many phases they have."""
GRIDS = {"qpsk": 2, "16qam": 4, "64qam": 8, "256qam": 16}
"""Square constellations and how many levels each quadrature has."""


@dataclass(frozen=True, kw_only=True)
class GaussianModulation(Source):
    """A laser whose quadratures are displaced by Gaussian random numbers.

    Each quadrature of a coherent state is displaced with variance `modulation_variance_snu`. A squeezed
    state has one quadrature of variance `squeezed_variance_snu`, chosen at random and displaced in this way;
    the other one is displaced by what makes both quadratures look alike from outside.

    Examples
    --------
    >>> GaussianModulation(modulation_variance_snu=4, clock_rate_hz=1e8).thermal_variance_snu
    5.0
    """

    KIND: ClassVar[str] = "gaussian-modulation"

    modulation_variance_snu: float = number(
        "variance of the displacement of a quadrature; twice the mean photon number of coherent states",
        unit="shot-noise units",
        low=0,
        low_open=True,
        high=1e6,
    )
    squeezed_variance_snu: float = number(
        "variance of the squeezed quadrature before modulation; 1 for coherent states",
        1.0,
        unit="shot-noise units",
        low=1e-4,
        high=1,
    )
    excess_noise_snu: float = number(
        "noise beyond the vacuum's, all causes together, referred to the channel's input",
        0.0,
        unit="shot-noise units",
        low=0,
        high=100,
    )
    clock_rate_hz: float = number("symbols per second", unit="Hz", low=0, low_open=True, high=1e12)

    @property
    def thermal_variance_snu(self) -> Any:
        """Variance of either quadrature of the mixture of all states sent, excess noise aside."""
        return self.modulation_variance_snu + self.squeezed_variance_snu

    @property
    def least_modulation_snu(self) -> Any:
        """Least variance of the displacement that hides which quadrature is squeezed."""
        return 1 / self.squeezed_variance_snu - self.squeezed_variance_snu

    def check(self) -> None:
        """Refuse a displacement that does not hide which quadrature is squeezed."""
        least = self.least_modulation_snu
        if self.modulation_variance_snu < least * (1 - 1e-9):
            raise InvalidInput(
                "modulation_variance_snu",
                f"must be at least {least:.6g}, or Eve could tell which quadrature is squeezed to "
                f"{self.squeezed_variance_snu:g}, but is {self.modulation_variance_snu:g}",
            )


class Constellation(NamedTuple):
    """States of a discrete modulation, scaled to a mean photon number of 1.

    Attributes
    ----------
    points : ndarray of complex, shape (K,)
        Amplitudes; every K / symmetry of them are the ones before, turned by 2 pi / symmetry.
    probs : ndarray, shape (K,)
        How often each is sent.
    symmetry : int
        How many rotations leave the constellation as it is.
    levels, level_probs : ndarray, shape (sqrt(K),)
        Of one quadrature of a square constellation, which is the product of two of them; empty for others.
    """

    points: NDArray[np.complex128]
    probs: Floats
    symmetry: int
    levels: Floats
    level_probs: Floats


@lru_cache(maxsize=256)
def constellation(name: str, distribution: str, shaping: float) -> Constellation:
    """Return a constellation, scaled to a mean photon number of 1.

    Parameters
    ----------
    name : str
        One of `RINGS` or `GRIDS`.
    distribution : {"uniform", "binomial", "maxwell-boltzmann"}
        Of the levels of a square constellation: equal, as the count of heads in coin tosses, or
        proportional to exp(-shaping d^2) at the distance d from the middle.
    shaping : float
        Per squared spacing of the levels.

    Notes
    -----
    Denys, Brown, Leverrier, Quantum 5, 540 (2021), Sec. 5.

    Examples
    --------
    >>> square = constellation("64qam", "binomial", 0.0)
    >>> square.points.size, round(float(square.probs @ abs(square.points) ** 2), 12)
    (64, 1.0)
    """
    if name in RINGS:
        count = RINGS[name]
        points = np.exp(2j * np.pi * np.arange(count) / count)
        return Constellation(points, np.full(count, 1 / count), count, np.empty(0), np.empty(0))
    steps = GRIDS[name] - 1
    distance = np.arange(steps + 1) - steps / 2
    weights = {
        "uniform": np.ones(steps + 1),
        "binomial": np.array([comb(steps, k) for k in range(steps + 1)], float),
        "maxwell-boltzmann": np.exp(-shaping * (distance**2 - distance[steps // 2] ** 2)),
    }[distribution]
    share = weights / weights.sum()
    levels = distance / np.sqrt(2 * share @ distance**2)
    half = (steps + 1) // 2
    quadrant = (levels[half:, None] + 1j * levels[half:]).ravel()
    points = np.outer(1j ** np.arange(4), quadrant).ravel()
    return Constellation(points, np.tile(np.outer(share[half:], share[half:]).ravel(), 4), 4, levels, share)


@dataclass(frozen=True, kw_only=True)
class DiscreteModulation(Source):
    """A laser that sends one of finitely many coherent states.

    Phase-shift keying sends equal amplitudes with equal probabilities; quadrature amplitude modulation a
    square grid, uniform or shaped.

    Examples
    --------
    >>> DiscreteModulation(constellation="qpsk", modulation_variance_snu=0.32, clock_rate_hz=1e8).distribution
    'uniform'
    """

    KIND: ClassVar[str] = "discrete-modulation"

    constellation: str = choice(
        "which states are sent", "qpsk", ("bpsk", "qpsk", "8psk", "16qam", "64qam", "256qam")
    )
    modulation_variance_snu: float = number(
        "twice the mean photon number of a symbol",
        unit="shot-noise units",
        low=0,
        low_open=True,
        high=100,
    )
    distribution: str = choice(
        "how often each level of a square constellation is sent",
        "uniform",
        ("uniform", "binomial", "maxwell-boltzmann"),
    )
    shaping: float = number(
        "Maxwell-Boltzmann levels have the weight exp(-shaping d^2), d in spacings from the middle",
        0.0,
        low=0,
        high=10,
    )
    excess_noise_snu: float = number(
        "noise beyond the vacuum's, all causes together, referred to the channel's input",
        0.0,
        unit="shot-noise units",
        low=0,
        high=100,
    )
    clock_rate_hz: float = number("symbols per second", unit="Hz", low=0, low_open=True, high=1e12)

    def check(self) -> None:
        """Refuse to shape equal amplitudes, and a strength without Maxwell-Boltzmann levels."""
        if GRIDS.get(self.constellation, 2) == 2 and self.distribution != "uniform":
            raise InvalidInput(
                "distribution", f"must be uniform for {self.constellation}, but is {self.distribution}"
            )
        if self.distribution != "maxwell-boltzmann" and self.shaping != 0:
            raise InvalidInput(
                "shaping", f"must be 0 for {self.distribution} levels, but is {self.shaping:g}"
            )


@dataclass(frozen=True, kw_only=True)
class CoherentReceiver(Receiver):
    """Interference with a local oscillator: one quadrature (homodyne) or both (heterodyne).

    Outcomes are in shot-noise units, the variance of the vacuum being 1 without electronic noise. A
    heterodyne receiver divides the light equally between two homodyne ones, so that `electronic_noise_snu`
    and the quantisation of the converter hold for each of its two outcomes.

    Examples
    --------
    >>> bob = CoherentReceiver(detection="heterodyne", efficiency=0.6, adc_bits=8, adc_range=16)
    >>> float(bob.adc_step), bob.quadratures
    (0.125, 2)
    """

    KIND: ClassVar[str] = "coherent-receiver"

    detection: str = choice("which quadratures are measured", "homodyne", ("homodyne", "heterodyne"))
    efficiency: float = number(
        "detection efficiency, receiver optics and mode matching included", low=0, low_open=True, high=1
    )
    electronic_noise_snu: float = number(
        "noise of the electronics at each output", 0.0, unit="shot-noise units", low=0, high=100
    )
    trusted: bool = flag("whether Eve can neither use nor change the receiver's loss and noise", False)
    adc_bits: int = number(
        "resolution of the converter; 0 for an ideal one", 0, unit="bits", low=0, high=32, whole=True
    )
    adc_range: float = number(
        "full scale of the converter on either side of zero",
        32.0,
        unit="standard deviations of shot noise",
        low=0,
        low_open=True,
        high=1e6,
    )

    @property
    def quadratures(self) -> int:
        """How many quadratures of a symbol are measured."""
        return 2 if self.detection == "heterodyne" else 1

    @property
    def adc_step(self) -> Any:
        """Width of a step of the converter; 0 for an ideal one."""
        steps = np.exp2(self.adc_bits)
        return np.where(np.asarray(self.adc_bits) > 0, 2 * self.adc_range / steps, 0.0)[()]

    @property
    def added_noise_snu(self) -> Any:
        """Electronic noise and that of the converter, step^2 / 12, at each output."""
        return self.electronic_noise_snu + self.adc_step**2 / 12


NARROWEST_HZ = 1.0
"""Of a filter; a narrower one would hold less than a mode in a second."""


def background_snu(channel: Channel, name: str = "channel") -> Any:
    """Return the variance that a channel's background light adds to a quadrature at the receiver's input.

    The light fills the channel's filter in both polarisations. A local oscillator picks one mode of one
    polarisation; it holds N = photons_per_s / (2 bandwidth) photons, which add 2 N, whatever the filter.

    Parameters
    ----------
    channel : Channel
        Its numbers may be arrays of one grid.
    name : str
        What an error calls the channel.

    Raises
    ------
    InvalidInput
        If a channel has background light, but neither `filter_nm` nor `wavelength_nm`, or a filter without
        width: all of the light is then in a band that holds no mode.

    Notes
    -----
    Kumar, Qin, Alleaume, New J. Phys. 17, 043027 (2015): 2 N = lambda^3 / (h c^2) times the power per metre
    of wavelength.

    Examples
    --------
    >>> from noclone.link import Fibre
    >>> round(float(background_snu(Fibre(length_km=50, forward_power_mw=1))), 6)
    0.000938
    """
    photons_per_s = channel.noise_photons_per_s()
    if not np.any(photons_per_s):
        return 0.0
    if not hasattr(channel, "filter_nm") or not hasattr(channel, "wavelength_nm"):
        raise InvalidInput(
            name,
            f"must say its filter_nm and wavelength_nm, but {channel.KIND} has background light only",
        )
    bandwidth_hz = SPEED_OF_LIGHT * channel.filter_nm * 1e-9 / (channel.wavelength_nm * 1e-9) ** 2
    dark = np.asarray(photons_per_s) == 0
    if np.any(~dark & (np.asarray(bandwidth_hz) < NARROWEST_HZ)):
        raise InvalidInput(
            f"{name}.filter_nm",
            "must be wider than 1 Hz of light where the channel has background light, but is "
            f"{float(np.min(channel.filter_nm)):g}",
        )
    return photons_per_s / np.where(dark, 1.0, bandwidth_hz)
