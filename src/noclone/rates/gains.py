"""Expected detections of a Poissonian source over a lossy channel: gains, yields and their errors.

A click of the background falls at random, in error half of the time; without one, a click of the signal is
in error with the misalignment probability.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def gain(intensity: ArrayLike, transmittance: ArrayLike, background_yield: ArrayLike) -> Floats:
    """Return the probability that a pulse is detected: 1 - (1 - Y0) exp(-eta mu).

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photon number mu; may be 0.
    transmittance : array_like, shape (...)
        eta, from the source to the click, detector efficiency included.
    background_yield : array_like, shape (...)
        Y0, probability of a click without a photon, all detectors together.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    The exact form of eq. (5) of Ma et al., PRA 72, 012326 (2005), which adds Y0 instead.

    Examples
    --------
    >>> gain([0.5, 0.0], 0.1, 1e-5).round(6).tolist()
    [0.04878, 1e-05]
    """
    signal = -np.expm1(-np.asarray(transmittance, dtype=np.float64) * np.asarray(intensity, dtype=np.float64))
    background = np.asarray(background_yield, dtype=np.float64)
    probability: Floats = background + (1.0 - background) * signal
    return probability


def error_gain(detected: ArrayLike, background_yield: ArrayLike, misalignment: ArrayLike) -> Floats:
    """Return the probability that a pulse is detected in error: Y0/2 + e_d (Q - Y0).

    Parameters
    ----------
    detected : array_like, shape (...)
        Detection probability of the pulse: its gain Q, or the yield Y_1 of a single photon.
    background_yield : array_like, shape (...)
        Y0, probability of a click without a photon.
    misalignment : array_like, shape (...)
        e_d, error probability of a click of the signal.

    Returns
    -------
    ndarray, shape (...)
        E Q, or e_1 Y_1.

    Examples
    --------
    >>> error_gain([0.05, 1e-5], 1e-5, 0.01).round(7).tolist()
    [0.0005049, 5e-06]
    """
    background = np.asarray(background_yield, dtype=np.float64)
    signal = np.asarray(detected, dtype=np.float64) - background
    probability: Floats = 0.5 * background + np.asarray(misalignment, dtype=np.float64) * signal
    return probability


def single_photon_yield(transmittance: ArrayLike, background_yield: ArrayLike) -> Floats:
    """Return the probability that a pulse of one photon is detected: Y0 + (1 - Y0) eta.

    Parameters
    ----------
    transmittance, background_yield : array_like, shape (...)
        As in `gain`.

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> float(single_photon_yield(0.5, 0.5))
    0.75
    """
    background = np.asarray(background_yield, dtype=np.float64)
    probability: Floats = background + (1.0 - background) * np.asarray(transmittance, dtype=np.float64)
    return probability


def with_afterpulses(
    detected: ArrayLike, in_error: ArrayLike, afterpulse_prob: ArrayLike
) -> tuple[Floats, Floats]:
    """Return gain and error gain with after-pulses: Q (1 + p_ap) and E Q + p_ap Q / 2.

    Parameters
    ----------
    detected, in_error : array_like, shape (...)
        Gain and error gain without after-pulses.
    afterpulse_prob : array_like, shape (...)
        Probability p_ap that a click causes another one, which falls at random.

    Returns
    -------
    detected, in_error : ndarray, shape (...)

    Notes
    -----
    Lim et al., PRA 89, 022307 (2014), section on the channel model.

    Examples
    --------
    >>> [float(part) for part in with_afterpulses(0.5, 0.0, 0.5)]
    [0.75, 0.125]
    """
    clicks, share = np.asarray(detected, dtype=np.float64), np.asarray(afterpulse_prob, dtype=np.float64)
    return clicks * (1.0 + share), np.asarray(in_error, dtype=np.float64) + 0.5 * share * clicks
