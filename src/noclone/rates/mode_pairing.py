"""Mode pairing: rounds in which one detector clicked are paired afterwards, to rounds of MDI-QKD.

A round holds one pulse of each party, or none. Clicks are paired with the next one if that comes within the
maximal pairing length, so that pairs keep their phase relation.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ive

from noclone.rates.mdi import Announced, one_click

Floats = NDArray[np.float64]

HARMONICS = 24
"""Of the relative phase; those beyond carry less than 1e-16 of the clicks below 10 photons per pulse."""


class Paired(NamedTuple):
    """What clicks and pairs are; shape (...) each.

    Attributes
    ----------
    click : ndarray
        Probability that exactly one detector clicks in a round.
    key_pair : ndarray
        Share of the pairs in which each party sent a pulse in one of the two rounds.
    key_error : ndarray
        Share of the pairs in which both did so in the same round: their bits differ.
    weight : ndarray
        What turns the yield of single photons, one in each of two modes per party, into a share of the pairs.
    """

    click: Floats
    key_pair: Floats
    key_error: Floats
    weight: Floats


def pairs_per_round(click_prob: ArrayLike, pairing_length: ArrayLike) -> Floats:
    """Return how many pairs there are per round, in a long run.

    Parameters
    ----------
    click_prob : array_like, shape (...)
        Probability p of a click in a round.
    pairing_length : array_like, shape (...)
        Largest distance l of the clicks of a pair, in rounds. A click whose successor comes later is dropped.

    Returns
    -------
    ndarray, shape (...)
        p/2 where l is large against 1/p, p^2 where l = 1 and p is small.

    Notes
    -----
    P. Zeng, H. Zhou, W. Wu, X. Ma, Nat. Commun. 13, 3903 (2022), eq. (4): 1 / [1/(p (1 - (1-p)^l)) + 1/p].

    Examples
    --------
    >>> float(pairs_per_round(1e-5, 1e6))
    4.999886503274...e-06
    """
    p = np.asarray(click_prob, float)
    in_time = _in_time(p, np.asarray(pairing_length, float))
    return p * in_time / (1.0 + in_time)


def phase_coherence(click_prob: ArrayLike, pairing_length: ArrayLike, phase_per_round: ArrayLike) -> Floats:
    """Return the mean cosine of the phase that has passed between the two clicks of a pair.

    Parameters
    ----------
    click_prob, pairing_length : array_like, shape (...)
        As in `pairs_per_round`.
    phase_per_round : array_like, shape (...)
        By how much the relative phase of the parties drifts from one round to the next, in radians.

    Returns
    -------
    ndarray, shape (...)
        1 without drift. Distances of clicks are geometric, cut off at the pairing length.

    Examples
    --------
    >>> round(float(phase_coherence(1e-4, 2000, 1e-4)), 6)
    0.993672
    """
    p, length = np.asarray(click_prob, float), np.asarray(pairing_length, float)
    turn = np.asarray(phase_per_round, float)
    if not turn.any():
        return np.ones(np.broadcast_shapes(p.shape, length.shape, turn.shape))
    in_time = _in_time(p, length)
    # p e^(i w) (1 - (q e^(i w))^l) / ((1 - q e^(i w)) (1 - q^l)) with q = 1 - p, each difference by itself.
    left = in_time + (1.0 - in_time) * _one_minus_turned(length * turn)
    step = p + (1.0 - p) * _one_minus_turned(turn)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Floats = np.real(p * np.exp(1j * turn) * left / step) / in_time
    return np.where(in_time > 0.0, mean, 1.0)


def paired(
    light_a: ArrayLike, light_b: ArrayLike, signal_prob: ArrayLike, dark_count_prob: ArrayLike
) -> Paired:
    """Return what the middle announces and what its pairs are when each party sends a pulse or nothing.

    Parameters
    ----------
    light_a, light_b : array_like, shape (...)
        Mean photon numbers of the pulses, arm and detection efficiency included.
    signal_prob : array_like, shape (...)
        Probability that a party sends a pulse.
    dark_count_prob : array_like, shape (...)
        Per detector and round.

    Notes
    -----
    Zeng et al. (2022), eqs. (90)-(104), for unequal arms and any share of pulses, and with exactly one click
    as the protocol announces it where the paper's simulation counts any click.

    Examples
    --------
    >>> pairs = paired(0.01, 0.01, 0.5, 1e-8)
    >>> round(float(pairs.click), 6), round(float(pairs.key_pair), 4)
    (0.009901, 0.1256)
    """
    send, dark = np.asarray(signal_prob, float), np.asarray(dark_count_prob, float)
    none, both = 2.0 * (1.0 - dark) * dark, one_click(light_a, light_b, dark)
    only_a, only_b = one_click(light_a, 0.0, dark), one_click(0.0, light_b, dark)
    mixed = send * (1.0 - send)
    click = (1.0 - send) ** 2 * none + mixed * (only_a + only_b) + send**2 * both
    with np.errstate(divide="ignore", invalid="ignore"):
        orders = np.where(click > 0.0, 2.0 * (mixed / click) ** 2, 0.0)
    wrong = orders * none * both
    return Paired(click, orders * only_a * only_b + wrong, wrong, 2.0 * orders)


def matched_pairs(
    light_a: ArrayLike,
    light_b: ArrayLike,
    dark_count_prob: ArrayLike,
    misalignment: ArrayLike,
    click_prob: ArrayLike,
    pairing_length: ArrayLike,
    phase_per_round: ArrayLike,
) -> Announced:
    """Return how often two rounds both show a click when both parties send pulses of matching phases.

    Parameters
    ----------
    light_a, light_b, dark_count_prob
        As in `paired`.
    misalignment : array_like, shape (...)
        Probability that the second click of a pair is at the wrong detector.
    click_prob, pairing_length, phase_per_round
        As in `phase_coherence`.

    Returns
    -------
    Announced
        Probability of both clicks, and of clicks that do not show the difference of the phases.

    Notes
    -----
    The product of the two rounds' probabilities, harmonic by harmonic of the relative phase; without drift it
    is `diagonal_gains` of twice the light.

    Examples
    --------
    >>> pairs = matched_pairs(0.01, 0.01, 0.0, 0.0, 0.05, 100, 0.0)
    >>> round(float(pairs.click), 9), round(float(pairs.error / pairs.click), 4)
    (0.000390136, 0.2487)
    """
    a, b = np.asarray(light_a, float), np.asarray(light_b, float)
    live, cross = 1.0 - np.asarray(dark_count_prob, float), np.sqrt(a * b)
    half = 0.5 * (a + b)
    # exp(-half) I_k(cross) = exp(cross - half) ive(k, cross)
    scale = np.exp(cross - half)
    either = (scale * ive(0, cross) - live * np.exp(-2.0 * half)) ** 2
    difference = np.zeros_like(either)
    for k in range(1, HARMONICS):
        part = 2.0 * (scale * ive(k, cross)) ** 2
        part = part * phase_coherence(click_prob, pairing_length, k * np.asarray(phase_per_round, float))
        either, difference = (either, difference + part) if k % 2 else (either + part, difference)
    aligned = 1.0 - 2.0 * np.asarray(misalignment, float)
    return Announced(4.0 * live**2 * either, 2.0 * live**2 * (either - aligned * difference))


def _in_time(click_prob: Floats, pairing_length: Floats) -> Floats:
    """Return the probability that the next click comes within the pairing length."""
    with np.errstate(divide="ignore"):
        in_time: Floats = -np.expm1(pairing_length * np.log1p(-click_prob))
    return in_time


def _one_minus_turned(phase: Floats) -> NDArray[np.complex128]:
    """Return 1 - e^(i phase)."""
    turned: NDArray[np.complex128] = 2.0 * np.sin(0.5 * phase) ** 2 - 1j * np.sin(phase)
    return turned
