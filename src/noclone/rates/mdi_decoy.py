"""Intensities bound how often pairs of single photons are announced, and with which errors.

Gains of all pairs of intensities are mixtures over photon numbers with known Poisson weights. Four of them
combine to a double difference from which every term with an empty pulse is gone; two such differences
combine so that the next larger term is gone as well.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Rung = tuple[int, int]
"""Indices of the brighter and of the fainter of two intensities of one party."""


def rescaled(intensities_a: ArrayLike, intensities_b: ArrayLike, gains: ArrayLike) -> Floats:
    """Return the gains (K, K, ...) of Alice's (K, ...) and Bob's (K, ...) intensities times e^(a + b)."""
    a, b = np.asarray(intensities_a, float), np.asarray(intensities_b, float)
    result: Floats = np.exp(a[:, None] + b[None]) * np.asarray(gains, float)
    return result


def pair_yield(
    intensities_a: ArrayLike,
    intensities_b: ArrayLike,
    lower: Floats,
    upper: Floats,
    bright: tuple[Rung, Rung] = ((0, 2), (0, 2)),
    weak: tuple[Rung, Rung] = ((1, 2), (1, 2)),
) -> Floats:
    """Return a lower bound on the yield of pairs of single photons from two double differences.

    Parameters
    ----------
    intensities_a, intensities_b : array_like, shape (K, ...)
        Alice's and Bob's mean photon numbers, falling strictly.
    lower, upper : ndarray, shape (K, K, ...)
        Between them lie the `rescaled` gains in one basis, Alice's intensity first; both are the gains
        themselves where nothing fluctuates.
    bright, weak : pair of (int, int)
        Alice's and Bob's intensities of the two differences; both sums of `bright` exceed those of `weak`.

    Returns
    -------
    ndarray, shape (...)
        At least 0; 0 where intensities do not fall.

    Notes
    -----
    F. Xu, M. Curty, B. Qi, H.-K. Lo, New J. Phys. 15, 113007 (2013), table 2; F. Xu, H. Xu, H.-K. Lo, PRA 89,
    052333 (2014). Which of the terms (1, 2) and (2, 1) is made to vanish depends on whose intensities are
    further apart; the other then has a sign that allows to drop it.

    Examples
    --------
    >>> from noclone.rates.mdi import rectilinear_gains, single_photon_pairs
    >>> mu = np.array([0.4, 0.05, 0.0])
    >>> gains = rescaled(mu, mu, rectilinear_gains(0.05 * mu[:, None], 0.05 * mu, 1e-6, 0.01).click)
    >>> true = single_photon_pairs(0.05, 0.05, 1e-6, 0.01).click
    >>> round(float(pair_yield(mu, mu, gains, gains) / true), 4)
    0.9498
    """
    a, b = np.asarray(intensities_a, float), np.asarray(intensities_b, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        decoys = _double_difference(lower, upper, *weak) / (_step(a, weak[0]) * _step(b, weak[1]))
        signals = _double_difference(upper, lower, *bright) / (_step(a, bright[0]) * _step(b, bright[1]))
        bright_a, weak_a, bright_b, weak_b = (
            x[rung[0]] + x[rung[1]]
            for x, rung in ((a, bright[0]), (a, weak[0]), (b, bright[1]), (b, weak[1]))
        )
        from_a = bright_a * weak_b <= bright_b * weak_a
        more, less = np.where(from_a, bright_a, bright_b), np.where(from_a, weak_a, weak_b)
        found = (more * decoys - less * signals) / (more - less)
    falling = (np.diff(a, axis=0) < 0.0).all(axis=0) & (np.diff(b, axis=0) < 0.0).all(axis=0)
    return np.where(falling, np.fmax(found, 0.0), 0.0)


def pair_errors(
    intensities_a: ArrayLike,
    intensities_b: ArrayLike,
    lower: Floats,
    upper: Floats,
    weak: tuple[Rung, Rung] = ((1, 2), (1, 2)),
) -> Floats:
    """Return an upper bound on the yield of erroneous pairs of single photons, e11 Y11.

    Parameters
    ----------
    intensities_a, intensities_b, weak
        As in `pair_yield`.
    lower, upper : ndarray, shape (K, K, ...)
        Between them lie the `rescaled` probabilities of an announcement with unequal bits.

    Returns
    -------
    ndarray, shape (...)
        Not clipped; not a finite number where the intensities are equal.

    Notes
    -----
    Xu et al. (2013), table 2.

    Examples
    --------
    >>> mu = np.array([0.4, 0.05, 0.0])
    >>> errors = rescaled(mu, mu, np.exp(-mu[:, None] - mu) * mu[:, None] * mu * 1e-4)
    >>> round(float(pair_errors(mu, mu, errors, errors)), 12)
    0.0001
    """
    a, b = np.asarray(intensities_a, float), np.asarray(intensities_b, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        bound: Floats = _double_difference(upper, lower, *weak) / (_step(a, weak[0]) * _step(b, weak[1]))
    return bound


def _double_difference(plus: Floats, minus: Floats, rung_a: Rung, rung_b: Rung) -> Floats:
    (i, k), (j, l) = rung_a, rung_b
    difference: Floats = plus[i, j] + plus[k, l] - minus[i, l] - minus[k, j]
    return difference


def _step(intensities: Floats, rung: Rung) -> Floats:
    step: Floats = intensities[rung[0]] - intensities[rung[1]]
    return step
