"""Chernoff's bound without simplification: what a count says of its mean, at a given failure probability.

The count is a sum of independent 0-1 variables, which need not be alike: its tails are not heavier than those
that the exponential moments of a Poisson variable allow.
"""

import numpy as np
from numba import njit, vectorize
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def chernoff_interval(count: ArrayLike, eps: ArrayLike) -> tuple[Floats, Floats]:
    """Return lower and upper bounds on the mean of a sum of independent 0-1 variables, from its value.

    Parameters
    ----------
    count : array_like, shape (...)
        Observed sum.
    eps : array_like, shape (...)
        Failure probability of each side.

    Returns
    -------
    lower, upper : ndarray, shape (...)
        The means m at which m - x + x ln(x/m) = ln(1/eps) for the sum x.

    Notes
    -----
    H. Chernoff, Ann. Math. Stat. 23, 493 (1952); with the tails inverted as by Zhang et al., PRA 95, 012333
    (2017).

    Examples
    --------
    >>> lower, upper = chernoff_interval(100.0, 1e-3)
    >>> round(float(lower), 1), round(float(upper), 1)
    (67.3, 141.9)
    """
    nats = -np.log(np.asarray(eps, float))
    return _mean_at_least(count, nats), _mean_at_most(count, nats)


@njit(cache=True)
def mean_at_least(count, nats):  # type: ignore[no-untyped-def]
    """Return the lower bound for a failure probability of e^(-nats); scalars, for compiled code."""
    return count * (1.0 + _relative_deviation(-np.sqrt(2.0 * nats / count))) if count > 0.0 else 0.0


@njit(cache=True)
def mean_at_most(count, nats):  # type: ignore[no-untyped-def]
    """Return the upper bound for a failure probability of e^(-nats); scalars, for compiled code."""
    return count * (1.0 + _relative_deviation(np.sqrt(2.0 * nats / count))) if count > 0.0 else nats


@njit(cache=True)
def _relative_deviation(s):  # type: ignore[no-untyped-def]
    """Solve t - ln(1 + t) = s^2 / 2 for the t that has the sign of s."""
    if abs(s) < 0.2:  # the difference on the left would lose digits: Stirling's series, to 1e-13
        high = s * (139.0 / 5443200.0 - s * (1.0 / 204120.0 - s * 571.0 / 2351462400.0))
        low = s * (1.0 / 270.0 - s * (1.0 / 4320.0 + s * (1.0 / 17010.0 - high)))
        return s + s * s * (1.0 / 3.0 + s * (1.0 / 36.0 - low))
    target = 0.5 * s * s
    if s < 0.0 and target > 30.0:
        return -1.0  # nothing is left of the mean to the digits there are
    # Newton's method from outside: the function is convex, so that no iterate passes the root.
    t = target + np.sqrt(target * (target + 2.0)) if s > 0.0 else np.expm1(-target - 1.0)
    for _ in range(60):
        step = (t - np.log1p(t) - target) * (1.0 + t) / t
        t -= step
        if abs(step) <= 1e-14 * abs(t):
            break
    return t


_mean_at_least = vectorize(cache=True)(mean_at_least.py_func)  # type: ignore[no-untyped-call]
_mean_at_most = vectorize(cache=True)(mean_at_most.py_func)  # type: ignore[no-untyped-call]
