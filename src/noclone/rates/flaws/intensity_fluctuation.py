"""Intensities known only to an interval: how likely a number of photons is, at least and at most."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class PoissonInterval(NamedTuple):
    """Bounds on e^-x x^n / n! for every x from `dimmest` to `brightest`; shape (...) each.

    For n = 0 they are `empty` and `empty_high`, for n >= 1 they are `scale` dimmest^n / n! and `scale_high`
    brightest^n / n!.
    """

    empty: Floats
    empty_high: Floats
    scale: Floats
    scale_high: Floats
    dimmest: Floats
    brightest: Floats


def poisson_interval(intensities: ArrayLike, deviation: ArrayLike) -> PoissonInterval:
    """Return bounds on the photon statistics of pulses whose intensity is not exactly the one chosen.

    Parameters
    ----------
    intensities : array_like, shape (...)
        Mean photon numbers mu.
    deviation : array_like, shape (...)
        d in [0, 1): every pulse has an intensity from mu (1 - d) to mu (1 + d), which Eve may know.

    Returns
    -------
    PoissonInterval
        Exact where mu (1 + d) <= 1, where e^-x x^n rises for all n >= 1; beyond, looser by e^(2 d mu) at
        most.

    Notes
    -----
    The bounds a_n^L and a_n^U of Wang et al., PRA 77, 042311 (2008) and New J. Phys. 11, 075006 (2009).

    Examples
    --------
    >>> bounds = poisson_interval(0.5, 0.1)
    >>> round(float(bounds.scale * bounds.dimmest), 4), round(float(bounds.scale_high * bounds.brightest), 4)
    (0.2869, 0.3173)
    """
    mu, d = np.asarray(intensities, dtype=np.float64), np.asarray(deviation, dtype=np.float64)
    dimmest, brightest = mu * (1.0 - d), mu * (1.0 + d)
    least, most = np.exp(-brightest), np.exp(-dimmest)
    rising = brightest <= 1.0
    return PoissonInterval(
        least, most, np.where(rising, most, least), np.where(rising, least, most), dimmest, brightest
    )
