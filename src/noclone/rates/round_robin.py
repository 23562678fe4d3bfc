"""Round-robin differential phase shift: what Eve can know is bounded by how few photons a block holds."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]


def phase_error_leaks(pulses: int) -> Floats:
    """Return Eve's bits per sifted bit for blocks of n = 1, 2, ... photons: h(n/(L-1)), by phase errors.

    Parameters
    ----------
    pulses : int
        Pulses L per block, at least 3.

    Returns
    -------
    ndarray, shape (N,)
        For every number of photons that leaves Eve below 1 bit.

    Notes
    -----
    Sasaki, Yamamoto, Koashi, Nature 509, 475 (2014).

    Examples
    --------
    >>> phase_error_leaks(16)[:2].round(6).tolist()
    [0.353359, 0.56651]
    """
    rate = np.arange(1, (pulses + 1) // 2) / (pulses - 1)
    return np.asarray(binary_entropy(rate[rate < 0.5]))


@cache
def collective_leaks(pulses: int) -> Floats:
    """Return Eve's bits per sifted bit for blocks of 1, 2, ... photons, for the best collective attack.

    The maximum over x_1 + ... + x_(n+1) = 1 of sum_k phi((L - k) x_k, k x_(k+1)) / (L - 1), where
    phi(x, y) = (x + y) log2(x + y) - x log2 x - y log2 y. Smaller than `phase_error_leaks` everywhere.

    Parameters
    ----------
    pulses : int
        Pulses L per block, at least 3.

    Returns
    -------
    ndarray, shape (N,)
        For up to L - 2 photons.

    Notes
    -----
    Yin et al., Nat. Commun. 9, 457 (2018), eq. (1) without the error rate as a constraint. The sum is
    concave and homogeneous, so at its maximum all its derivatives equal the maximum s: with
    r_k = k x_(k+1) / ((L - k) x_k) this is (L - k) log2(1 + r_k) + (k - 1) log2(1 + 1/r_(k-1)) = s for
    k = 1 ... n and n log2(1 + 1/r_n) = s. The first n give r_1, r_2, ... in turn, growing with s; the
    last falls with s and is solved by bisection.

    Examples
    --------
    >>> collective_leaks(16)[:2].round(6).tolist()
    [0.197682, 0.364127]
    """
    counts = np.arange(1, pulses - 1)
    low, high = np.zeros(len(counts)), np.full(len(counts), float(pulses - 1))
    for _ in range(60):
        trial = 0.5 * (low + high)
        below = _last_condition(trial, counts, pulses)
        low, high = np.where(below, trial, low), np.where(below, high, trial)
    # The upper end, so that rounding never favours the parties.
    return high / (pulses - 1)


def _last_condition(trial: Floats, counts: NDArray[np.int64], pulses: int) -> NDArray[np.bool_]:
    """Return where the trial value of the maximum is too small, for each number of photons."""
    back = np.zeros_like(trial)  # log2(1 + 1/r_(k-1))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        for k in range(1, int(counts[-1]) + 1):
            forward = (trial - (k - 1) * back) / (pulses - k)
            step = -np.log2(-np.expm1(-np.maximum(forward, 0.0) * np.log(2.0)))
            back = np.where(k <= counts, np.where(forward > 0.0, step, np.inf), back)
        return np.asarray(counts * back > trial)


def tagged_cost(kept_prob: ArrayLike, block_photons: ArrayLike, leaks: Floats) -> Floats:
    """Return the bits that privacy amplification removes per sifted bit, at the best photon threshold.

    Blocks of more than n photons count as known to Eve, the others as leaking what n photons leak:
    min over n of [e + (Q - e) leak_n] / Q, with e = P(more than n photons).

    Parameters
    ----------
    kept_prob : array_like, shape (...)
        Q, probability that a block gives a sifted bit.
    block_photons : array_like, shape (...)
        Mean photon number of a block, Poissonian.
    leaks : ndarray, shape (N,)
        For blocks of 1 ... N photons: `phase_error_leaks` or `collective_leaks`.

    Returns
    -------
    ndarray, shape (...)
        At most 1.

    Notes
    -----
    Sasaki, Yamamoto, Koashi, Nature 509, 475 (2014); Takesue et al., Nat. Photon. 9, 827 (2015).

    Examples
    --------
    >>> round(float(tagged_cost(0.1, 0.1, phase_error_leaks(32))), 6)
    0.242762
    """
    kept, mean = np.asarray(kept_prob, np.float64), np.asarray(block_photons, np.float64)
    best = np.ones(np.broadcast_shapes(kept.shape, mean.shape))
    for photons, leak in enumerate(leaks, start=1):
        if np.all(best <= leak):
            break
        tagged = gammainc(photons + 1, mean) / np.maximum(kept, 1e-300)
        best = np.minimum(best, leak + tagged * (1.0 - leak))
    return best


def secret_bits_of_block(
    kept: ArrayLike, sent: ArrayLike, block_photons: ArrayLike, pulses: int, eps: ArrayLike
) -> Floats:
    """Return the bits of a finite run that privacy amplification leaves, at the best photon threshold n.

    All of the blocks that hold more than n photons may be among the kept ones; of the others, as many may
    have a phase error as a binomial law of n/(L-1) allows.

    Parameters
    ----------
    kept, sent : array_like, shape (...)
        Blocks that gave a sifted bit, and all blocks.
    block_photons : array_like, shape (...)
        Mean photon number of a block, Poissonian.
    pulses : int
        Pulses L per block.
    eps : array_like, shape (...)
        Failure probability of each of the two statements.

    Returns
    -------
    ndarray, shape (...)
        Before the lengths of the hashes and reconciliation are subtracted.

    Notes
    -----
    The counts of Takesue, Sasaki, Tamaki, Koashi, Nat. Photon. 9, 827 (2015), methods, without double clicks.
    Blocks of many photons are tagged as in Sasaki, Yamamoto, Koashi (2014): Alice's virtual measurement tells
    which they are, so they cost a bit each. The experiment counted them as phase errors, which costs more.

    Examples
    --------
    >>> round(float(secret_bits_of_block(1e6, 1e8, 0.02, 32, 1e-20)))
    769411
    """
    bits, mean = np.asarray(kept, np.float64), np.asarray(block_photons, np.float64)
    best = np.zeros(np.broadcast_shapes(bits.shape, np.shape(sent), mean.shape))
    for photons, leak in enumerate(phase_error_leaks(pulses), start=1):
        if np.all(best >= bits * (1.0 - leak)):
            break
        rest = np.maximum(bits - binomial_ceiling(sent, gammainc(photons + 1, mean), eps), 0.0)
        phase_errors = binomial_ceiling(rest, photons / (pulses - 1), eps)
        rate = np.minimum(phase_errors / np.maximum(rest, 1e-300), 0.5)
        best = np.maximum(best, rest * (1.0 - binary_entropy(rate)))
    return best


def binomial_ceiling(trials: ArrayLike, prob: ArrayLike, eps: ArrayLike) -> Floats:
    """Return a number that a binomial variable exceeds with at most this probability.

    Parameters
    ----------
    trials : array_like, shape (...)
        At least 0.
    prob : array_like, shape (...)
        In (0, 1).
    eps : array_like, shape (...)

    Returns
    -------
    ndarray, shape (...)
        At most `trials`.

    Notes
    -----
    The Chernoff bound exp(-n D(x||p)), solved for x by Newton's method. It starts from Bernstein's bound,
    beyond the solution, and D is convex: every step stays on the safe side.

    Examples
    --------
    >>> round(float(binomial_ceiling(1e6, 0.01, 1e-10)), 1)
    10682.7
    """
    n, p = (np.maximum(np.asarray(each, np.float64), 1e-300) for each in (trials, prob))
    goal = -np.log(np.asarray(eps, np.float64)) / n
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        x = p + goal / 3.0 + np.sqrt(goal * goal / 9.0 + 2.0 * p * goal)
        for _ in range(6):
            distance = x * np.log(x / p) + (1.0 - x) * np.log1p((p - x) / (1.0 - p))
            slope = np.log(x / p) - np.log1p((p - x) / (1.0 - p))
            x = x - np.maximum(distance - goal, 0.0) / slope
        return n * np.where(x < 1.0, x, 1.0)  # from 1 on nothing is excluded
