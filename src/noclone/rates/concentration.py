"""How far a count can lie from what it estimates, at a given failure probability.

`eps` is the probability that the one-sided statement fails, over the randomness named in each function.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainccinv, betaincinv, xlogy
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


LARGEST_INVERTED = 1e15
"""Trials beyond which `clopper_pearson_interval` is Hoeffding's."""


def least_mean(count: ArrayLike, eps: ArrayLike) -> Floats:
    """Return a lower bound on the mean of a sum of independent 0-1 variables, for counts of rare events.

    Parameters
    ----------
    count : array_like, shape (...)
        Observed sum.
    eps : array_like, shape (...)
        Failure probability.

    Returns
    -------
    ndarray, shape (...)
        count - sqrt(2 count ln(1/eps)), at least 0; the number of variables does not enter.

    Notes
    -----
    H. Chernoff, Ann. Math. Stat. 23, 493 (1952), in the form P(X >= m + a) <= exp(-a^2 / (2 m + 2 a / 3)),
    which is at most exp(-a^2 / (2 (m + a))).

    Examples
    --------
    >>> round(float(least_mean(1e4, 1e-10)), 1)
    9321.4
    """
    seen = np.asarray(count, dtype=np.float64)
    mean: Floats = np.fmax(seen - np.sqrt(-2.0 * seen * np.log(eps)), 0.0)
    return mean


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
    # Double precision cannot invert the beta distribution of more trials; there Hoeffding loses nothing.
    spread = hoeffding_deviation(trials, eps)
    huge = trials > LARGEST_INVERTED
    lower = np.where(huge, np.fmax(count - spread, 0.0), lower)
    return lower, np.where(huge, np.fmin(count + spread, trials), upper)


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


LARGEST_EXACT_SAMPLE = 1e10
"""Samples beyond this are not summed term by term; `hypergeometric_rate` takes closed bounds there."""


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
    with np.errstate(divide="ignore", invalid="ignore"):
        closed = np.fmin(serfling_rate(seen, k, n, eps), _relative_entropy_rate(seen, k, n, level))
    told = (k > 0.0) & (n > 0.0) & (seen < k)
    small = k <= LARGEST_EXACT_SAMPLE
    usable = told & small
    seen, k, n = (np.where(usable, part, fallback) for part, fallback in ((seen, 0.0), (k, 1.0), (n, 1.0)))
    # The largest number of errors overall that leaves at most `seen` in the sample with probability > eps^2.
    plausible, excluded = seen, k + n
    while (excluded - plausible > 1.0).any():
        middle = np.floor(0.5 * (plausible + excluded))
        holds = hypergeom.cdf(seen, k + n, middle, k) > level
        plausible, excluded = np.where(holds, middle, plausible), np.where(holds, excluded, middle)
    exact = np.fmin((plausible - seen) / n, 0.5)
    return np.where(told, np.where(small, exact, closed), 0.5)


def _relative_entropy_rate(seen: Floats, k: Floats, n: Floats, level: Floats) -> Floats:
    """Return the rate of the rest that Hoeffding's entropic tail allows (J. Am. Stat. Assoc. 58, 13, 1963).

    P(at most `seen` errors among k) <= exp(-k D(seen/k || p)) with p the rate overall holds for sampling
    without replacement as well (his section 6).
    """
    rate, nats = seen / k, -np.log(level) / k
    low, high = rate, np.ones_like(rate)
    for _ in range(60):
        middle = (low + high) / 2
        divergence = xlogy(rate, rate / middle) + xlogy(1 - rate, (1 - rate) / (1 - middle))
        low, high = np.where(divergence < nats, middle, low), np.where(divergence < nats, high, middle)
    return np.fmin((high * (k + n) - seen) / n, 0.5)


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
