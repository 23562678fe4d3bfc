"""One clock against another: the delay between their readings, as it was found along a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClockModel:
    """Bob's clock against Alice's: the delay at knots along Alice's time, linear between them.

    Attributes
    ----------
    knots_ps : array, shape (K,)
        Readings of Alice's clock, ascending, at least two; the first and the last enclose the run.
    delays_ps : array, shape (K,)
        Bob's reading minus Alice's there.
    spread_ps : float
        Standard deviation of the difference of a pair's times, once the clocks are compared.
    followed : float
        Share of the slices of the run in which pairs were found.

    Examples
    --------
    >>> model = ClockModel(np.array([0.0, 1e12]), np.array([500.0, 1500.0]), 150.0, 1.0)
    >>> model.delay_ps(5e11).tolist(), model.read(np.array([10, 10**12])).tolist()
    (1000.0, [510, 1000000001500])
    >>> round(model.offset_ps, 6), round(1e9 * model.rate, 9)
    (500.0, 1.0)
    """

    knots_ps: Floats
    delays_ps: Floats
    spread_ps: float
    followed: float

    def delay_ps(self, alice_ps: Ints | Floats | float) -> Floats:
        """Return Bob's reading minus Alice's at readings of Alice's, of any shape."""
        return np.asarray(np.interp(alice_ps, self.knots_ps, self.delays_ps))

    def read(self, alice_ps: Ints) -> Ints:
        """Return what Bob's clock reads at ascending readings of Alice's, shape (n,), in whole ps."""
        readings: Ints = _read(alice_ps, self.knots_ps, self.delays_ps)
        return readings

    @property
    def offset_ps(self) -> float:
        """Delay at the beginning of the run, of the parabola through the knots."""
        return float(self._parabola()[0])

    @property
    def rate(self) -> float:
        """By how much Bob's clock is faster at the beginning of the run, relative."""
        return float(self._parabola()[1] * 1e-12)

    @property
    def drift_per_s(self) -> float:
        """Change of the rate per second, of the parabola."""
        return float(2 * self._parabola()[2] * 1e-12)

    def wander_ps(self) -> Floats:
        """Return what the parabola leaves of the delays, shape (K,)."""
        steady = np.polynomial.polynomial.polyval(self._seconds(), self._parabola())
        return np.asarray(self.delays_ps - steady, float)

    def _parabola(self) -> Floats:
        """Return the least-squares coefficients of 1, t and t^2, in ps and seconds from the first knot."""
        degree = min(2, len(self.knots_ps) - 1)
        fit = np.polynomial.Polynomial.fit(self._seconds(), self.delays_ps, degree).convert().coef
        coefficients: Floats = np.pad(fit, (0, 3 - len(fit)))
        return coefficients

    def _seconds(self) -> Floats:
        return np.asarray((self.knots_ps - self.knots_ps[0]) * 1e-12)


@njit(cache=True, nogil=True)
def _read(times: Ints, knots: Floats, delays: Floats) -> Ints:
    """Return times plus the delay interpolated between knots, rounded; constant beyond the ends."""
    result = np.empty_like(times)
    place = 0
    for i in range(len(times)):
        while place < len(knots) - 2 and times[i] > knots[place + 1]:
            place += 1
        share = (times[i] - knots[place]) / (knots[place + 1] - knots[place])
        share = min(max(share, 0.0), 1.0)
        result[i] = times[i] + round(delays[place] + share * (delays[place + 1] - delays[place]))
    return result
