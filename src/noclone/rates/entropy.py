"""Entropies in bits, on arrays."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import entr, xlog1py

_LN2 = np.log(2.0)


def binary_entropy(prob: ArrayLike) -> NDArray[np.float64]:
    """Return the binary entropy h(p) = -p log2 p - (1-p) log2(1-p).

    Parameters
    ----------
    prob : array_like, any shape
        Probabilities in [0, 1]; h(0) = h(1) = 0. Outside that range the value is not finite.

    Returns
    -------
    ndarray, shape of `prob`
        Bits.

    Examples
    --------
    >>> binary_entropy([0.0, 0.5, 1.0]).tolist()
    [0.0, 1.0, 0.0]
    """
    p = np.asarray(prob, dtype=np.float64)
    bits: NDArray[np.float64] = (entr(p) + xlog1py(p - 1.0, -p)) / _LN2
    return bits


def inverse_binary_entropy(entropy: ArrayLike) -> NDArray[np.float64]:
    """Return the probability, at most 1/2, of which this is the binary entropy.

    Parameters
    ----------
    entropy : array_like, shape (...)
        In bits, clipped to [0, 1].

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> inverse_binary_entropy([0.0, 0.5, 1.0]).round(6).tolist()
    [0.0, 0.110028, 0.5]
    """
    goal = np.clip(np.asarray(entropy, dtype=np.float64), 0.0, 1.0)
    low, high = np.zeros_like(goal), np.full_like(goal, 0.5)
    for _ in range(60):
        middle = 0.5 * (low + high)
        above = binary_entropy(middle) > goal
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high)


def thermal_entropy(mean_photons: ArrayLike) -> NDArray[np.float64]:
    """Return g(n) = (n+1) log2(n+1) - n log2 n, the entropy of a thermal mode of mean photon number n.

    Parameters
    ----------
    mean_photons : array_like, any shape
        Mean photon number, at least 0; g(0) = 0.

    Returns
    -------
    ndarray, shape of `mean_photons`
        Bits per mode.

    Examples
    --------
    >>> thermal_entropy([0.0, 1.0]).tolist()
    [0.0, 2.0]
    """
    n = np.asarray(mean_photons, dtype=np.float64)
    bits: NDArray[np.float64] = ((n + 1.0) * np.log1p(n) + entr(n)) / _LN2
    return bits
