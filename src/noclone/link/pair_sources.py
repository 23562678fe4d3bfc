"""Sources of entangled photon pairs, which stand between Alice and Bob and send one photon to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from noclone.core.fields import number
from noclone.link.device import Source

_POLARISATION_ERROR = (
    "probability that the two sides of a pair come out with the opposite correlation, in every basis"
)


@dataclass(frozen=True, kw_only=True)
class PulsedPairSource(Source):
    """Parametric down-conversion of type II, pumped by pulses: polarisation-entangled pairs.

    Each of the two polarisation modes emits thermally with mean lambda = `mean_pairs` / 2, so that a
    pulse holds n pairs with probability (n + 1) lambda^n / (1 + lambda)^(n + 2). The pairs of one pulse
    share one temporal mode. A polarisation error affects all pairs of a pulse alike; twice its
    probability is the weight of white noise.

    Examples
    --------
    >>> PulsedPairSource(mean_pairs=0.1, clock_rate_hz=1e9).polarisation_error
    0.0
    """

    KIND: ClassVar[str] = "pulsed-pairs"

    mean_pairs: float = number(
        "mean number of pairs, both polarisations together", unit="pairs per pulse", low=0, high=20
    )
    polarisation_error: float = number(_POLARISATION_ERROR, 0.0, low=0, high=0.5)
    clock_rate_hz: float = number("pulses per second", unit="Hz", low=0, low_open=True, high=1e12)


@dataclass(frozen=True, kw_only=True)
class ContinuousPairSource(Source):
    """Down-conversion with a continuous pump: pairs at random times, told apart by when they arrive.

    There are no pulses. A round is one coincidence window, and the clock follows from it: two detections,
    one on each side, belong together if their times differ by at most half the window.

    Examples
    --------
    >>> ContinuousPairSource(pair_rate_hz=1e8, coincidence_window_s=2**-30).clock_rate_hz == 2**30
    True
    """

    KIND: ClassVar[str] = "continuous-pairs"

    pair_rate_hz: float = number("pairs emitted per second", unit="Hz", low=0, high=1e13)
    coincidence_window_s: float = number(
        "range of time differences that count as a coincidence", unit="s", low=0, low_open=True, high=1e-3
    )
    timing_spread_s: float = number(
        "full width at half maximum of the difference of a pair's arrival times: dispersion, coherence "
        "time, clocks; the detectors' jitter comes on top",
        0.0,
        unit="s",
        low=0,
        high=1e-3,
    )
    polarisation_error: float = number(_POLARISATION_ERROR, 0.0, low=0, high=0.5)

    @property
    def clock_rate_hz(self) -> Any:  # type: ignore[override]
        """Coincidence windows per second."""
        return 1.0 / self.coincidence_window_s


@dataclass(frozen=True, kw_only=True)
class SinglePairSource(Source):
    """A source of exactly one entangled pair in every round, as heralded atoms or ions come near to.

    Examples
    --------
    >>> SinglePairSource(clock_rate_hz=1e6, polarisation_error=0.01).clock_rate_hz
    1000000.0
    """

    KIND: ClassVar[str] = "single-pairs"

    polarisation_error: float = number(_POLARISATION_ERROR, 0.0, low=0, high=0.5)
    clock_rate_hz: float = number("pairs per second", unit="Hz", low=0, low_open=True, high=1e12)
