"""Coincidences and correlations of pulsed down-conversion between two stations of threshold detectors.

The state is two thermal pairs of modes: lambda photons on average in each polarisation, P(n) =
(n + 1) lambda^n / (1 + lambda)^(n + 2) pairs per pulse. All expressions are free of cancellation, so they
hold at any loss.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def coincidence_gain(
    mean_per_mode: ArrayLike,
    efficiency_a: ArrayLike,
    efficiency_b: ArrayLike,
    background_a: ArrayLike,
    background_b: ArrayLike,
) -> Floats:
    """Return the probability Q that both stations have a click in a pulse.

    Parameters
    ----------
    mean_per_mode : array_like, shape (...)
        lambda, half the mean number of pairs.
    efficiency_a, efficiency_b : array_like, shape (...)
        Probability that a photon is detected at its station, channel included.
    background_a, background_b : array_like, shape (...)
        Y0, probability of a click without light at a station, its two detectors together.

    Returns
    -------
    ndarray, shape (...)
        The same whichever bases are measured.

    Notes
    -----
    Ma, Fung, Lo, PRA 76, 012307 (2007), eq. (9): 1 - (1 - Y0A) / (1 + a)^2 - (1 - Y0B) / (1 + b)^2
    + (1 - Y0A)(1 - Y0B) / (1 + a + b - c)^2 with a = etaA lambda, b = etaB lambda, c = etaA etaB lambda,
    here as the product of the two click probabilities plus what the pairs add to it.

    Examples
    --------
    >>> f"{float(coincidence_gain(0.05, 0.1, 0.1, 1e-5, 1e-5)):.4e}"
    '1.1185e-03'
    """
    lam, eta_a, eta_b, dark_a, dark_b = (
        np.asarray(part, dtype=np.float64)
        for part in (mean_per_mode, efficiency_a, efficiency_b, background_a, background_b)
    )
    a, b, both = eta_a * lam, eta_b * lam, eta_a * eta_b * lam
    apart = (1.0 + a) * (1.0 + b)
    together = 1.0 + a + b - both
    click_a = (a * (2.0 + a) + dark_a) / (1.0 + a) ** 2
    click_b = (b * (2.0 + b) + dark_b) / (1.0 + b) ** 2
    excess = (a * b + both) * (apart + together) / (apart * together) ** 2
    gain: Floats = click_a * click_b + (1.0 - dark_a) * (1.0 - dark_b) * excess
    return gain


def correlation(
    mean_per_mode: ArrayLike,
    efficiency_a: ArrayLike,
    efficiency_b: ArrayLike,
    misalignment_a: ArrayLike = 0.0,
    misalignment_b: ArrayLike = 0.0,
    angle_rad: ArrayLike = 0.0,
) -> Floats:
    """Return P(both click, equal bits) - P(both click, unequal bits) of noiseless detectors.

    Double clicks give random bits. Dark counts multiply the result by (1 - p_d) for each station, since
    the other detector of it must stay silent; a polarisation error e of the source by 1 - 2 e.

    Parameters
    ----------
    mean_per_mode : array_like, shape (...)
        lambda, half the mean number of pairs.
    efficiency_a, efficiency_b : array_like, shape (...)
        Probability that a photon is detected at its station, channel included.
    misalignment_a, misalignment_b : array_like, shape (...)
        Probability that a photon goes to the wrong detector of its station.
    angle_rad : array_like, shape (...)
        Between the two measured bases on the Bloch sphere, twice that of the polarisers; 0 where the bases
        match.

    Returns
    -------
    ndarray, shape (...)
        The errors at matching bases are (gain - correlation) / 2.

    Notes
    -----
    At angle 0 and without misalignment this is the second term of Ma, Fung, Lo, PRA 76, 012307 (2007),
    eq. (10), 2 etaA etaB lambda (1 + lambda) / [(1 + a)(1 + b)(1 + a + b - c)]; the error rate e_d of the
    paper multiplies it by 1 - 2 e_d, and the paper leaves out the factor for dark counts. The general form
    follows from the probabilities of silence of a detector at each station, which for a Gaussian state are
    1 / det(1 + N) with N the modes' mean photon numbers.

    Examples
    --------
    >>> f"{float(correlation(0.05, 0.1, 0.1)):.4e}"
    '1.0298e-03'
    """
    lam, eta_a, eta_b, wrong_a, wrong_b = (
        np.asarray(part, dtype=np.float64)
        for part in (mean_per_mode, efficiency_a, efficiency_b, misalignment_a, misalignment_b)
    )
    aligned = np.cos(0.5 * np.asarray(angle_rad, dtype=np.float64)) ** 2
    # What Alice's detector 1 takes of the modes 0 and 1, and what Bob's two detectors take.
    a0, a1 = eta_a * wrong_a, eta_a * (1.0 - wrong_a)
    b0, b1 = eta_b * wrong_b, eta_b * (1.0 - wrong_b)
    numerator = 2.0 * lam * (1.0 + lam) * (a1 - a0) * (b1 - b0) * (2.0 * aligned - 1.0)
    equal = _inverse_silence(lam, a0, a1, b0, b1, aligned)
    unequal = _inverse_silence(lam, a0, a1, b1, b0, aligned)
    result: Floats = numerator / (equal * unequal)
    return result


def _inverse_silence(lam: Floats, a0: Floats, a1: Floats, b0: Floats, b1: Floats, aligned: Floats) -> Floats:
    """Return one over the probability that a detector at each station stays silent.

    Alice's takes the shares a0, a1 of her modes, Bob's the shares b0, b1 of his, which are turned
    against hers: a share `aligned` of each belongs to the mode of the same bit.
    """
    dim0, dim1 = 1.0 + lam * a0, 1.0 + lam * a1
    lit0, lit1 = lam * (1.0 - a0) * dim1, lam * (1.0 - a1) * dim0
    turned = 1.0 - aligned
    one_each = b0 * (aligned * lit0 + turned * lit1) + b1 * (turned * lit0 + aligned * lit1)
    result: Floats = dim0 * dim1 + one_each + b0 * b1 * lam**2 * (1.0 - a0) * (1.0 - a1)
    return result
