"""Alice's sources: what leaves her laboratory in one pulse."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number, numbers
from noclone.link.device import Source


def _clock() -> Any:
    return number("pulses per second", unit="Hz", low=0, low_open=True, high=1e12)


def _trojan() -> Any:
    return number(
        "light of an eavesdropper that comes back with Alice's encoding on it, at most",
        0.0,
        unit="photons per pulse",
        low=0,
        high=1,
    )


@dataclass(frozen=True, kw_only=True)
class WeakCoherentSource(Source):
    """A phase-randomised attenuated laser that switches between mean photon numbers.

    Photon numbers are Poissonian. By default the phase of every pulse is uniformly random and unknown to
    Eve, the intensity is exactly the one chosen, and nothing else leaves; the other fields say how far a
    real source is from that. Simulated intensities are spread evenly over the interval that
    `intensity_fluctuation` and `intensity_correlation` allow, keys hold for the worst case in it.

    Examples
    --------
    >>> WeakCoherentSource(intensities=(0.5, 0.1, 0.0), clock_rate_hz=1e9).intensities
    (0.5, 0.1, 0.0)
    """

    KIND: ClassVar[str] = "weak-coherent"

    intensities: tuple[float, ...] = numbers(
        "mean photon numbers, brightest first", unit="photons per pulse", low=0, high=10
    )
    clock_rate_hz: float = _clock()
    intensity_fluctuation: float = number(
        "largest relative deviation of a pulse's intensity from the one chosen, whatever its cause but "
        "earlier choices",
        0.0,
        low=0,
        high=0.9,
    )
    intensity_correlation: float = number(
        "largest relative deviation of a pulse's intensity that earlier choices of intensity cause",
        0.0,
        low=0,
        high=0.9,
    )
    correlation_range: int = number(
        "how many later pulses a choice of intensity affects", 1, low=1, high=1000, whole=True
    )
    random_phases: int = number(
        "number of phases among which each pulse has a random one; 0 for all phases",
        0,
        low=0,
        high=10_000,
        whole=True,
    )
    trojan_photons: float = _trojan()

    @property
    def intensity_deviation(self) -> Any:
        """Largest relative deviation of an intensity from the one chosen, of both causes together."""
        return (1 + np.asarray(self.intensity_fluctuation)) * (1 + np.asarray(self.intensity_correlation)) - 1

    def check(self) -> None:
        """Intensities must fall strictly and stay positive when they deviate, phases be more than one."""
        _check_falling("intensities", self.intensities)
        if self.random_phases == 1:
            raise InvalidInput("random_phases", "must be 0 or at least 2, but is 1, which is not random")
        if self.intensity_deviation >= 1:
            raise InvalidInput(
                "intensity_correlation",
                "must leave intensities above 0, but with intensity_fluctuation they deviate by "
                f"{float(self.intensity_deviation):g} of their value",
            )


@dataclass(frozen=True, kw_only=True)
class SinglePhotonSource(Source):
    """An ideal source: exactly one photon in every pulse.

    Examples
    --------
    >>> SinglePhotonSource(clock_rate_hz=1e6).clock_rate_hz
    1000000.0
    """

    KIND: ClassVar[str] = "single-photon"

    clock_rate_hz: float = _clock()
    trojan_photons: float = _trojan()


@dataclass(frozen=True, kw_only=True)
class QuantumDotSource(Source):
    """A single emitter known by its brightness and its g2: empty pulses, single photons and few pairs.

    Keys hold for every source of this brightness and g2 at most. Simulated pulses hold two photons at most,
    which has the largest share of pulses with more than one photon that g2 allows.

    Examples
    --------
    >>> dot = QuantumDotSource(mean_photons=0.1, g2=0.02, clock_rate_hz=8e7)
    >>> dot.g2
    0.02
    """

    KIND: ClassVar[str] = "quantum-dot"

    mean_photons: float = number(
        "mean photon number of what leaves Alice", unit="photons per pulse", low=0, low_open=True, high=1
    )
    g2: float = number("second-order correlation at zero delay", low=0, high=1)
    clock_rate_hz: float = _clock()
    trojan_photons: float = _trojan()

    def check(self) -> None:
        """With at most two photons a pulse, single photons remain only if g2 times the mean is below 1."""
        if self.mean_photons * self.g2 >= 1:
            raise InvalidInput("g2", f"must be below 1 / mean_photons, but is {self.g2:g}")


@dataclass(frozen=True, kw_only=True)
class HeraldedSource(Source):
    """Photon pairs of which one photon announces the other; a pulse here is an announced one.

    Examples
    --------
    >>> source = HeraldedSource(mean_pairs=(0.01,), herald_efficiency=0.5, clock_rate_hz=1e5)
    >>> source.pair_statistics
    'thermal'
    """

    KIND: ClassVar[str] = "heralded"

    mean_pairs: tuple[float, ...] = numbers(
        "mean numbers of pairs per pump pulse, brightest first",
        unit="pairs per pulse",
        low=0,
        low_open=True,
        high=2,
    )
    herald_efficiency: float = number(
        "probability that the announcing photon is detected", low=0, low_open=True, high=1
    )
    herald_dark_count_prob: float = number(
        "dark counts of the announcing detector per pump pulse", 0.0, low=0, high=1, high_open=True
    )
    signal_efficiency: float = number(
        "probability that the announced photon leaves Alice", 1.0, low=0, low_open=True, high=1
    )
    pair_statistics: str = choice(
        "distribution of pairs: of one mode, or of very many", "thermal", ("thermal", "poisson")
    )
    clock_rate_hz: float = number("announced pulses per second", unit="Hz", low=0, low_open=True, high=1e12)
    trojan_photons: float = _trojan()

    def check(self) -> None:
        """Means must fall strictly, so that index 0 is the signal everywhere."""
        _check_falling("mean_pairs", self.mean_pairs)


def _check_falling(name: str, intensities: tuple[float, ...]) -> None:
    if not intensities:
        raise InvalidInput(name, "must have at least one element, but is empty")
    if any(second >= first for first, second in pairwise(intensities)) or intensities[0] == 0:
        shown = ", ".join(f"{x:g}" for x in intensities)
        raise InvalidInput(name, f"must fall strictly from a positive value, but is ({shown})")
