"""Key of the six-state protocol: three error rates fix the state, so that Eve is left less than in BB84."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]


def bell_weights(qber_x: ArrayLike, qber_y: ArrayLike, qber_z: ArrayLike) -> Floats:
    """Return the weights of the four Bell states that show these error rates.

    Parameters
    ----------
    qber_x, qber_y, qber_z : array_like, shape (...)
        Error rates in the three bases; each must be at most the sum of the other two.

    Returns
    -------
    ndarray, shape (4, ...)
        Of no error, a phase error (Z), a bit error (X), both (Y); clipped at 0, which only rounding
        undercuts where a state with these error rates exists.

    Notes
    -----
    Scarani et al., Rev. Mod. Phys. 81, 1301 (2009), eqs. (A1)-(A3).

    Examples
    --------
    >>> bell_weights(0.02, 0.02, 0.02).round(12).tolist()
    [0.97, 0.01, 0.01, 0.01]
    """
    x, y, z = (np.asarray(rate, np.float64) for rate in (qber_x, qber_y, qber_z))
    weights = (1.0 - (x + y + z) / 2.0, (x + y - z) / 2.0, (y + z - x) / 2.0, (z + x - y) / 2.0)
    stacked: Floats = np.maximum(np.stack(np.broadcast_arrays(*weights)), 0.0)
    return stacked


def eavesdropper_information(qber_x: ArrayLike, qber_y: ArrayLike, qber_z: ArrayLike) -> Floats:
    """Return what Eve knows of a key bit of basis Z, at most.

    Parameters
    ----------
    qber_x, qber_y, qber_z : array_like, shape (...)
        Error rates in the three bases; each must be at most the sum of the other two.

    Returns
    -------
    ndarray, shape (...)
        Bits.

    Notes
    -----
    Scarani et al., Rev. Mod. Phys. 81, 1301 (2009), eq. (A4): entropy of the Bell weights less h(e_z).

    Examples
    --------
    >>> round(float(eavesdropper_information(0.05, 0.05, 0.05)), 9)
    0.216786775
    """
    total = entr(bell_weights(qber_x, qber_y, qber_z)).sum(axis=0) / np.log(2.0)
    bits: Floats = total - binary_entropy(qber_z)
    return bits


def secret_fraction(
    qber_x: ArrayLike, qber_y: ArrayLike, qber_z: ArrayLike, efficiency: ArrayLike = 1.0
) -> Floats:
    """Return the secret bits per sifted bit of basis Z with single photons.

    Parameters
    ----------
    qber_x, qber_y, qber_z : array_like, shape (...)
        Error rates in the three bases.
    efficiency : array_like, shape (...)
        f >= 1, leakage of reconciliation over the Shannon limit.

    Returns
    -------
    ndarray, shape (...)
        Negative above the threshold, 12.6 % where all error rates are equal and f = 1.

    Notes
    -----
    Scarani et al., Rev. Mod. Phys. 81, 1301 (2009), after eq. (A6); Lo, Quantum Inf. Comput. 1, 81 (2001).

    Examples
    --------
    >>> round(float(secret_fraction(0.05, 0.05, 0.05)), 9)
    0.496816268
    """
    leak = np.asarray(efficiency, np.float64) * binary_entropy(qber_z)
    bits: Floats = 1.0 - leak - eavesdropper_information(qber_x, qber_y, qber_z)
    return bits


def frequency_deviation(sample: ArrayLike, failure: ArrayLike) -> Floats:
    """Return how far the state's error rate may lie from that of a sample.

    Parameters
    ----------
    sample : array_like, shape (...)
        Number of measured symbols.
    failure : array_like, shape (...)
        Probability that the deviation is larger.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Scarani and Renner, PRL 100, 200501 (2008), lemma 3 with two outcomes:
    sqrt((2 ln(1/eps) + 2 ln(m + 1)) / m).

    Examples
    --------
    >>> round(float(frequency_deviation(1e6, 1e-10)), 6)
    0.008584
    """
    m = np.asarray(sample, np.float64)
    deviation: Floats = np.sqrt((-2.0 * np.log(failure) + 2.0 * np.log1p(m)) / m)
    return deviation


def finite_entropy(
    key_bits: ArrayLike, sample: ArrayLike, qber_key: ArrayLike, qber_test: ArrayLike, failure: ArrayLike
) -> Floats:
    """Return Eve's least uncertainty about a key bit that a finite sample allows.

    Parameters
    ----------
    key_bits, sample : array_like, shape (...)
        Sifted bits of the keyed basis and of each of the other two.
    qber_key, qber_test : array_like, shape (...)
        Error rate of the keyed basis, and the mean of the other two.
    failure : array_like, shape (...)
        Probability that one of the two estimates fails.

    Returns
    -------
    ndarray, shape (...)
        Bits per key bit; 0 where the estimates allow any state.

    Notes
    -----
    Scarani and Renner, PRL 100, 200501 (2008), "Six-states": with e of the key and t of the test,
    (1 - e) [1 - h((t - e/2) / (1 - e))]. It falls with t and rises with e (its derivative is positive
    for all t < 1/2), so the least value is at the largest t and the smallest e that are compatible.

    Examples
    --------
    >>> round(float(finite_entropy(1e9, 1e8, 0.02, 0.02, 1e-10)), 4)
    0.8928
    """
    each = np.asarray(failure, np.float64) / 2.0
    key = np.maximum(np.asarray(qber_key, np.float64) - frequency_deviation(key_bits, each), 0.0)
    test = np.minimum(np.asarray(qber_test, np.float64) + frequency_deviation(sample, each), 0.5)
    bits: Floats = (1.0 - key) * (1.0 - binary_entropy((test - key / 2.0) / (1.0 - key)))
    return bits
