"""How far a count can lie from what it estimates, at a given failure probability.

`eps` is the probability that the one-sided statement fails, over the randomness named in each function.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainccinv, betaincinv
from scipy.stats import hypergeom

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


def hoeffding_interval(count: Floats, trials: Floats, eps: Floats) -> tuple[Floats, Floats]:
    """Return lower and upper bounds on the mean of a sum of independent 0-1 variables, from its value.

    Parameters
    ----------
    count, trials : ndarray, shape (...)
        Observed sum, and number of variables.
    eps : ndarray, shape (...)
        Failure probability of each side.

    Returns
    -------
    lower, upper : ndarray, shape (...)
        Within [0, trials].

    Notes
    -----
    `hoeffding_deviation` to either side.

    Examples
    --------
    >>> lower, upper = hoeffding_interval(np.array(100.0), np.array(1e4), np.array(1e-3))
    >>> float(lower), round(float(upper), 1)
    (0.0, 285.8)
    """
    deviation = hoeffding_deviation(trials, eps)
    return np.fmax(count - deviation, 0.0), np.fmin(count + deviation, trials)


def clopper_pearson_interval(count: Floats, trials: Floats, eps: Floats) -> tuple[Floats, Floats]:
    """Return lower and upper bounds on the mean of a sum of independent 0-1 variables, by the exact tail.

    The variables need not be alike: with the sum's mean held fixed, no choice of their probabilities
    makes a tail heavier than the binomial one, as long as the value lies at least 1 from the mean; eps
    below 1/4 sees to that. The bounds are never looser than those of Hoeffding's inequality.

    Parameters
    ----------
    count, trials : ndarray, shape (...)
        Observed sum, and number of variables.
    eps : ndarray, shape (...)
        Failure probability of each side, below 1/4.

    Returns
    -------
    lower, upper : ndarray, shape (...)

    Notes
    -----
    C. Clopper and E. Pearson, Biometrika 26, 404 (1934); W. Hoeffding, Ann. Math. Stat. 27, 713 (1956),
    theorem 4, for variables that are not alike.

    Examples
    --------
    >>> lower, upper = clopper_pearson_interval(np.array(100.0), np.array(1e4), np.array(1e-3))
    >>> round(float(lower), 1), round(float(upper), 1)
    (72.0, 134.7)
    """
    with np.errstate(invalid="ignore"):
        lower = np.where(count > 0.0, trials * betaincinv(count, trials - count + 1.0, eps), 0.0)
        upper = np.where(count < trials, trials * betainccinv(count + 1.0, trials - count, eps), trials)
    return lower, upper


def serfling_rate(errors: Floats, sampled: Floats, rest: Floats, eps: Floats) -> Floats:
    """Return an upper bound on the error rate of the rest, from the errors in a random sample.

    Holds for every arrangement of errors; the randomness is which elements are sampled.

    Parameters
    ----------
    errors, sampled, rest : ndarray, shape (...)
        Errors in the sample, size of the sample, size of the rest.
    eps : ndarray, shape (...)
        The bound fails with probability at most eps^2.

    Returns
    -------
    ndarray, shape (...)
        At most 1/2, beyond which a rate tells nothing.

    Notes
    -----
    R. Serfling, Ann. Stat. 2, 39 (1974), in the form errors / k + sqrt((n + k)(k + 1) / (n k^2) ln(1/eps))
    for a sample of k and a rest of n, as in Tomamichel et al., Nat. Commun. 3, 634 (2012), and Wiesemann
    et al., arXiv:2405.16578.

    Examples
    --------
    >>> round(float(serfling_rate(np.array(2e3), np.array(1e5), np.array(1e6), np.array(1e-10))), 5)
    0.03591
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / sampled
        spread = np.sqrt((inverse + 1.0 / rest) * (1.0 + inverse) * -np.log(eps))
        return np.fmin(np.fmax(errors, 0.0) * inverse + spread, 0.5)


def hypergeometric_rate(errors: Floats, sampled: Floats, rest: Floats, eps: Floats) -> Floats:
    """Return an upper bound on the error rate of the rest by inverting the exact hypergeometric tail.

    Same statement as `serfling_rate`, and the best bound that follows from the size of the tail alone.
    Sizes are rounded down and errors up, so that expected (fractional) counts can be given.

    Parameters
    ----------
    errors, sampled, rest : ndarray, shape (...)
        Errors in the sample, size of the sample, size of the rest.
    eps : ndarray, shape (...)
        The bound fails with probability at most eps^2.

    Returns
    -------
    ndarray, shape (...)
        At most 1/2.

    Examples
    --------
    >>> round(float(hypergeometric_rate(np.array(2e3), np.array(1e5), np.array(1e6), np.array(1e-10))), 5)
    0.0246
    """
    seen, k, n, level = np.broadcast_arrays(
        np.ceil(np.fmax(errors, 0.0)), np.floor(sampled), np.floor(rest), eps * eps
    )
    usable = (k > 0.0) & (n > 0.0) & (seen < k)
    seen, k, n = (np.where(usable, part, fallback) for part, fallback in ((seen, 0.0), (k, 1.0), (n, 1.0)))
    # The largest number of errors overall that leaves at most `seen` in the sample with probability > eps^2.
    plausible, excluded = seen, k + n
    while (excluded - plausible > 1.0).any():
        middle = np.floor(0.5 * (plausible + excluded))
        holds = hypergeom.cdf(seen, k + n, middle, k) > level
        plausible, excluded = np.where(holds, middle, plausible), np.where(holds, excluded, middle)
    return np.where(usable, np.fmin((plausible - seen) / n, 0.5), 0.5)


def fung_deviation(rate: ArrayLike, sampled: ArrayLike, rest: ArrayLike, eps: ArrayLike) -> Floats:
    """Return gamma: how far the error rate of the rest lies above that of the sample, approximately.

    This is the gamma of Lim et al. (2014) without its factor 21. It is a Taylor approximation of a
    hypergeometric tail around the sampled rate, NOT a true bound (arXiv:2502.10340); it tends to 0 with
    the rate. `serfling_rate` is a bound.

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
    0.00416
    """
    b = np.asarray(rate, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = 1.0 / np.asarray(sampled, dtype=np.float64) + 1.0 / np.asarray(rest, dtype=np.float64)
        variance = b * (1.0 - b)
        nats = np.log(inverse / variance) - 2.0 * np.log(eps)
        gamma: Floats = np.sqrt(inverse * variance * np.fmax(nats, 0.0)) / np.log(2.0)
    # With no error in the sample the approximation gives no deviation at all, however small the sample.
    return np.where(variance > 0.0, gamma, np.where(np.isinf(inverse), np.inf, 0.0))
