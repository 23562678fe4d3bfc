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
