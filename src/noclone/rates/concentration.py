"""How far a count can lie from what it estimates, at a given failure probability.

`eps` is the probability that the one-sided statement fails, over the randomness named in each function.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def hoeffding_deviation(trials: ArrayLike, eps: ArrayLike) -> Floats:
    """Return d such that a sum of `trials` independent variables in [0, 1] exceeds its mean by d or less.

    The same d holds below the mean. The variables need not be alike. In decoy-state proofs the trials are
    the detections of one basis, and the variable says whether a detection had intensity k: given the
    photon numbers, intensities are independent of each other.

    Parameters
    ----------
    trials : array_like, shape (...)
        Number of variables.
    eps : array_like, shape (...)
        Failure probability of one side.

    Returns
    -------
    ndarray, shape (...)
        sqrt(trials ln(1/eps) / 2).

    Notes
    -----
    W. Hoeffding, J. Am. Stat. Assoc. 58, 13 (1963), theorem 2.

    Examples
    --------
    >>> round(float(hoeffding_deviation(1e6, 1e-10)), 1)
    3393.1
    """
    deviation: Floats = np.sqrt(np.asarray(trials, dtype=np.float64) * (-0.5 * np.log(eps)))
    return deviation


def fung_deviation(rate: ArrayLike, sampled: ArrayLike, rest: ArrayLike, eps: ArrayLike) -> Floats:
    """Return gamma: how far the error rate of the rest lies above that of the sample, approximately.

    This is the gamma of Lim et al. (2014) without its factor 21. It is a Taylor approximation of a
    hypergeometric tail around the sampled rate, NOT a true bound (arXiv:2502.10340); it tends to 0 with
    the rate. `serfling_deviation` is a bound.

    Parameters
    ----------
    rate : array_like, shape (...)
        Error rate of the sample, in [0, 1/2].
    sampled, rest : array_like, shape (...)
        Sizes of the sample and of the rest; where one is 0 the result is infinite.
    eps : array_like, shape (...)
        The statement is meant to fail with probability eps^2.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Fung, Ma, Chau, PRA 81, 012318 (2010); Lim et al., PRA 89, 022307 (2014), eq. (5).

    Examples
    --------
    >>> round(float(fung_deviation(0.02, 1e5, 1e6, 1e-10)), 5)
    0.00325
    """
    b = np.asarray(rate, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / np.asarray(sampled, dtype=np.float64) + 1.0 / np.asarray(rest, dtype=np.float64)
        variance = b * (1.0 - b)
        nats = np.log(inverse / variance) - 2.0 * np.log(eps)
        gamma: Floats = np.sqrt(inverse * variance * np.fmax(nats, 0.0)) / np.log(2.0)
    # With no error in the sample the approximation gives no deviation at all, however small the sample.
    return np.where(variance > 0.0, gamma, np.where(np.isinf(inverse), np.inf, 0.0))
