"""Semi-quantum protocols: what reflected and measured photons together say about a classical user's key."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]


def two_way_phase_error(
    reflected_right: ArrayLike,
    reflected_wrong: ArrayLike,
    sifted_right: ArrayLike,
    sifted: ArrayLike,
    *,
    empty_right: ArrayLike = 0.0,
    efficiency: ArrayLike = 1.0,
    dark_count_prob: ArrayLike = 0.0,
) -> Floats:
    """Return an upper bound on the phase error rate of the bits that a classical user measures and resends.

    Alice sends states of X and measures X on what comes back; all probabilities are per such round.

    Parameters
    ----------
    reflected_right, reflected_wrong : array_like, shape (...)
        The classical user reflects, and Alice finds what she sent, or the opposite.
    sifted_right : array_like, shape (...)
        He measures Z, has a click and resends, and Alice finds what she sent.
    sifted : array_like, shape (...)
        The same with either result of Alice: how often bits are kept.
    empty_right : array_like, shape (...)
        He measures Z without a click, and Alice finds what she sent.
    efficiency, dark_count_prob : array_like, shape (...)
        Of his detectors, which see both bits alike and are out of Eve's reach.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1/2.

    Notes
    -----
    Measuring Z and resending is a CNOT onto a register that starts in |0>. Had the register been measured in
    X, with result s, the photon would have gone back after Z^s, s being a fair coin; the phase error is that
    Alice, who compares what she sent with what came back, guesses s wrongly (Koashi, New J. Phys. 11, 045018,
    2009; Berta et al., Nat. Phys. 6, 659, 2010). For s = 0 the user has reflected, which is tested. For s = 1
    nobody can do the test, but both values of s together are the rounds in which he measures: with
    probabilities r of "as sent" when he reflects and m when he measures, the error rate is
    (1 - r)/2 + (2m - r)/2 = (1 - r) + m - 1/2. Photons that his detectors miss, and rounds with a dark count,
    are counted against the users; vacuum and photons do not interfere, because he randomises the phase.
    In the symmetric case without loss m = 1/2, and 1 - h(1 - r) is what Krawec, Quantum Inf. Comput. 17, 209
    (2017), arXiv:1608.07728, finds with mismatched measurements.

    Examples
    --------
    >>> round(float(two_way_phase_error(0.95, 0.05, 0.5, 1.0)), 12)
    0.05
    """
    dark, seen = _either_dark(dark_count_prob), np.asarray(efficiency, np.float64)
    reflected = np.asarray(reflected_wrong, np.float64) - np.asarray(reflected_right, np.float64)
    missed = (1.0 - dark) * reflected + np.asarray(empty_right, np.float64)
    wrong = 0.5 * seen * missed + np.asarray(sifted_right, np.float64) + dark
    return np.clip(wrong / np.maximum(sifted, 1e-300), 0.0, 0.5)


def mediated_phase_error(
    neither: ArrayLike,
    alone_a: ArrayLike,
    alone_b: ArrayLike,
    both: ArrayLike,
    *,
    efficiencies: tuple[ArrayLike, ArrayLike] = (1.0, 1.0),
    dark_count_probs: tuple[ArrayLike, ArrayLike] = (0.0, 0.0),
) -> Floats:
    """Return an upper bound on the phase error rate of the bits that a mediator connects by saying "minus".

    Parameters
    ----------
    neither : array_like, shape (...)
        Probability of "minus" where both users reflect.
    alone_a, alone_b : array_like, shape (...)
        Of "minus" with a click of the one user who measures, Alice or Bob, less that of "minus" with the same
        click where the other measures, too, and has none.
    both : array_like, shape (...)
        Of "minus" with clicks of both, who measure: how often bits are kept.
    efficiencies, dark_count_probs : tuple of two array_like, shape (...)
        Of Alice's and Bob's detectors, which see both bits alike and are out of the mediator's reach.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1/2.

    Notes
    -----
    As in `two_way_phase_error`, measuring leaves the photons after Z^s and Z^t with fair coins s and t, which
    "minus" says to be unequal; a phase error is that they are equal. Of the four cases s = t = 0 is that both
    reflect, and those in which one or both measure are averages over the coins of who measures, so that
    P(s = t = 1) = 4 both - 2 alone_a - 2 alone_b + neither. The rate is therefore
    1 + (neither - alone_a - alone_b) / (2 both), whatever the mediator sent or did.

    Examples
    --------
    >>> float(mediated_phase_error(0.0, 0.5, 0.5, 0.5))
    0.0
    """
    seen_a, seen_b = (np.asarray(each, np.float64) for each in efficiencies)
    dark_a, dark_b = (_either_dark(each) for each in dark_count_probs)
    right_a = seen_b * (1.0 - dark_b) * (np.asarray(alone_a, np.float64) - dark_a)
    right_b = seen_a * (1.0 - dark_a) * (np.asarray(alone_b, np.float64) - dark_b)
    excess = seen_a * seen_b * np.asarray(neither, np.float64) - right_a - right_b
    return np.clip(1.0 + 0.5 * excess / np.maximum(both, 1e-300), 0.0, 0.5)


def krawec_entropy(forward_error: ArrayLike, return_error: ArrayLike, reflected_error: ArrayLike) -> Floats:
    """Return a lower bound on Eve's uncertainty about a resent bit, without rounds of unequal bases.

    Parameters
    ----------
    forward_error : array_like, shape (...)
        Error rate of Z on the way to the classical user.
    return_error : array_like, shape (...)
        Error rate of Z on the way back.
    reflected_error : array_like, shape (...)
        Error rate of X over both ways where he reflects.

    Returns
    -------
    ndarray, shape (...)
        Bits per bit, between 0 and 1.

    Notes
    -----
    Eve's states of bit 0 and bit 1 come in four pairs, by whether each way had an error; given the pair,
    S(B|E) is at least 1 - h((1 + x)/2), x being the pair's overlap over its weight. The pair without errors
    has the weight w = (1 - F)(1 - R), and it alone is counted. The test in X fixes the sum of the four
    overlaps and of four terms between different pairs at 1 - 2X, and Cauchy-Schwarz bounds all but the one:
    w x >= 1 - 2X - (1 - w) - 4 sqrt(F (1 - F) R (1 - R)). F and R are taken to be the same for both bits.
    Derived here after the method of Krawec, ISIT 2015, arXiv:1412.0282; it gives that paper's threshold of
    5.34 % where all three rates are equal.

    Examples
    --------
    >>> float(krawec_entropy(0.0, 0.0, 0.0)), float(krawec_entropy(0.0, 0.0, 0.5))
    (1.0, 0.0)
    """
    forward, back = np.asarray(forward_error, np.float64), np.asarray(return_error, np.float64)
    weight = (1.0 - forward) * (1.0 - back)
    others = (1.0 - weight) + 4.0 * np.sqrt(forward * (1.0 - forward) * back * (1.0 - back))
    least = np.maximum(1.0 - 2.0 * np.asarray(reflected_error, np.float64) - others, 0.0)
    overlap = np.minimum(least / np.maximum(weight, 1e-300), 1.0)
    bits: Floats = weight * (1.0 - binary_entropy(0.5 * (1.0 + overlap)))
    return bits


def _either_dark(dark_count_prob: ArrayLike) -> Floats:
    """Return the probability that either of two detectors has a dark count."""
    prob = np.asarray(dark_count_prob, np.float64)
    return prob * (2.0 - prob)
