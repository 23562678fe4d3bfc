"""Coherent one-way: the legacy estimate of Eve's knowledge, and the attack that leaves no error behind."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]


def visibility_phase_error(visibility: ArrayLike, intensity: ArrayLike) -> Floats:
    """Return the phase error rate that the interference visibility used to be taken for; NOT a bound.

    (1 - xi) / 2 with xi = (2 V - 1) e^(-mu) - 2 sqrt[V (1 - V) (1 - e^(-2 mu))].

    Parameters
    ----------
    visibility : array_like, shape (...)
        V of the monitoring line, in [1/2, 1].
    intensity : array_like, shape (...)
        Mean photons of a pulse that is not empty.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1/2.

    Notes
    -----
    Branciard, Gisin, Scarani, New J. Phys. 10, 013031 (2008), for collective attacks on pairs of pulses.
    Attacks on longer strings of pulses keep V = 1 and know every bit: see `zero_error_gain`.

    Examples
    --------
    >>> round(float(visibility_phase_error(1.0, 0.1)), 6), float(visibility_phase_error(0.5, 0.1))
    (0.047581, 0.5)
    """
    v, mu = np.asarray(visibility, dtype=np.float64), np.asarray(intensity, dtype=np.float64)
    cross = 2.0 * np.sqrt(np.maximum(v * (1.0 - v), 0.0) * -np.expm1(-2.0 * mu))
    phase_error: Floats = 0.5 * (1.0 - np.maximum((2.0 * v - 1.0) * np.exp(-mu) - cross, 0.0))
    return phase_error


def legacy_rate(gain: ArrayLike, qber: ArrayLike, phase_error: ArrayLike, f_ec: ArrayLike) -> Floats:
    """Return the legacy rate Q [1 - h(e_ph) - f h(e)], which the zero-error attack voids.

    Parameters
    ----------
    gain : array_like, shape (...)
        Probability of a sifted bit.
    qber, phase_error : array_like, shape (...)
        Error rates.
    f_ec : array_like, shape (...)
        Leakage of reconciliation over the Shannon limit.

    Returns
    -------
    ndarray, shape (...)
        Negative where there is no key.

    Examples
    --------
    >>> round(float(legacy_rate(0.01, 0.01, 0.05, 1.1)), 8)
    0.00624731
    """
    secret = 1.0 - binary_entropy(phase_error) - np.asarray(f_ec, np.float64) * binary_entropy(qber)
    return np.asarray(gain, dtype=np.float64) * secret


def zero_error_gain(intensity: ArrayLike, decoy_prob: ArrayLike) -> Floats:
    """Return the bits per sequence that Eve can send on without any error while she knows them all.

    Eve discriminates the three sequences |0>|a>, |a>|0>, |a>|a> unambiguously, each with the same
    probability. Within a run of conclusive results she sends on, as bright as she likes, what lies between
    the first sequence that begins with an empty pulse and the last that ends with one, and nothing else. At
    such ends there is no interference to be missed, and in between it is perfect: no bit error, visibility 1.
    As soon as an honest link detects less than this, it gives no key at all.

    Parameters
    ----------
    intensity : array_like, shape (...)
        Mean photons of a pulse that is not empty.
    decoy_prob : array_like, shape (...)
        Share of the sequences |a>|a>.

    Returns
    -------
    ndarray, shape (...)
        Probability that a sequence carries a bit that Eve knows and Bob detects.

    Notes
    -----
    The idea is that of Gonzalez-Payo, Trenyi, Wang, Curty, PRL 125, 260510 (2020), arXiv:2006.16891; this
    measurement is a simple one and not the best, so the true limit is lower. The success probability is the
    smallest eigenvalue of the matrix of overlaps, mu/3 for weak light, so the gain is O(mu^2); an honest
    gain of eta mu beats it only for mu = O(eta), and the rate is O(eta^2).

    Examples
    --------
    >>> float(zero_error_gain(0.0, 0.1)), round(float(zero_error_gain(0.5, 0.1)), 6)
    (0.0, 0.011501)
    """
    f = np.asarray(decoy_prob, dtype=np.float64)
    bit = 0.5 * (1.0 - f) * discrimination_prob(intensity)
    # From a sequence on, every result is conclusive until one that ends as wanted.
    reached = bit / (1.0 - (f + 0.5 * (1.0 - f)) * discrimination_prob(intensity))
    gain: Floats = 2.0 * bit * reached
    return gain


def discrimination_prob(intensity: ArrayLike) -> Floats:
    """Return the probability to identify |0>|a>, |a>|0> or |a>|a> without error, the same for all three.

    Parameters
    ----------
    intensity : array_like, shape (...)
        |a|^2.

    Returns
    -------
    ndarray, shape (...)
        The smallest eigenvalue of the Gram matrix, whose overlaps are e^(-mu), e^(-mu/2), e^(-mu/2).

    Notes
    -----
    Duan and Guo, PRL 80, 4999 (1998): equal success p is possible when the Gram matrix minus p is positive.

    Examples
    --------
    >>> round(float(discrimination_prob(1e-4)) * 1e4, 4)
    0.3333
    """
    # The smaller root of x^2 - (2 + g) x + 1 - g, with g = e^(-mu), in a form that keeps its digits.
    g = np.exp(-np.asarray(intensity, dtype=np.float64))
    lost = -np.expm1(-np.asarray(intensity, dtype=np.float64))
    prob: Floats = 2.0 * lost / (2.0 + g + np.sqrt(g * g + 8.0 * g))
    return prob
