"""Sending-or-not-sending with finitely many windows: single photons and their phase errors, from counts.

Windows in which at most one party sent a decoy show how often the single photon of either is announced;
windows in which both sent the weaker decoy with matching phases show how often it is a phase error.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.chernoff import chernoff_interval

Floats = NDArray[np.float64]

SHARES = 22
"""Secrecy of the key over the root of the failure probability of each statement on counts.

The secrecy is 2 eps^ + 4 eps_bar + eps_PA + eps_n1 (Jiang et al., Phys. Rev. Applied 12, 024061, 2019). Here
eps^ and eps_PA are one share each. The smoothing eps_bar is the root of the probability that the phase errors
are more than stated: 7 statements on decoys, one on errors and, where bits are paired, all of these twice,
two on bits, one on pairs and one on errors of pairs, 20 at most; 4 times the root of 20 is below 18. That
the bits are fewer than stated has less than one share.
"""


ONE_SIDED = ((3, 3), (2, 3), (3, 2), (1, 3), (3, 1))
"""Alice's and Bob's intensity in the windows of `OneSided`; of signal, brighter, weaker decoy, vacuum."""


class OneSided(NamedTuple):
    """Windows in which at most one party sent a decoy; shape (...) each.

    Attributes
    ----------
    nobody, weak_a, weak_b, bright_a, bright_b : ndarray
        No party, or Alice (Bob) alone, the weaker or the brighter decoy.
    """

    nobody: Floats
    weak_a: Floats
    weak_b: Floats
    bright_a: Floats
    bright_b: Floats


class SinglePhotons(NamedTuple):
    """What is known of the raw bits of windows in which one photon was sent in all; shape (...) each.

    Attributes
    ----------
    alice, bob : ndarray
        At least so many are Alice's (Bob's).
    bits : ndarray
        At least so many are anyone's; no less than those two together.
    phase_errors : ndarray
        At most so many of all of them are phase errors.
    """

    alice: Floats
    bob: Floats
    bits: Floats
    phase_errors: Floats


class SinglePhotonPairs(NamedTuple):
    """What is known of pairs of such bits, one of each party; shape (...) each.

    Attributes
    ----------
    pairs : ndarray
        At least so many survive.
    phase_error : ndarray
        Error rate of so many of them, at most; 1/2 where nothing is known.
    """

    pairs: Floats
    phase_error: Floats


def one_sided_shares(
    window_probs: Sequence[ArrayLike], sending_prob_a: ArrayLike, sending_prob_b: ArrayLike
) -> OneSided:
    """Return the shares of windows in which at most one party sent a decoy.

    A party that does not send in a Z window counts as one that sends the vacuum, unless both had a Z window.

    Parameters
    ----------
    window_probs : sequence of four array_like, shape (...)
        Shares of Z windows, and of windows for brighter decoy, weaker decoy and vacuum, at each party.
    sending_prob_a, sending_prob_b : array_like, shape (...)
        Probability that a party sends in a Z window.

    Examples
    --------
    >>> round(float(one_sided_shares((0.5, 0.2, 0.2, 0.1), 0.4, 0.4).weak_a), 3)
    0.08
    """
    z, bright, weak, vacuum = (np.asarray(part, float) for part in window_probs)
    silent_a, silent_b = z * (1.0 - np.asarray(sending_prob_a)), z * (1.0 - np.asarray(sending_prob_b))
    empty_a, empty_b = vacuum + silent_a, vacuum + silent_b
    nobody = vacuum * empty_b + silent_a * vacuum
    return OneSided(nobody, weak * empty_b, empty_a * weak, bright * empty_b, empty_a * bright)


def single_photons(
    weak: tuple[ArrayLike, ArrayLike],
    bright: tuple[ArrayLike, ArrayLike],
    windows: OneSided,
    clicks: OneSided,
    matched: ArrayLike,
    wrong: ArrayLike,
    sent: tuple[ArrayLike, ArrayLike],
    eps: ArrayLike,
) -> SinglePhotons:
    """Return how many raw bits come from single photons, and their phase errors.

    Parameters
    ----------
    weak, bright : pairs of array_like, shape (...)
        Mean photon numbers of the weaker and of the brighter decoy, Alice's and Bob's.
    windows, clicks : OneSided
        Windows of each kind, and announcements among them.
    matched, wrong : array_like, shape (...)
        Windows in which both sent the weaker decoy and their phases matched, and announcements of the wrong
        detector among them. Equal and opposite phases must be equally likely.
    sent : pair of array_like, shape (...)
        Mean numbers of single photons that Alice alone (Bob alone) sent in Z windows.
    eps : array_like, shape (...)
        Failure probability of each statement.

    Returns
    -------
    SinglePhotons
        No bits where the decoys do not fall or are not sent.

    Notes
    -----
    The two-decoy bound on the yield of single photons and the phase error of Jiang et al., Phys. Rev.
    Applied 12, 024061 (2019), with Chernoff's bound for the mean of every count, and for how far from their
    means Z windows are. With weaker decoys a and b the single photon of matched windows comes from Alice and
    from Bob as a to b. If `sent` has another proportion, so many of the more frequent ones count as known to
    Eve that it is the same: in place of the condition of Hu, Jiang, Yu, Wang, PRA 100, 062337 (2019), which
    is that there are none.

    Examples
    --------
    >>> from noclone.rates.interference import matched_clicks, random_phase_click
    >>> gain = [1e10 * random_phase_click(0.01 * mu, 0, 1e-9) for mu in (0, 0.05, 0.05, 0.4, 0.4)]
    >>> wrong = 1e10 * matched_clicks(5e-4, 5e-4, 0.9, 1e-9)[1]
    >>> seen = single_photons(
    ...     (0.05, 0.05), (0.4, 0.4), OneSided(*[1e10] * 5), OneSided(*gain), 1e10, wrong, (1e9, 1e9), 1e-20
    ... )
    >>> round(float(seen.bits) / 2e9, 5), round(float(seen.phase_errors / seen.bits), 4)
    (0.00981, 0.0576)
    """
    x_a, x_b = (np.asarray(part, float) for part in weak)
    y_a, y_b = (np.asarray(part, float) for part in bright)
    sent_a, sent_b = (np.asarray(part, float) for part in sent)
    gains = [_gain(*each, eps) for each in zip(clicks, windows, strict=True)]
    (dark_low, dark_high), (x_a_low, _), (x_b_low, _), (_, y_a_high), (_, y_b_high) = gains
    wrong_high = _gain(wrong, matched, eps)[1]
    nats = -np.log(np.asarray(eps, float))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yield_a = _single_yield(x_a, y_a, x_a_low, y_a_high, dark_high)
        yield_b = _single_yield(x_b, y_b, x_b_low, y_b_high, dark_high)
        scale = np.fmin(sent_a / x_a, sent_b / x_b)
        mean_a, mean_b = scale * x_a * yield_a, scale * x_b * yield_b
        errors = scale * np.fmax(wrong_high * np.exp(x_a + x_b) - 0.5 * dark_low, 0.0)
        known = (y_a > x_a) & (x_a > 0) & (y_b > x_b) & (x_b > 0) & np.isfinite(mean_a + mean_b + errors)
    alice, bob, bits = (
        count_at_least(np.where(known, mean, 0.0), nats) for mean in (mean_a, mean_b, mean_a + mean_b)
    )
    return SinglePhotons(alice, bob, bits, np.where(known, count_at_most(errors, nats), np.inf))


def single_photon_pairs(
    photons: SinglePhotons, zeros: ArrayLike, ones: ArrayLike, eps: ArrayLike
) -> SinglePhotonPairs:
    """Return how many pairs of single-photon bits survive odd-parity pairing, and their phase error rate.

    Parameters
    ----------
    photons : SinglePhotons
    zeros, ones : array_like, shape (...)
        Bob's raw bits of either value.
    eps : array_like, shape (...)
        Failure probability of each statement.

    Returns
    -------
    SinglePhotonPairs

    Notes
    -----
    Pairing is that of Jiang, Hu, Xu, Yu, Wang, New J. Phys. 22, 053048 (2020); the bounds are derived here,
    for any coherent attack. Let a and b be the single-photon bits of either party, n = a + b.

    *Pairs.* Bob gives each of his rarer bits a random partner, so that the pairs are hypergeometric with mean
    a b / max(zeros, ones), and no less spread out than a sum of independent variables.

    *Phase errors.* A bit of a single photon is a qubit in the basis of who sent it. A surviving pair is odd,
    and its phase error is the singlet state. Pairing by value yields the same as drawing random pairs and
    measuring parities until there are t odd ones. With probability 1/2 at least, M = (t + sqrt t + 2) / p
    random pairs suffice, where p = 2 a b / (n (n-1)) is the share of odd ones, so that

        P(more than s phase errors) <= 2 P(more than s singlets in M random pairs).

    That number does not change when all qubits are turned alike, thus it depends on their total spin alone.
    With k phase errors in n bits the spin is n/2 - j for a j of at most k. Of the n qubits of which a random
    set of j are phase errors, the share (n-2j+1)/(n-j+1) has exactly that spin. There a pair of which one is
    an error is a singlet with probability 1/2, and the moments of the number of singlets are at most
    those of M independent pairs with probability j (n-j) / (n (n-1)). Chernoff's bound follows, for a mean
    of (t + sqrt t + 2) k (n-k) / (2 a b), which is largest for the least a and b; without deviations this is
    the error rate 2 e (1-e) where a = b. Since M <= n/2, no more than a b / n pairs are made use of.

    Examples
    --------
    >>> seen = SinglePhotons(*map(np.array, (1e6, 1e6, 2e6, 1e5)))
    >>> pairs = single_photon_pairs(seen, 2.5e6, 2.5e6, 1e-20)
    >>> round(float(pairs.pairs)), round(float(pairs.phase_error), 4)
    (393930, 0.1)
    """
    nats = -np.log(np.asarray(eps, float))
    a, b, k = photons.alice, photons.bob, photons.phase_errors
    n = a + b
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = count_at_least(a * b / np.fmax(zeros, ones), nats)
        drawn = np.fmin(pairs + np.sqrt(pairs) + 2.0, a * b / n)
        pairs = (np.sqrt(np.fmax(drawn - 1.75, 0.0)) - 0.5) ** 2
        excess = np.log(2.0 * (n - k + 1.0) / (n - 2.0 * k + 1.0))
        errors = count_at_most(drawn * k * (n - k) / (2.0 * a * b), nats + excess)
        rate = errors / pairs
        known = (drawn > 2.0) & (2.0 * k < n) & (rate < 0.5)
    return SinglePhotonPairs(np.where(known, pairs, 0.0), np.where(known, rate, 0.5))


def overhead_bits(eps: ArrayLike, eps_cor: ArrayLike) -> Floats:
    """Return the bits by which the key is shorter for its secrecy and its verification.

    Parameters
    ----------
    eps, eps_cor : array_like, shape (...)
        One share of the secrecy, and the failure probability of correctness.

    Notes
    -----
    Jiang et al. (2019): log2(2 / eps_cor) + 2 log2(1 / (sqrt 2 eps_PA eps^)).

    Examples
    --------
    >>> round(float(overhead_bits(1e-12, 1e-15)), 1)
    209.3
    """
    bits: Floats = -np.log2(np.asarray(eps_cor, float)) - 4.0 * np.log2(np.asarray(eps, float))
    return bits


def count_at_least(mean: ArrayLike, nats: ArrayLike) -> Floats:
    """Return what a sum of independent 0-1 variables of this mean is at least, but for e^(-nats); 0 at least.

    P(X <= m - d) <= exp(-d^2 / (2 m)), from H. Chernoff, Ann. Math. Stat. 23, 493 (1952).

    Examples
    --------
    >>> float(count_at_least(10000.0, 50.0))
    9000.0
    """
    m = np.fmax(mean, 0.0)
    least: Floats = np.fmax(m - np.sqrt(2.0 * np.asarray(nats, float) * m), 0.0)
    return least


def count_at_most(mean: ArrayLike, nats: ArrayLike) -> Floats:
    """Return what a sum of independent 0-1 variables of this mean is at most, but for e^(-nats).

    P(X >= m + d) <= exp(-d^2 / (2 m + d)), from H. Chernoff, Ann. Math. Stat. 23, 493 (1952).

    Examples
    --------
    >>> round(float(count_at_most(10000.0, 50.0)), 1)
    11025.3
    """
    m, c = np.asarray(mean, float), np.asarray(nats, float)
    most: Floats = m + 0.5 * (c + np.sqrt(c * (c + 8.0 * m)))
    return most


def _gain(clicks: ArrayLike, windows: ArrayLike, eps: ArrayLike) -> tuple[Floats, Floats]:
    """Return bounds on the mean share of windows with announcements; without windows nothing is known."""
    low, high = chernoff_interval(clicks, eps)
    sent = np.asarray(windows, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sent > 0, low / sent, 0.0), np.where(sent > 0, high / sent, np.inf)


def _single_yield(x: Floats, y: Floats, weak: Floats, bright: Floats, dark: Floats) -> Floats:
    """Return the least yield of a single photon from the gains of two decoys x < y and of the vacuum."""
    lead = y * y * np.exp(x) * weak - x * x * np.exp(y) * bright - (y * y - x * x) * dark
    single: Floats = np.fmax(lead / (x * y * (y - x)), 0.0)
    return single
