"""Finite keys of MDI-QKD with three intensities by Curty et al. (2014), one announced Bell state at a time.

With two corrections: the fluctuation of each combination of counts has the sign that makes the bound hold
(the printed one is too small), and the number of phase errors is divided by the number of bits that they
are among before it enters the binary entropy.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.concentration import hoeffding_deviation
from noclone.rates.mdi_decoy import Rung, pair_errors, pair_yield

Floats = NDArray[np.float64]

SHARES = 266
"""Failure probabilities that make up the secrecy of one Bell state's key.

eps_sec = 2 (eps' + 2 eps_e + eps^) + eps_b + eps_0 + eps_1 + eps_PA with eps_e = 55, eps_0 = 11 and
eps_1 = 29 times the common one for three intensities at each party.
"""
RUNGS: tuple[Rung, ...] = ((0, 1), (0, 2), (1, 2))
"""Pairs of intensities, by falling sum."""


class Estimate(NamedTuple):
    """What is known of the key bits of one Bell state; shape (...) each.

    Attributes
    ----------
    vacuum : ndarray
        Bits for which Alice sent no photon, at least.
    single : ndarray
        Bits for which each party sent one photon, at least.
    phase_error : ndarray
        Phase error rate of the latter, at most; 1/2 where nothing is known.
    """

    vacuum: Floats
    single: Floats
    phase_error: Floats


def count_deviation(count: Floats, trials: Floats, eps: ArrayLike) -> tuple[Floats, Floats]:
    """Return how far below and above its mean a count of independent events can lie, from the count itself.

    Parameters
    ----------
    count, trials : ndarray, shape (...)
        Observed events, and the number of trials they come from.
    eps : array_like, shape (...)
        Each of the two statements fails with at most this probability, and so does the choice of their form.

    Returns
    -------
    below, above : ndarray, shape (...)

    Notes
    -----
    Curty et al. (2014), claim 3: multiplicative Chernoff bounds where Hoeffding's inequality shows that the
    mean is large enough for them, and that inequality otherwise; its logarithm is the natural one.

    Examples
    --------
    >>> below, above = count_deviation(np.array(1e6), np.array(1e8), 1e-10)
    >>> round(float(below)), round(float(above))
    (13775, 8311)
    """
    nats = -np.log(np.asarray(eps, float))
    hoeffding = hoeffding_deviation(trials, eps)
    mean_at_least = count - hoeffding
    below = np.where(
        nats + np.log(2.0) <= 9.0 / 32.0 * mean_at_least,
        np.sqrt(2.0 * count * (np.log(16.0) + 4.0 * nats)),
        hoeffding,
    )
    above = np.where(
        nats < mean_at_least / 3.0,
        np.sqrt(3.0 * count * nats),
        np.where(nats < (np.e - 0.5) ** 2 * mean_at_least, np.sqrt(4.0 * count * nats), hoeffding),
    )
    return below, above


def curty_2014(
    intensities_a: ArrayLike,
    intensities_b: ArrayLike,
    key_probs: ArrayLike,
    test_probs: ArrayLike,
    key_counts: ArrayLike,
    test_counts: ArrayLike,
    test_errors: ArrayLike,
    eps: ArrayLike,
) -> Estimate:
    """Return how many key bits of one Bell state are secret to begin with, and their phase error rate.

    Parameters
    ----------
    intensities_a, intensities_b : array_like, shape (3, ...)
        Alice's and Bob's mean photon numbers, falling strictly; the brightest of the key basis give the key.
    key_probs, test_probs : array_like, shape (3, 3, ...)
        Probability that both parties choose the basis, and these intensities, Alice's first.
    key_counts, test_counts, test_errors : array_like, shape (3, 3, ...)
        Announcements of the Bell state, and those with unequal bits.
    eps : array_like, shape (...)
        Failure probability of each statement, the secrecy over `SHARES`.

    Notes
    -----
    M. Curty, F. Xu, W. Cui, C. C. W. Lim, K. Tamaki, H.-K. Lo, Nat. Commun. 5, 3732 (2014). All signals give
    key: their error rate is known once they are corrected and verified, and no sample of them is disclosed.

    Examples
    --------
    >>> from noclone.rates.mdi import diagonal_gains, rectilinear_gains
    >>> mu, share = np.array([0.4, 0.05, 0.0]), np.outer([0.5, 0.3, 0.2], [0.5, 0.3, 0.2])
    >>> light = 0.1 * mu[:, None], 0.1 * mu, 1e-7, 0.01
    >>> z, x = rectilinear_gains(*light).click, diagonal_gains(*light)
    >>> sent = 1e14 * 0.25 * share
    >>> counts = sent * z, sent * x.click, sent * x.error
    >>> found = curty_2014(mu, mu, sent / 1e14, sent / 1e14, *counts, 1e-12)
    >>> round(float(found.single / counts[0][0, 0]), 3), round(float(found.phase_error), 3)
    (0.425, 0.071)
    """
    a, b = np.asarray(intensities_a, float), np.asarray(intensities_b, float)
    weights = np.exp(a[:, None] + b[None])
    nats = -np.log(np.asarray(eps, float))
    key, test = np.asarray(key_probs, float), np.asarray(test_probs, float)

    low, high = _means(weights, key, np.asarray(key_counts, float), eps)
    empty = np.zeros(low.shape[2:])
    with np.errstate(divide="ignore", invalid="ignore"):
        for i, k in RUNGS:
            bound = (a[i] * low[k, 0] - a[k] * high[i, 0]) / (a[i] - a[k])
            empty = np.fmax(empty, np.where(a[i] > a[k], bound, 0.0))
        sent = key[0, 0] / weights[0, 0]
        vacuum = _at_least(sent * empty, nats)
        single = _at_least(sent * a[0] * b[0] * _yield(a, b, low, high), nats)

        sent = (test * (a[:, None] * b[None]) / weights).sum(axis=(0, 1))
        tested = sent * _yield(a, b, *_means(weights, test, np.asarray(test_counts, float), eps))
        low, high = _means(weights, test, np.asarray(test_errors, float), eps)
        wrong = np.full_like(tested, np.inf)
        for rung_a in RUNGS:
            for rung_b in RUNGS:
                wrong = np.fmin(wrong, sent * pair_errors(a, b, low, high, (rung_a, rung_b)))
        sampling = np.sqrt((single + 1.0) * (single + tested) * nats / (2.0 * tested)) / single
        rate = np.fmax(wrong, 0.0) / tested + sampling
    known = (single > 0.0) & (tested > 0.0)
    return Estimate(vacuum, single, np.where(known, np.fmin(rate, 0.5), 0.5))


def overhead_bits(eps: ArrayLike, eps_cor: ArrayLike) -> Floats:
    """Return the bits that one Bell state's key is shorter for its secrecy and its verification.

    Parameters
    ----------
    eps, eps_cor : array_like, shape (...)
        Failure probability of each statement, and of correctness.

    Notes
    -----
    Curty et al. (2014): log2(8 / eps_cor) + 2 log2(2 / (eps' eps^)) + 2 log2(1 / (2 eps_PA)).

    Examples
    --------
    >>> round(float(overhead_bits(1e-12, 1e-15)), 1)
    292.0
    """
    bits: Floats = 3.0 - np.log2(np.asarray(eps_cor, float)) - 6.0 * np.log2(np.asarray(eps, float))
    return bits


def _means(weights: Floats, probs: Floats, counts: Floats, eps: ArrayLike) -> tuple[Floats, Floats]:
    """Return bounds on the expected counts over their weights; a pair that is never chosen tells nothing."""
    below, above = count_deviation(counts, counts.sum(axis=(0, 1)), eps)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = weights * (counts - above) / probs, weights * (counts + below) / probs
    return np.where(probs > 0.0, low, -np.inf), np.where(probs > 0.0, high, np.inf)


def _yield(a: Floats, b: Floats, low: Floats, high: Floats) -> Floats:
    """Return the best bound of all pairs of double differences."""
    best = np.zeros(low.shape[2:])
    nested = [(RUNGS[i], RUNGS[j]) for i in range(3) for j in range(i + 1, 3)]
    for bright_a, weak_a in nested:
        for bright_b, weak_b in nested:
            best = np.fmax(best, pair_yield(a, b, low, high, (bright_a, bright_b), (weak_a, weak_b)))
    return best


def _at_least(mean: Floats, nats: Floats) -> Floats:
    """Return what a count of this mean is at least."""
    count = np.fmax(mean, 0.0)
    least: Floats = np.fmax(count - np.sqrt(2.0 * nats * count), 0.0)
    return least
