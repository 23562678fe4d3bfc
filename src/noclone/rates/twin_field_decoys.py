"""Upper bounds on Fock yields from the gains of a few intensities, by linear programmes with a certificate.

Each yield is maximised over all yields in [0, 1] that explain the gains of every pair of intensities. What
is returned is the value of the dual solution, evaluated here: it holds however well the solver converged.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.special import gammaln, xlogy

Floats = NDArray[np.float64]

BOUNDED_PHOTONS = 6
"""Yields of at most so many photons in all are bounded; the others count as 1."""
MODELLED_PHOTONS = 12
"""Yields of at most so many photons in all are unknowns; the others are anything in [0, 1]."""
SLACK = 1e-8
"""Room for the solver's own rounding, relative to each gain; the certificate does without it."""


def yield_ceilings(intensities_a: Floats, intensities_b: Floats, gains: Floats) -> Floats:
    """Return upper bounds on the Fock yields of photon numbers of equal parity.

    Parameters
    ----------
    intensities_a, intensities_b : ndarray, shape (K,) and (L,)
        Mean photon numbers of the phase-randomised pulses of Alice and Bob.
    gains : ndarray, shape (K, L)
        Probability that only one given detector clicks, for each pair.

    Returns
    -------
    ndarray, shape (7, 7)
        1 where n + m exceeds 6 or is odd.

    Notes
    -----
    The problem of Grasselli and Curty, New J. Phys. 21, 073001 (2019), solved numerically for any number of
    intensities, in place of their analytical bounds for two, three and four. It takes tens of milliseconds.

    Examples
    --------
    >>> from noclone.rates.interference import random_phase_click
    >>> mu = np.array([0.4, 0.05, 0.002])
    >>> gains = random_phase_click(0.1 * mu[:, None], 0.1 * mu, 1e-7) / 2
    >>> ceilings = yield_ceilings(mu, mu, gains)
    >>> bool(ceilings[0, 0] >= 1e-7), bool(0.0948 < ceilings[1, 1] < 0.12)
    (True, True)
    """
    n, m = (axis.reshape(-1) for axis in np.indices((MODELLED_PHOTONS + 1,) * 2))
    inside = n + m <= MODELLED_PHOTONS
    n, m = n[inside], m[inside]
    weights = (_poisson(intensities_a, n)[:, None] * _poisson(intensities_b, m)[None]).reshape(-1, n.size)
    seen = np.asarray(gains, float).reshape(-1)
    beyond = 1 - weights.sum(axis=1)
    least = np.maximum(seen - np.maximum(beyond, 0.0), 0.0)
    # Each yield in units of what a single gain allows it; the programme is well scaled at any loss.
    alone = np.divide(seen[:, None], weights, out=np.full(weights.shape, np.inf), where=weights > 0)
    unit = np.minimum(alone.min(axis=0), 1.0)
    scale = np.tile(np.where(seen > 0, seen, 1.0), 2)
    rows = np.concatenate([weights, -weights]) * unit / scale[:, None]
    limits = np.concatenate([seen, -least]) / scale
    ceilings = np.ones((BOUNDED_PHOTONS + 1,) * 2)
    for target in np.flatnonzero((n + m <= BOUNDED_PHOTONS) & ((n + m) % 2 == 0)):
        aim = np.zeros(n.size)
        aim[target] = 1.0
        solution = linprog(-aim, rows, limits + SLACK, bounds=(0, 1), method="highs-ds")
        ceiling = 1.0
        if solution.status == 0:
            prices = np.maximum(-solution.ineqlin.marginals, 0.0)
            ceiling = prices @ limits + np.maximum(aim - prices @ rows, 0.0).sum()
        ceilings[n[target], m[target]] = unit[target] * min(1.0, ceiling)
    return ceilings


def _poisson(intensities: Floats, photons: NDArray[np.int64]) -> Floats:
    """Probabilities of photon numbers (N,) for intensities (K,): shape (K, N)."""
    mean = np.asarray(intensities, float)[:, None]
    probs: Floats = np.exp(xlogy(photons, mean) - mean - gammaln(photons + 1.0))
    return probs
