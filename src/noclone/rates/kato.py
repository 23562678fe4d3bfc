"""Kato's inequality: how far a count lies from the sum of its conditional probabilities, for rare events."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def kato_interval(count: ArrayLike, trials: ArrayLike, eps: ArrayLike) -> tuple[Floats, Floats]:
    """Return lower and upper bounds on the sum of the conditional probabilities of an event, from its count.

    The trials may depend on each other in any way, as under coherent attacks. The inequality has two free
    numbers that must be fixed before the run; they are the best for the count itself, so a real run should
    fix them for the count it expects.

    Parameters
    ----------
    count, trials : array_like, shape (...)
        How often the event happened, below half of the trials; how often it could.
    eps : array_like, shape (...)
        Failure probability of each side.

    Returns
    -------
    lower, upper : ndarray, shape (...)
        The lower bound is at least 0.

    Notes
    -----
    Kato, arXiv:2002.04357 (2020), with the optimal numbers of Curras-Lorenzo et al., npj Quantum Inf. 7, 22
    (2021), methods.

    Examples
    --------
    >>> lower, upper = kato_interval(1e3, 1e10, 1e-10)
    >>> round(float(lower), 1), round(float(upper), 1)
    (800.2, 1230.5)
    """
    seen, n = np.asarray(count, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    log = np.log(np.asarray(eps, dtype=np.float64))
    root = np.sqrt(n)
    spread = 9.0 * seen * (n - seen) - 2.0 * n * log
    odd = 72.0 * root * seen * (n - seen) * log - 16.0 * n * root * log**2
    even = 9.0 * np.sqrt(2.0) * (n - 2.0 * seen) * n * np.sqrt(-log * spread)
    below, above = (
        seen
        + sign
        * _deviation(seen, n, log, 3.0 * (sign * odd + even) / (4.0 * (9.0 * n - 8.0 * log) * spread), sign)
        for sign in (-1.0, 1.0)
    )
    return np.maximum(below, 0.0), above


def _deviation(seen: Floats, n: Floats, log: Floats, a: Floats, sign: float) -> Floats:
    """Return [b + a (2 count/n - 1)] sqrt(n), where b belongs to a at this failure probability."""
    root = np.sqrt(n)
    inside = 18.0 * a * a * n - (16.0 * a * a + sign * 24.0 * a * root + 9.0 * n) * log
    b = np.sqrt(inside) / (3.0 * np.sqrt(2.0 * n))
    return np.asarray((b + a * (2.0 * seen / n - 1.0)) * root)
