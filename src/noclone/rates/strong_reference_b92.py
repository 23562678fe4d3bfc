"""B92 with a strong phase reference: Eve cannot hide failures in the loss, and the rate is linear in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.b92 import filtered_phase_errors

Floats = NDArray[np.float64]


def nulled_gains(
    signal_photons: ArrayLike,
    oscillator_photons: ArrayLike,
    misalignment: ArrayLike,
    dark_count_prob: ArrayLike,
) -> tuple[Floats, Floats]:
    """Return how often Bob's nulling receiver is conclusive, and how often it is wrong.

    Bob guesses a phase, displaces the signal so that this one gives vacuum, and concludes the opposite from
    a click of his one detector.

    Parameters
    ----------
    signal_photons, oscillator_photons : array_like, shape (...)
        Mean photon numbers of the signal and of the displacement, as the detector counts them.
    misalignment : array_like, shape (...)
        e_d: the interference has the visibility 1 - 2 e_d.
    dark_count_prob : array_like, shape (...)
        Per gate.

    Returns
    -------
    conclusive, in_error : ndarray, shape (...)

    Notes
    -----
    Koashi, PRL 93, 120501 (2004): the measurement F_j = (1 - |beta_j><beta_j|) / 2.

    Examples
    --------
    >>> [round(float(part), 6) for part in nulled_gains(0.01, 0.01, 0.0, 0.0)]
    [0.019605, 0.0]
    """
    signal, local = np.asarray(signal_photons, np.float64), np.asarray(oscillator_photons, np.float64)
    beat = 2.0 * (1.0 - 2.0 * np.asarray(misalignment, np.float64)) * np.sqrt(signal * local)
    dark = np.log1p(-np.asarray(dark_count_prob, np.float64))
    opposite = -np.expm1(dark - (signal + local + beat))
    nulled = -np.expm1(dark - np.maximum(signal + local - beat, 0.0))
    return 0.5 * (opposite + nulled), 0.5 * nulled


def phase_errors(
    intensity: ArrayLike, oscillator_photons: ArrayLike, conclusive: ArrayLike, in_error: ArrayLike
) -> Floats:
    """Return the most phase errors among the conclusive results.

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photon number of Alice's signal, above 0.
    oscillator_photons : array_like, shape (...)
        Mean photon number of Bob's displacement, as the detector counts it; without it nothing is secret.
    conclusive, in_error : array_like, shape (...)
        Probabilities of a conclusive result and of a wrong one.

    Returns
    -------
    ndarray, shape (...)
        Probability per pulse, at most half of `conclusive`.

    Notes
    -----
    Koashi, PRL 93, 120501 (2004). A signal that leaves the span of Bob's two coherent states always clicks
    and gives a random bit; the filter 1 - (|b><b| + |-b><-b|) / 2 passes the even superposition with
    c_o = (1 - exp(-2 b^2)) / 2 and the odd one with the complement. Never leaving the span is best for Eve
    (the multipliers of the other course are positive; tests check it), which leaves the ellipse of
    `filtered_phase_errors` with a known excess. Loss without noise gives (1 - exp(-2 mu (1 - eta))) / 2,
    what Eve learns from the light that she splits off.

    Examples
    --------
    >>> gain, wrong = nulled_gains(0.02, 0.02, 0.0, 0.0)
    >>> round(float(phase_errors(0.2, 0.02, gain, wrong) / gain), 6)
    0.151162
    >>> round(float((1 - np.exp(-2 * 0.2 * 0.9)) / 2), 6)
    0.151162
    """
    mu, local = np.asarray(intensity, np.float64), np.asarray(oscillator_photons, np.float64)
    q, wrong = np.asarray(conclusive, np.float64), np.asarray(in_error, np.float64)
    weight = -np.expm1(-2.0 * local) / 2.0
    odd = (q - weight) / np.exp(-2.0 * local)
    # In terms of Alice's odd share, which is small where rounding matters.
    excess = -np.expm1(-2.0 * mu) / 2.0 - odd
    span = np.sqrt(-np.expm1(-4.0 * local))
    useful = (span > 0) & (q > 2.0 * wrong)
    coherence = np.where(useful, q - 2.0 * wrong, 0.0) / np.where(useful, span, 1.0)
    worst = filtered_phase_errors(1.0 - odd, odd, excess, coherence, weight)
    return np.where(useful, np.minimum(worst, q / 2.0), q / 2.0)
