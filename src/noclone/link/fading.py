"""Fluctuating transmittance as a few values with their shares: Gauss quadrature over fading distributions.

The average of a smooth function over fading is the sum of shares times its values at the nodes, as exact
as the function is close to a polynomial in what is Gaussian, or exponential, about the fading.
"""

from __future__ import annotations

from functools import cache, reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainccinv, gammaincinv, ndtr

Floats = NDArray[np.float64]

# Gamma variables of larger shape fluctuate by less than 1e-5 of their mean.
_LARGEST_SHAPE = 1e10


@cache
def normal_nodes(count: int) -> tuple[Floats, Floats]:
    """Return shares and values of a standard normal variable, shape (count,).

    Examples
    --------
    >>> shares, values = normal_nodes(5)
    >>> float((shares * values**4).sum().round(9))  # the fourth moment is 3
    3.0
    """
    values, weights = np.polynomial.hermite_e.hermegauss(count)
    return weights / weights.sum(), values


@cache
def exponential_nodes(count: int) -> tuple[Floats, Floats]:
    """Return shares and values of an exponential variable of mean 1, shape (count,).

    Examples
    --------
    >>> shares, values = exponential_nodes(4)
    >>> float((shares * values**3).sum().round(9))  # the third moment is 3!
    6.0
    """
    values, weights = np.polynomial.laguerre.laggauss(count)
    return weights / weights.sum(), values


def along_first(nodes: Floats, rank: int) -> Floats:
    """Return nodes with room for a grid of this rank behind their axis.

    Examples
    --------
    >>> along_first(np.zeros(7), 2).shape
    (7, 1, 1)
    """
    return nodes.reshape(-1, *(1,) * rank)


def log_normal(index: ArrayLike, count: int, rank: int = 0) -> tuple[Floats, Floats]:
    """Return shares and values of log-normal fading of mean 1.

    Parameters
    ----------
    index : array_like, shape (...)
        Scintillation index: the variance over the squared mean.
    count : int
        Number S of nodes.
    rank : int
        Dimensions of the grid, at least those of `index`.

    Returns
    -------
    shares : ndarray, shape (S,)
    values : ndarray, shape (S, ...)

    Examples
    --------
    >>> shares, values = log_normal(0.2, 8)
    >>> float((shares * values).sum().round(9)), float((shares * values**2).sum().round(7))
    (1.0, 1.2)
    """
    shares, normal = normal_nodes(count)
    sigma = np.sqrt(np.log1p(np.asarray(index, float)))
    values = np.exp(sigma * along_first(normal, rank) - sigma**2 / 2)
    return shares, np.asarray(values / np.tensordot(shares, values, axes=1))


def gamma(log_variance: ArrayLike, count: int, rank: int = 0) -> tuple[Floats, Floats]:
    """Return shares and values of gamma-distributed fading of mean 1.

    Parameters
    ----------
    log_variance : array_like, shape (...)
        s, for the shape 1 / (exp(s) - 1), so that the variance is exp(s) - 1. The product of two such
        variables is gamma-gamma fading.
    count, rank : int
        As in `log_normal`.

    Returns
    -------
    shares : ndarray, shape (S,)
    values : ndarray, shape (S, ...)

    Notes
    -----
    The quantile of a gamma variable is a smooth function of the normal quantile, close to a cube (Wilson and
    Hilferty, PNAS 17, 684, 1931), so that Gauss-Hermite nodes serve. Al-Habash, Andrews and Phillips, Opt.
    Eng. 40, 1554 (2001), for the product.

    Examples
    --------
    >>> shares, values = gamma(np.log(1.2), 8)
    >>> float((shares * values).sum().round(9)), float((shares * values**2).sum().round(6))
    (1.0, 1.2)
    """
    shares, normal = normal_nodes(count)
    with np.errstate(divide="ignore"):
        shape = np.minimum(1 / np.expm1(np.asarray(log_variance, float)), _LARGEST_SHAPE)
    z = along_first(normal, rank)
    # Both tails are inverted from their own side, where their probabilities are exact.
    values = np.where(z < 0, gammaincinv(shape, ndtr(z)), gammainccinv(shape, ndtr(-z)))
    return shares, np.asarray(values / np.tensordot(shares, values, axes=1))


def product(*factors: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return shares and values of the product of independent factors, each given by its own.

    Parameters
    ----------
    factors : (shares (S_i,), values (S_i, ...))

    Returns
    -------
    shares : ndarray, shape (S,), S the product of all S_i
    values : ndarray, shape (S, ...)

    Examples
    --------
    >>> shares, values = product(log_normal(0.1, 4), gamma(0.1, 5))
    >>> len(shares), float((shares * values).sum().round(9))
    (20, 1.0)
    """

    def pair(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        values = np.asarray(one[1])[:, None] * np.asarray(other[1])[None]
        return np.outer(one[0], other[0]).ravel(), values.reshape(-1, *values.shape[2:])

    return reduce(pair, factors)
