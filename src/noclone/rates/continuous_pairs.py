"""Coincidences of a continuously pumped pair source, told apart from accidentals by their time tags."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from noclone.link.timing import gate_share

Floats = NDArray[np.float64]


class Coincidences(NamedTuple):
    """Pairs of detections within the coincidence window, per second; shape (...) each.

    Attributes
    ----------
    true : ndarray
        Both detections come from one pair.
    accidental : ndarray
        They do not, and their bits are independent.
    """

    true: Floats
    accidental: Floats


NEVER: tuple[ArrayLike, ArrayLike] = (0.0, 0.0)
"""Of a station none of whose detections are late: their share and their mean delay."""


def captured_share(
    window_s: ArrayLike,
    spread_s: ArrayLike,
    late_a: tuple[ArrayLike, ArrayLike] = NEVER,
    late_b: tuple[ArrayLike, ArrayLike] = NEVER,
) -> Floats:
    """Return the share of the pairs whose two detections fall into one window; see `coincidences`.

    Where both are late, the difference of two exponential delays of the means s and t is with the
    probability s / (s + t) an exponential delay of mean s, and otherwise one of mean t of the other side:
    densities exp(-x/s) / (s + t) for x > 0 and exp(x/t) / (s + t) for x < 0.

    Examples
    --------
    >>> round(float(captured_share(3e-10, 1e-10)), 6), float(captured_share(3e-10, 0.0))
    (0.999588, 1.0)
    >>> round(float(captured_share(2.0, 0.0, (1.0, 1.0), (1.0, 1.0))), 6)  # 1 - exp(-1)
    0.632121
    """
    window, spread = np.asarray(window_s, dtype=np.float64), np.asarray(spread_s, dtype=np.float64)
    (a, mean_a), (b, mean_b) = (
        (np.asarray(each, dtype=np.float64) for each in late) for late in (late_a, late_b)
    )
    with np.errstate(divide="ignore"):
        sharp = erf(np.sqrt(np.log(2.0)) * window / spread)
    if not np.any(a) and not np.any(b):
        return np.asarray(sharp)
    with np.errstate(invalid="ignore"):
        first = np.where(mean_a + mean_b > 0, mean_a / (mean_a + mean_b), 0.5)
    by_a, by_b = a * (1 - b + b * first), b * (1 - a * first)
    late = by_a * gate_share(window, spread, 1.0, mean_a) + by_b * gate_share(window, spread, 1.0, mean_b)
    return np.asarray((1 - a) * (1 - b) * sharp + late)


def coincidences(
    pair_rate_hz: ArrayLike,
    efficiency_a: ArrayLike,
    efficiency_b: ArrayLike,
    dark_rate_a_hz: ArrayLike,
    dark_rate_b_hz: ArrayLike,
    window_s: ArrayLike,
    spread_s: ArrayLike,
    *,
    late_a: tuple[ArrayLike, ArrayLike] = NEVER,
    late_b: tuple[ArrayLike, ArrayLike] = NEVER,
) -> Coincidences:
    """Return the true and accidental coincidences per second.

    Parameters
    ----------
    pair_rate_hz : array_like, shape (...)
        B, pairs emitted per second.
    efficiency_a, efficiency_b : array_like, shape (...)
        Probability that a photon is detected at its station, channel included.
    dark_rate_a_hz, dark_rate_b_hz : array_like, shape (...)
        Dark and background counts of a station, all its detectors together.
    window_s : array_like, shape (...)
        Full width of the coincidence window.
    spread_s : array_like, shape (...)
        Full width at half maximum of the time difference of a pair; 0 for perfect timing.
    late_a, late_b : tuple of two array_like, shape (...)
        Share of a station's detections that come late by an exponential delay besides, and its mean.

    Returns
    -------
    Coincidences

    Notes
    -----
    Neumann et al., PRA 104, 022406 (2021): CC_t = B etaA etaB erf(sqrt(ln 2) t_CC / t_Delta) and
    CC_acc = S_A S_B t_CC with S = B eta + DC. Counting every pair of time tags inside the window, whether or
    not one of them is in another pair as well, both are exact for Poissonian emission; detectors have no
    dead time.

    Examples
    --------
    >>> true, accidental = coincidences(1e6, 0.1, 0.1, 300, 300, 3e-10, 1e-10)
    >>> round(float(true), 1), round(float(accidental), 2)
    (9995.9, 3.02)
    """
    emitted, eta_a, eta_b, window = (
        np.asarray(part, dtype=np.float64) for part in (pair_rate_hz, efficiency_a, efficiency_b, window_s)
    )
    captured = captured_share(window, spread_s, late_a, late_b)
    singles_a = emitted * eta_a + np.asarray(dark_rate_a_hz, dtype=np.float64)
    singles_b = emitted * eta_b + np.asarray(dark_rate_b_hz, dtype=np.float64)
    return Coincidences(emitted * eta_a * eta_b * captured, singles_a * singles_b * window)
