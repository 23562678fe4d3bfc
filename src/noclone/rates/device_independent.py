"""What a violation of the CHSH inequality proves about an eavesdropper, and what a device loses to absence.

S is the CHSH value: at most 2 where outcomes are fixed in advance, at most 2 sqrt(2) in quantum mechanics.
The same test as a game is won with probability 1/2 + S/8.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]

TSIRELSON = 2.0 * np.sqrt(2.0)


def holevo_bits(chsh: ArrayLike) -> Floats:
    """Return chi(S) = h((1 + sqrt((S/2)^2 - 1)) / 2), what Eve can know of a key bit.

    Parameters
    ----------
    chsh : array_like, shape (...)
        S; 1 bit at 2 and below, 0 at 2 sqrt(2) and above.

    Returns
    -------
    ndarray, shape (...)
        Bits per key bit: 1 - chi bounds its entropy given Eve's quantum system from below.

    Notes
    -----
    Acín et al., PRL 98, 230501 (2007), eq. (3); tight against collective attacks.

    Examples
    --------
    >>> holevo_bits([2.0, 2.5, 2.0 * 2**0.5]).round(6).tolist()
    [1.0, 0.543564, 0.0]
    """
    half = np.clip(np.asarray(chsh, dtype=np.float64) / 2.0, 1.0, np.sqrt(2.0))
    return binary_entropy(0.5 * (1.0 + np.sqrt(np.minimum(half**2 - 1.0, 1.0))))


def error_of_chsh(chsh: ArrayLike) -> Floats:
    """Return the mean error rate that S shows in the two bases of a plane: (1 - S / (2 sqrt(2))) / 2.

    For qubits measured in known directions this is an identity between averages; for a singlet with white
    noise it is also the error rate of the key.

    Examples
    --------
    >>> round(float(error_of_chsh(2.0)), 6)
    0.146447
    """
    error: Floats = 0.5 * (1.0 - np.asarray(chsh, dtype=np.float64) / TSIRELSON)
    return error


class Station(NamedTuple):
    """What a station with two threshold detectors makes of one photon.

    Exactly one detector clicks with probability 2 `alone`, whatever the state; the probability that it is
    detector j alone is `alone` plus or minus `contrast` for a photon polarised along or against j.

    Attributes
    ----------
    alone, contrast : ndarray, shape (...)
    """

    alone: Floats
    contrast: Floats


def station(efficiency: ArrayLike, dark_count_prob: ArrayLike, misalignment: ArrayLike) -> Station:
    """Return what a station makes of one photon.

    Parameters
    ----------
    efficiency : array_like, shape (...)
        Probability that the photon is detected, channel included.
    dark_count_prob : array_like, shape (...)
        Per detector.
    misalignment : array_like, shape (...)
        Probability that the photon goes to the wrong detector.

    Examples
    --------
    >>> [float(part) for part in station(0.9, 0.0, 0.0)]
    [0.45, 0.45]
    """
    eta, dark, wrong = (
        np.asarray(part, dtype=np.float64) for part in (efficiency, dark_count_prob, misalignment)
    )
    silent = 1.0 - dark
    return Station(silent * (0.5 * eta + (1.0 - eta) * dark), silent * 0.5 * eta * (1.0 - 2.0 * wrong))


class Correlations(NamedTuple):
    """What two stations see of single pairs when nothing is discarded.

    The bit is 1 where detector 1 clicked alone, and 0 in every other case. Parts add up over segments of
    a channel that varies.

    Attributes
    ----------
    chsh : ndarray, shape (...)
        S at the four optimal settings.
    one_a, one_b : ndarray, shape (...)
        Probability that the bit is 1.
    both : ndarray, shape (...)
        Probability that both bits are 1 at the settings of the key.
    unequal : ndarray, shape (...)
        Probability that one detector 1 and at the other station detector 0 click alone, there.
    """

    chsh: Floats
    one_a: Floats
    one_b: Floats
    both: Floats
    unequal: Floats

    @property
    def qber(self) -> Floats:
        """Probability that the bits of the key differ."""
        error: Floats = self.one_a + self.one_b - 2.0 * self.both
        return error

    @property
    def win_prob(self) -> Floats:
        """Probability that a round of the CHSH game is won."""
        won: Floats = 0.5 + self.chsh / 8.0
        return won

    @property
    def missing_entropy(self) -> Floats:
        """H(A|B) in bits when Bob remembers which of his rounds had no single click.

        Ma and Lütkenhaus, Quantum Inf. Comput. 12, 203 (2012): his bit is assigned for the proof only.
        """
        # Bob's detector 0 alone, detector 1 alone, neither; each with Alice's bit 1, and in total.
        ones = (self.unequal, self.both, self.one_a - self.both - self.unequal)
        totals = (self.one_b, self.one_b, 1.0 - 2.0 * self.one_b)
        bits: Floats = np.zeros(())
        for one, total in zip(ones, totals, strict=True):
            bits = bits + (xlogy(total, total) - xlogy(one, one) - xlogy(total - one, total - one)) / np.log(
                2.0
            )
        return bits


def correlations(alice: Station, bob: Station, visibility: ArrayLike) -> Correlations:
    """Return what two stations see of singlets of this visibility.

    Parameters
    ----------
    alice, bob : Station
    visibility : array_like, shape (...)
        1 - 2 e for a polarisation error e.

    Notes
    -----
    Without dark counts and misalignment, S = 2 sqrt(2) eta^2 + 2 (1 - eta)^2 and Q = eta (1 - eta), as in
    Pironio et al., New J. Phys. 11, 045021 (2009).

    Examples
    --------
    >>> seen = correlations(station(0.9, 0, 0), station(0.9, 0, 0), 1.0)
    >>> round(float(seen.chsh), 6), round(float(seen.qber), 6)
    (2.311026, 0.09)
    """
    product = alice.alone * bob.alone
    turned = alice.contrast * bob.contrast * np.asarray(visibility, dtype=np.float64)
    biased = (1.0 - 2.0 * alice.alone) * (1.0 - 2.0 * bob.alone)
    return Correlations(
        2.0 * biased + 4.0 * TSIRELSON * turned, alice.alone, bob.alone, product + turned, product - turned
    )


def accumulated_entropy(
    win_prob: ArrayLike, test_prob: ArrayLike, rounds: ArrayLike, smoothing: ArrayLike, event_prob: ArrayLike
) -> Floats:
    """Return the smooth min-entropy per round of Alice's bits and Bob's tested bits, given all that Eve has.

    Parameters
    ----------
    win_prob : array_like, shape (...)
        Share of the tested rounds in which the CHSH game was won.
    test_prob : array_like, shape (...)
        gamma, probability that a round is a test.
    rounds : array_like, shape (...)
        n.
    smoothing, event_prob : array_like, shape (...)
        eps_s, and the probability of not aborting down to which the statement is needed.

    Returns
    -------
    ndarray, shape (...)
        Bits per round; negative where the block is too short for any statement.

    Notes
    -----
    Arnon-Friedman et al., Nat. Commun. 9, 459 (2018), the function eta_opt, from the entropy accumulation
    theorem of Dupuis, Fawzi, Renner, Commun. Math. Phys. 379, 867 (2020): with g(w) = 1 - chi(8 w - 4)
    and its tangent at w_t as min-tradeoff function, n [tangent(w) - (2 / sqrt(n)) (log2 13 + 1
    + g'(w_t) / gamma) sqrt(1 - 2 log2(eps_s p))]; the 1 pays for rounding the gradient up. As g is convex,
    the best tangent is that at w_t = w - 2 sqrt(1 - 2 log2(eps_s p)) / (gamma sqrt(n)), where the bound is
    g(w_t) less the term without gradient: no search is needed.

    Examples
    --------
    >>> round(float(accumulated_entropy(0.85, 0.01, 1e15, 1e-6, 1e-6)), 4)
    0.9175
    """
    n = np.asarray(rounds, dtype=np.float64)
    spread = 2.0 * np.sqrt((1.0 - 2.0 * np.log2(smoothing) - 2.0 * np.log2(event_prob)) / n)
    tangent_at = np.asarray(win_prob, dtype=np.float64) - spread / np.asarray(test_prob, dtype=np.float64)
    entropy: Floats = 1.0 - holevo_bits(8.0 * tangent_at - 4.0) - spread * (np.log2(13.0) + 1.0)
    return entropy


def entropy_of_tests(
    test_prob: ArrayLike, rounds: ArrayLike, smoothing: ArrayLike, event_prob: ArrayLike
) -> Floats:
    """Return the smooth max-entropy per round of Bob's tested bits, which the key must not count as secret.

    Parameters
    ----------
    test_prob, rounds, smoothing, event_prob : array_like, shape (...)
        As in `accumulated_entropy`.

    Notes
    -----
    Arnon-Friedman et al., Nat. Commun. 9, 459 (2018): gamma n + 2 log2(7) sqrt(1 - 2 log2(eps_s p)) sqrt(n).

    Examples
    --------
    >>> round(float(entropy_of_tests(0.01, 1e12, 1e-6, 1e-6)), 6)
    0.01005
    """
    n = np.asarray(rounds, dtype=np.float64)
    spread = 2.0 * np.sqrt((1.0 - 2.0 * np.log2(smoothing) - 2.0 * np.log2(event_prob)) / n)
    entropy: Floats = np.asarray(test_prob, dtype=np.float64) + np.log2(7.0) * spread
    return entropy


def chain_rule_bits(smoothing: ArrayLike) -> Floats:
    """Return what the chain rule for smooth entropies costs: -3 log2(1 - sqrt(1 - eps^2)) bits.

    Notes
    -----
    Vitanov, Dupuis, Tomamichel, Renner, IEEE Trans. Inf. Theory 59, 2603 (2013), as used by Arnon-Friedman
    et al., Nat. Commun. 9, 459 (2018), with eps = eps_s / 4.

    Examples
    --------
    >>> round(float(chain_rule_bits(1e-6)), 2)
    122.59
    """
    eps = np.asarray(smoothing, dtype=np.float64)
    # 1 - sqrt(1 - eps^2) without cancellation.
    bits: Floats = -3.0 * (2.0 * np.log2(eps) - np.log2(1.0 + np.sqrt(1.0 - eps**2)))
    return bits
