"""Alice's sources: what leaves her laboratory in one pulse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, number, numbers


@dataclass(frozen=True, kw_only=True)
class WeakCoherentSource(Described):
    """A phase-randomised attenuated laser that switches between mean photon numbers.

    Photon numbers are Poissonian; the phase of every pulse is uniformly random and unknown to
    Eve, the intensity is exactly the one chosen.

    Examples
    --------
    >>> WeakCoherentSource(intensities=(0.5, 0.1, 0.0), clock_rate_hz=1e9).intensities
    (0.5, 0.1, 0.0)
    """

    KIND: ClassVar[str] = "weak-coherent"

    intensities: tuple[float, ...] = numbers(
        "mean photon numbers, brightest first", unit="photons per pulse", low=0, high=10
    )
    clock_rate_hz: float = number("pulses per second", unit="Hz", low=0, low_open=True, high=1e12)

    def check(self) -> None:
        """Intensities must fall strictly, so that index 0 is the signal everywhere."""
        if not self.intensities:
            raise InvalidInput("intensities", "must have at least one element, but is empty")
        pairs = zip(self.intensities, self.intensities[1:], strict=False)
        if any(second >= first for first, second in pairs) or self.intensities[0] == 0:
            shown = ", ".join(f"{x:g}" for x in self.intensities)
            raise InvalidInput("intensities", f"must fall strictly from a positive value, but is ({shown})")


@dataclass(frozen=True, kw_only=True)
class SinglePhotonSource(Described):
    """An ideal source: exactly one photon in every pulse.

    Examples
    --------
    >>> SinglePhotonSource(clock_rate_hz=1e6).clock_rate_hz
    1000000.0
    """

    KIND: ClassVar[str] = "single-photon"

    clock_rate_hz: float = number("pulses per second", unit="Hz", low=0, low_open=True, high=1e12)


Source = WeakCoherentSource | SinglePhotonSource
