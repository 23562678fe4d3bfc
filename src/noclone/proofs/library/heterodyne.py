"""Heterodyne detection whose outcome is kept as the sector of phase space that it falls into."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, gammaincc, gammaln

from noclone.proofs.library.fock import behind_loss

Array = NDArray[Any]
Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)


def sector_operators(count: int, size: int, transmittance: float = 1.0, radius: float = 0.0) -> Array:
    r"""Return the POVM elements of the outcome's phase, shape (M, size, size).

    Element z is the integral of |y><y| / pi over the sector of width 2 pi / M around the phase
    2 pi z / M, outside a radius, on the states of fewer than `size` photons:

    .. math:: R_z[n, m] = \frac{\Gamma(1 + (n+m)/2,\, r^2)}{2 \pi \sqrt{n!\, m!}}\, e^{2 \pi i z (n-m)/M}
              \, \frac{2 \sin((n-m) \pi / M)}{n - m}

    Parameters
    ----------
    count : int
        M, at least 2.
    size : int
    transmittance : float
        Of a loss before an ideal detector. Efficiency eta and electronic noise v of a real one have exactly
        the effect of a loss with transmittance eta / (1 + v), outcomes being divided by sqrt(1 + v).
    radius : float
        Outcomes y nearer to the origin are in no sector; y is an amplitude, of mean square 1 in the vacuum.

    Notes
    -----
    Lin, Upadhyaya, Luetkenhaus, Phys. Rev. X 9, 041064 (2019), App. A; detector noise: Lin, Luetkenhaus,
    Phys. Rev. Applied 14, 064030 (2020), whose displaced thermal states with (1 - eta + v) / eta photons
    are what the loss makes of coherent ones; Yamano et al., arXiv:2305.17684.

    Examples
    --------
    >>> elements = sector_operators(4, 6, 0.5)
    >>> np.allclose(elements.sum(axis=0), np.eye(6))
    True
    """
    n, m = np.indices((size, size))
    order = 1 + (n + m) / 2
    radial = np.exp(gammaln(order) - (gammaln(n + 1) + gammaln(m + 1)) / 2) * gammaincc(order, radius**2)
    angular = np.sinc((n - m) / count) / count
    turns = np.exp(2j * np.pi * np.arange(count)[:, None, None] * (n - m) / count)
    return np.array([behind_loss(turn * radial * angular, transmittance) for turn in turns])


def sector_probs(count: int, amplitude: float, photons: float, radius: float = 0.0) -> Floats:
    """Return how often each sector is met by a displaced thermal state, shape (M,).

    Parameters
    ----------
    count : int
        M.
    amplitude : float
        Of the displacement, whose phase is that of sector 0.
    photons : float
        Mean photon number of the thermal state.
    radius : float
        See `sector_operators`.

    Notes
    -----
    The radial integral of the Gaussian distribution of outcomes is done in closed form, that over the phase
    by Gauss-Legendre quadrature.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> right = norm.cdf(0.4 / np.sqrt(1.1))
    >>> np.allclose(sector_probs(4, 0.4, 0.1)[:2], [right**2, right * (1 - right)], atol=1e-14)
    True
    """
    spread = np.sqrt(1 + photons)
    u, r = amplitude / spread, radius / spread
    half = np.pi / count
    angle = half * _NODES + 2 * half * np.arange(count)[:, None]
    along, across = u * np.cos(angle), u * np.sin(angle)
    density = np.exp(-(across**2)) * (
        np.exp(-((r - along) ** 2)) / 2 + along * np.sqrt(np.pi) / 2 * erfc(r - along)
    )
    probs: Floats = half * density @ _WEIGHTS / np.pi
    return probs
