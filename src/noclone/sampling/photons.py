"""Photon-number statistics of sources: rows P(n), n = 0, 1, … up to a last column."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, pdtrc, xlogy

from noclone.core.errors import InvalidInput

_NEGLIGIBLE = 1e-16
_MOST_PHOTONS = 255  # photon numbers are sampled as bytes


def poisson(intensities: ArrayLike) -> NDArray[np.float64]:
    """Return Poisson distributions, cut where less than 1e-16 remains.

    Parameters
    ----------
    intensities : array, shape (...)
        Mean photon numbers.

    Returns
    -------
    array, shape (..., N)
        P(n) for n = 0 to N - 1; the last column holds the whole tail P(n >= N - 1). The
        brightest intensity decides N.

    Raises
    ------
    InvalidInput
        If an intensity is negative, not finite, or so bright that N would exceed 256.

    Examples
    --------
    >>> poisson([0.5, 0.0])[:, :3].round(4).tolist()
    [[0.6065, 0.3033, 0.0758], [1.0, 0.0, 0.0]]
    """
    mean = np.asarray(intensities, float)
    if not np.all((mean >= 0) & np.isfinite(mean)):
        raise InvalidInput("intensities", f"must be finite and at least 0, but are {mean.tolist()}")
    brightest = mean.max(initial=0.0)
    candidates = np.arange(1, _MOST_PHOTONS + 1)
    enough = candidates[pdtrc(candidates, brightest) < _NEGLIGIBLE]
    if not enough.size:
        raise InvalidInput(
            "intensities",
            f"must leave less than 1e-16 above {_MOST_PHOTONS} photons, but reach {brightest:g}",
        )
    photons = np.arange(enough[0] + 1)
    mean = mean[..., None]
    rows = np.exp(xlogy(photons, mean) - mean - gammaln(photons + 1))
    rows[..., -1] = pdtrc(photons[-1] - 1, mean[..., 0])
    return np.asarray(rows)


def single() -> NDArray[np.float64]:
    """Return the distribution of an ideal single-photon source, shape (2,).

    Examples
    --------
    >>> single().tolist()
    [0.0, 1.0]
    """
    return np.array([0.0, 1.0])


def quantum_dot(mean_photons: ArrayLike, g2: ArrayLike) -> NDArray[np.float64]:
    """Return the distribution over 0, 1 and 2 photons with a given mean and g2.

    Parameters
    ----------
    mean_photons, g2 : array, shape (...)
        mu, and <n (n - 1)> / mu^2; their product is at most 1.

    Returns
    -------
    array, shape (..., 3)
        P(2) = g2 mu^2 / 2, P(1) = mu - 2 P(2).

    Examples
    --------
    >>> quantum_dot(0.5, 0.1).tolist()
    [0.5125, 0.475, 0.0125]
    """
    mean, correlation = np.asarray(mean_photons, float), np.asarray(g2, float)
    two = 0.5 * correlation * mean * mean
    return np.stack([1 - mean + two, mean - 2 * two, two], axis=-1)


def heralded(
    mean_pairs: ArrayLike,
    herald_efficiency: ArrayLike,
    herald_dark_count_prob: ArrayLike,
    signal_efficiency: ArrayLike,
    pair_statistics: str,
) -> NDArray[np.float64]:
    """Return the distribution of photons that leave a heralded source in an announced pulse.

    Parameters
    ----------
    mean_pairs : array, shape (...)
        Of a pump pulse.
    herald_efficiency, herald_dark_count_prob : array, shape (...)
        A threshold detector announces n pairs with probability 1 - (1 - d) (1 - efficiency)^n.
    signal_efficiency : array, shape (...)
        Each photon of the other beam leaves Alice with this probability, independently of the others.
    pair_statistics : {"thermal", "poisson"}
        Of one mode, or of very many.

    Returns
    -------
    array, shape (..., N)
        P(n) for n = 0 to N - 1 where less than 1e-16 remains; the last column holds the rest.

    Notes
    -----
    A thermal or Poissonian number of pairs, weighted with c^n and thinned, is again geometric or Poissonian
    but for its norm, so that the distribution is a difference of two such.

    Examples
    --------
    >>> heralded(0.01, 0.5, 0.0, 1.0, "thermal")[:3].round(5).tolist()
    [0.0, 0.9852, 0.01463]
    """
    pairs, found, dark, leaves = np.broadcast_arrays(
        *(
            np.asarray(part, float)[..., None]
            for part in (mean_pairs, herald_efficiency, herald_dark_count_prob, signal_efficiency)
        )
    )
    photons = np.arange(_MOST_PHOTONS + 1)

    def weighted(share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over n pairs of P(n) share^n times the probability that so many photons leave."""
        kept = pairs * share * leaves
        if pair_statistics == "poisson":
            rest = pairs * (1 - share * (1 - leaves))
            return np.asarray(np.exp(xlogy(photons, kept) - rest - gammaln(photons + 1)))
        norm = 1 + pairs * (1 - share * (1 - leaves))
        return np.asarray(np.exp(xlogy(photons, kept / norm)) / norm)

    rows = weighted(np.ones_like(found)) - (1 - dark) * weighted(1 - found)
    rows = np.maximum(rows, 0.0)
    rows /= rows.sum(axis=-1, keepdims=True)
    left = rows[..., ::-1].cumsum(axis=-1)[..., ::-1]
    last = max(2, int(np.flatnonzero((left >= _NEGLIGIBLE).reshape(-1, photons.size).any(axis=0))[-1]))
    rows[..., last] = left[..., last]
    return np.asarray(rows[..., : last + 1])
