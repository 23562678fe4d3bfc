"""Asymptotic rates of BB84 without decoys: single photons, and weak coherent pulses after GLLP."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import lambertw

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]


def single_photon_fraction(qber_key: ArrayLike, qber_test: ArrayLike, efficiency: ArrayLike = 1.0) -> Floats:
    """Return the secret bits per sifted bit with single photons: 1 - f h(e_key) - h(e_test).

    Parameters
    ----------
    qber_key, qber_test : array_like, shape (...)
        Error rates of the keyed basis and of the other one.
    efficiency : array_like, shape (...)
        f >= 1, leakage of reconciliation over the Shannon limit.

    Returns
    -------
    ndarray, shape (...)
        Negative above the threshold, 11.0 % where both error rates are equal and f = 1.

    Notes
    -----
    Shor and Preskill, PRL 85, 441 (2000).

    Examples
    --------
    >>> round(float(single_photon_fraction(0.05, 0.05)), 6)
    0.427206
    """
    f = np.asarray(efficiency, dtype=np.float64)
    bits: Floats = 1.0 - f * binary_entropy(qber_key) - binary_entropy(qber_test)
    return bits


def gllp_rate(
    intensity: ArrayLike, detected: ArrayLike, in_error: ArrayLike, efficiency: ArrayLike
) -> Floats:
    """Return the secret bits per sifted pulse of weak coherent BB84 without decoys.

    Every pulse of more than one photon counts as detected and known to Eve: with Omega = 1 - p_multi / Q,
    the rate is Q {Omega [1 - h(E / Omega)] - f h(E)}.

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photon number of the Poissonian source.
    detected, in_error : array_like, shape (...)
        Gain Q and error gain E Q.
    efficiency : array_like, shape (...)
        f >= 1, leakage of reconciliation over the Shannon limit.

    Returns
    -------
    ndarray, shape (...)
        Bits per pulse with matching bases; multiply with the sifting probability.

    Notes
    -----
    Gottesman, Lo, Lütkenhaus, Preskill, Quantum Inf. Comput. 4, 325 (2004).

    Examples
    --------
    >>> f"{float(gllp_rate(0.01, 4.5e-4, 4.5e-6, 1.2)):.3e}"
    '3.211e-04'
    """
    mu, q = np.asarray(intensity, dtype=np.float64), np.asarray(detected, dtype=np.float64)
    wrong = np.asarray(in_error, dtype=np.float64)
    single = np.fmax(q - (-np.expm1(-mu) - mu * np.exp(-mu)), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        error_rate, phase_error = np.fmin(wrong / q, 0.5), np.fmin(wrong / single, 0.5)
    leak = np.asarray(efficiency, dtype=np.float64) * q * binary_entropy(error_rate)
    bits: Floats = single * (1.0 - binary_entropy(phase_error)) - leak
    return bits


def optimal_decoy_intensity(misalignment: ArrayLike, efficiency: ArrayLike) -> Floats:
    """Return the signal intensity that is best with infinitely many decoys and no background.

    It solves (1 - mu) exp(-mu) = f h(e_d) / (1 - h(e_d)).

    Parameters
    ----------
    misalignment : array_like, shape (...)
        e_d, error probability of a detected signal.
    efficiency : array_like, shape (...)
        f >= 1, leakage of reconciliation over the Shannon limit.

    Returns
    -------
    ndarray, shape (...)
        Mean photon number; 0 or less where no intensity gives a key.

    Notes
    -----
    Ma et al., PRA 72, 012326 (2005), eq. (12).

    Examples
    --------
    >>> round(float(optimal_decoy_intensity(0.033, 1.22)), 4)
    0.4789
    """
    entropy = binary_entropy(misalignment)
    ratio = np.asarray(efficiency, dtype=np.float64) * entropy / (1.0 - entropy)
    mu: Floats = 1.0 - lambertw(np.e * ratio).real
    return mu
