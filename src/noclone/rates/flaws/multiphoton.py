"""Pulses of more than one photon without decoys: how many there are, all of which Eve knows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def multiphoton_prob(mean_photons: ArrayLike, g2: ArrayLike) -> Floats:
    """Return an upper bound on the probability that a pulse holds more than one photon: g2 mu^2 / 2.

    Parameters
    ----------
    mean_photons : array_like, shape (...)
        mu, of what leaves Alice.
    g2 : array_like, shape (...)
        Second-order correlation at zero delay, <n (n - 1)> / mu^2.

    Returns
    -------
    ndarray, shape (...)
        At most 1; reached by sources that never send more than two photons.

    Notes
    -----
    Waks, Santori and Yamamoto, PRA 66, 042315 (2002).

    Examples
    --------
    >>> round(float(multiphoton_prob(0.5, 0.036)), 6)
    0.0045
    """
    mu = np.asarray(mean_photons, dtype=np.float64)
    bound: Floats = np.fmin(0.5 * np.asarray(g2, dtype=np.float64) * mu * mu, 1.0)
    return bound


def tagged_count(sent: ArrayLike, prob: ArrayLike, eps: ArrayLike) -> Floats:
    """Return how many of the pulses sent hold more than one photon, at most.

    Parameters
    ----------
    sent : array_like, shape (...)
        Expected number of pulses of which each holds more than one photon with probability `prob`.
    prob : array_like, shape (...)
    eps : array_like, shape (...)
        Failure probability.

    Returns
    -------
    ndarray, shape (...)
        m + L/3 + sqrt(L^2/9 + 2 m L), with m = sent prob and L = ln(1/eps).

    Notes
    -----
    Bernstein's inequality for a sum of independent 0-1 variables, P(X >= m + a) <=
    exp(-a^2 / (2 m + 2 a / 3)).

    Examples
    --------
    >>> round(float(tagged_count(1e8, 1e-4, 1e-10)), 1)
    10686.3
    """
    mean = np.asarray(sent, dtype=np.float64) * np.asarray(prob, dtype=np.float64)
    nats = -np.log(np.asarray(eps, dtype=np.float64))
    count: Floats = mean + nats / 3.0 + np.sqrt(nats * nats / 9.0 + 2.0 * mean * nats)
    return np.where(mean > 0.0, count, 0.0)
