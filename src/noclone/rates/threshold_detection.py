"""What two threshold detectors record when photons divide between them: Fock states and Poissonian light."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py

Floats = NDArray[np.float64]


def record_of_photons(
    photons: ArrayLike, detected: ArrayLike, share: ArrayLike, dark_count_prob: ArrayLike
) -> Floats:
    """Return the probability that a pulse of n photons is recorded as one outcome.

    Each photon triggers a detector with probability `detected` and then, with probability `share`, the one
    that stands for this outcome. A double click is recorded at random.

    Parameters
    ----------
    photons : array_like, shape (...)
        Number n of photons sent.
    detected : array_like, shape (...)
        Probability that a photon arrives and triggers a detector.
    share : array_like, shape (...)
        Part of the detected photons that falls on this outcome's detector.
    dark_count_prob : array_like, shape (...)
        Per detector and gate.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    With S, S' and S S' the probabilities that this detector, the other one and both are silent, the outcome
    is recorded with probability 1/2 (1 + S' - S - both): a click of it alone, and half the double clicks.

    Examples
    --------
    >>> record_of_photons([1, 2], 0.5, 0.5, 0.0).tolist()
    [0.25, 0.375]
    """
    n, part = np.asarray(photons, np.float64), np.asarray(share, np.float64)

    reached = np.asarray(detected, np.float64)
    own, other, both = (xlog1py(n, -reached * each) for each in (part, 1.0 - part, 1.0))
    return _recorded(own, other, both, dark_count_prob)


def record_of_light(
    intensity: ArrayLike, detected: ArrayLike, share: ArrayLike, dark_count_prob: ArrayLike
) -> Floats:
    """Return the probability that a pulse of Poissonian photon number is recorded as one outcome.

    `record_of_photons` averaged over a Poisson distribution: the light at either detector is Poissonian too.

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photon number sent.
    detected, share, dark_count_prob : array_like, shape (...)
        As there.

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> round(float(record_of_light(0.5, 0.1, 0.99, 1e-6) + record_of_light(0.5, 0.1, 0.01, 1e-6)), 9)
    0.048772478
    """
    mean = np.asarray(intensity, np.float64) * np.asarray(detected, np.float64)
    part = np.asarray(share, np.float64)
    return _recorded(-mean * part, -mean * (1.0 - part), -mean, dark_count_prob)


def _recorded(own: Floats, other: Floats, both: Floats, dark_count_prob: ArrayLike) -> Floats:
    """Combine the logarithms of the probabilities that no photon triggers a detector with dark counts."""
    dark = np.log1p(-np.asarray(dark_count_prob, np.float64))
    clicks = -np.expm1(2.0 * dark + both)
    difference = np.expm1(dark + other) - np.expm1(dark + own)
    bits: Floats = 0.5 * (clicks + difference)
    return np.maximum(bits, 0.0)
