"""Rigorous finite-key bound with one or two decoys: Wiesemann, Krause, Tupkary and others 2024."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from noclone.rates.concentration import (
    clopper_pearson_interval,
    hoeffding_deviation,
    hoeffding_interval,
    hypergeometric_rate,
    serfling_rate,
)
from noclone.rates.counts import DecoyCounts, Floats
from noclone.rates.decoy import (
    keyed_excess,
    keyed_fraction,
    one_decoy,
    photon_weights,
    two_decoys,
    vacuum_ceiling,
)
from noclone.rates.flaws.pricing import creditable, keyed_states, reference, turned, turned_ceiling
from noclone.rates.key_terms import KeyTerms, checked_mask
from noclone.rates.security import IDEAL_LASER, Security

NAME = "wiesemann-2024"
SOURCE = "Wiesemann et al., Quantum 10, 2037 (2026), arXiv:2405.16578v3"
FINITE = True
INTENSITIES = (2, 3)
SECURITY = Security(
    attacks="coherent",
    regime="finite",
    assumptions=(
        IDEAL_LASER,
        "the detection probability does not depend on the basis",
        "the key length is chosen from the observed counts; the paper proves a fixed length behind an "
        "acceptance test, and the step to variable length rests on Tupkary et al., arXiv:2408.17349",
        "the split of eps_sec into 15 (one decoy) or 17 (two decoys) equal parts is ours: see key_terms",
        "two keyed bases and keys from some of the intensities extend the paper's proof: see key_terms",
    ),
    source=SOURCE,
)


class Tails(NamedTuple):
    """The two tail bounds that the proof needs.

    Parameters
    ----------
    interval : callable
        (count, trials, eps) to lower and upper bounds on the mean of a sum of independent 0-1 variables,
        each failing with probability eps.
    rate : callable
        (errors, sampled, rest, eps) to an upper bound on the error rate of what was not sampled, failing
        with probability eps^2.
    """

    interval: Callable[[Floats, Floats, Floats], tuple[Floats, Floats]]
    rate: Callable[[Floats, Floats, Floats, Floats], Floats]


ANALYTIC = Tails(hoeffding_interval, serfling_rate)
"""Hoeffding's and Serfling's inequalities: those of the paper."""

EXACT = Tails(clopper_pearson_interval, hypergeometric_rate)
"""The binomial and hypergeometric tails themselves: slower, never looser."""


def key_terms(
    counts: DecoyCounts,
    keyed: ArrayLike,
    leak_bits: ArrayLike,
    eps_sec: ArrayLike,
    eps_cor: ArrayLike,
    tails: Tails = ANALYTIC,
) -> KeyTerms:
    """Return the terms of the key length of a block.

    Parameters
    ----------
    counts : DecoyCounts
        Of one block, with intensities mu1 > mu2 > 0, or mu1 > mu2 + mu3, mu2 > mu3 >= 0; no key outside
        that order.
    keyed : array_like of bool, shape (2, K)
        Which (basis, intensity) classes are keyed.
    leak_bits : array_like, shape (...)
        Leakage of reconciliation as charged, all keyed bases together.
    eps_sec, eps_cor : array_like, shape (...)
        Total secrecy and correctness failure probabilities, split equally over the keyed bases.
    tails : Tails
        `ANALYTIC` or `EXACT`.

    Returns
    -------
    KeyTerms

    Raises
    ------
    InvalidInput
        If there are not two or three intensities, or `keyed` does not fit.

    Notes
    -----
    One keyed basis gives s0 + s1 [1 - h(phi)] - leak - log2(2/eps_cor) - 4 log2(m / (eps_sec 2^(1/4))),
    where m counts the equal parts eps_0 = eps_sec / m. With one decoy this is the paper's formula, m = 15;
    the split below is ours and reproduces its number. With two decoys we count m = 17 in the same way.

    - Entropy smoothing, 2 (eps_chain + eps_sample): 4. The chain rule between empty and single-photon
      pulses costs log2(2/eps_chain^2) bits; the phase error bound fails with probability eps_sample^2.
    - The leftover hash lemma: 1. It costs 2 log2(1/(2 eps_0)) bits.
    - One decoy: 10. In the keyed basis the upper count of mu1, the lower one of mu2, the upper error count
      of mu2 and the errors of empty pulses; in the other basis these, the upper error count of mu1 and the
      lower one of mu2. The errors of the weaker intensity alone bound the vacuum, or there would be more.
    - Two decoys: 12. In each basis the lower and upper counts of mu2 and mu3 and the upper one of mu1; in
      the other basis the upper error count of mu2 and the lower one of mu3.
    - Where some intensities are not keyed: 2 more. Intensities are independent given the photon numbers,
      so that the keyed share of empty and of single-photon pulses lies below its expectation by Hoeffding's
      inequality at most. This is not in the paper.

    - Where the source has flaws: `Flaws.events` more, and 1 more where some intensities are not keyed and
      intensities fluctuate, see `_keyed_superset`.

    Two keyed bases are charged as two keys of eps_sec/2 and eps_cor/2 each; each stays secret when the
    string of the other basis is public. This is not in the paper. Where both strings are verified and
    amplified together, the charges suffice too: a chain rule between the bases costs 1 + 2 log2(1/eps_0)
    bits, less than the second tag and the second hash; smoothing takes 2 (eps_chain + 2 a + a) with
    a = eps_chain + eps_sample, 14 parts, and hashing 1; each statistical event serves both directions, so
    that there are 12, 14 with two decoys, and 4 more with partial keys: fewer in total than 2 m.

    Examples
    --------
    >>> detections, errors = [[4e6, 1e5]] * 2, [[4e4, 1e3]] * 2
    >>> counts = DecoyCounts([0.5, 0.1], [0.9, 0.1], detections, errors)
    >>> terms = key_terms(counts, [[True] * 2, [False] * 2], leak_bits=4e5, eps_sec=1e-9, eps_cor=1e-15)
    >>> f"{float(terms.length):.3e}"
    '1.582e+06'
    """
    mask = checked_mask(counts, keyed, INTENSITIES)
    bases = np.count_nonzero(mask.any(axis=1))
    partial = (mask.any(axis=1) & ~mask.all(axis=1)).any()
    flaws = counts.flaws
    events = (15 if len(counts.intensities) == 2 else 17) + (2 + flaws.fluctuating if partial else 0)
    eps = np.asarray(eps_sec, dtype=np.float64) / bases / (events + flaws.events)
    counts = counts.with_axes(np.ndim(eps))

    sifted, wrong = counts.sifted, counts.sifted_errors

    def interval(count: Floats, trials: Floats) -> tuple[Floats, Floats]:
        low, high = tails.interval(count, trials, eps)
        if not flaws.correlated.any():
            return low, high
        # The exact tail is proven for independent choices of intensity, Hoeffding's for a chain of them too.
        least, most = hoeffding_interval(count, trials, eps)
        return np.where(flaws.correlated, least, low), np.where(flaws.correlated, most, high)

    intervals = interval(counts.detections, sifted[:, None]), interval(counts.errors, wrong[:, None])
    weights = photon_weights(counts)
    detections, errors = reference(counts, weights, intervals, eps)
    if len(counts.intensities) == 2:
        ceiling = vacuum_ceiling(weights, errors[1], hoeffding_deviation(sifted, eps))
        ceiling = turned_ceiling(counts, weights, ceiling, eps)[:, 1]
        estimate = one_decoy(counts, weights, detections, errors, np.fmin(ceiling, sifted))
    else:
        estimate = two_decoys(counts, weights, detections, errors)

    vacuum = creditable(counts, estimate.vacuum * keyed_fraction(weights.empty, mask))
    single = keyed_states(counts, weights, estimate.single) * keyed_fraction(weights.one, mask)
    if partial:
        vacuum = np.fmax(vacuum - hoeffding_deviation(estimate.vacuum, eps), 0.0)
        single = np.fmax(single - hoeffding_deviation(estimate.single, eps), 0.0)
    phase_error = tails.rate(estimate.single_errors[::-1], estimate.single[::-1], single, eps)
    phase_error = turned(counts, weights, estimate, phase_error, eps)
    if partial and flaws.fluctuating.any():
        superset = _keyed_superset(single, keyed_excess(weights, mask), eps)
        phase_error = np.where(flaws.fluctuating, np.fmin(phase_error * superset, 0.5), phase_error)
    return KeyTerms(
        vacuum=vacuum,
        single=single,
        phase_error=phase_error,
        leak_bits=np.asarray(leak_bits, dtype=np.float64),
        secrecy_bits=-bases * (4.0 * np.log2(eps) + 1.0),
        correctness_bits=bases * np.log2(2.0 * bases / np.asarray(eps_cor, dtype=np.float64)),
    )


def _keyed_superset(single: Floats, excess: Floats, eps: Floats) -> Floats:
    """Return the size of an evenly drawn set of single photons that holds all keyed ones, over their number.

    With fluctuating intensities one single photon is keyed with a probability up to `excess` times that of
    another. Drawing each with the largest of these probabilities gives a set to which the sampled error rate
    applies; each of its elements is keyed with probability 1/excess at least, so that Hoeffding's inequality
    bounds its size.

    Parameters
    ----------
    single : ndarray, shape (2, ...)
        Lower bound on keyed single photons: for more of them the quotient is smaller.
    excess : ndarray, shape (2, ...)
        At least 1.
    eps : ndarray, shape (...)
        Failure probability.
    """
    spread = np.sqrt(-0.5 * np.log(eps))
    with np.errstate(divide="ignore", invalid="ignore"):
        root = 0.5 * excess * (spread + np.sqrt(spread * spread + 4.0 * single / excess))
        return np.where(excess > 1.0, root * root / single, 1.0)
