"""Sending-or-not-sending twin-field key distribution: bits from whether a party sent, not from a phase.

A raw bit is right when exactly one party sent; it is secret where that party sent one photon. Active
odd-parity pairing (AOPP) removes most of the wrong bits, at the price of half of the others.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.interference import matched_clicks, random_phase_click

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


class RawBits(NamedTuple):
    """Probabilities per window in which both parties decide whether to send; shape (...) each.

    Attributes
    ----------
    alice, bob : ndarray
        Announced, and only Alice (only Bob) sent: a right bit, 1 (0).
    both, neither : ndarray
        Announced, and both or none sent: a wrong bit. Bob holds 0 where both sent, 1 where none did.
    """

    alice: Floats
    bob: Floats
    both: Floats
    neither: Floats

    @property
    def total(self) -> Floats:
        """All raw bits."""
        return self.alice + self.bob + self.both + self.neither

    @property
    def wrong(self) -> Floats:
        """Those on which the parties differ."""
        return self.both + self.neither


class Untagged(NamedTuple):
    """Raw bits of windows in which one photon was sent in all; shape (...) each.

    Attributes
    ----------
    alice, bob : ndarray
        Probability per window that only this party sent, one photon, and it was announced.
    phase_error : ndarray
        Error rate in the complementary basis.
    """

    alice: Floats
    bob: Floats
    phase_error: Floats


class Paired(NamedTuple):
    """What active odd-parity pairing leaves, per window; shape (...) each.

    Attributes
    ----------
    total, wrong : ndarray
        Pairs that survive, and those whose kept bits differ.
    untagged : ndarray
        Pairs of two untagged bits.
    phase_error : ndarray
        Error rate of those in the complementary basis.
    """

    total: Floats
    wrong: Floats
    untagged: Floats
    phase_error: Floats


def raw_bits(
    sending_prob_a: ArrayLike,
    sending_prob_b: ArrayLike,
    arriving_a: ArrayLike,
    arriving_b: ArrayLike,
    dark_count_prob: ArrayLike,
) -> RawBits:
    """Return how often raw bits of each kind come from Z windows.

    Parameters
    ----------
    sending_prob_a, sending_prob_b : array_like, shape (...)
        Probability that a party sends.
    arriving_a, arriving_b : array_like, shape (...)
        Mean photon number of a sent pulse at the middle, detection efficiency included.
    dark_count_prob : array_like, shape (...)
        Per detector and gate.

    Returns
    -------
    RawBits

    Notes
    -----
    Wang, Yu, Hu, PRA 98, 062323 (2018); phases are random, exactly one detector clicks.

    Examples
    --------
    >>> bits = raw_bits(0.3, 0.3, 0.001, 0.001, 1e-9)
    >>> round(float(bits.wrong / bits.total), 4)
    0.2999
    """
    a, b = np.asarray(sending_prob_a, float), np.asarray(sending_prob_b, float)
    return RawBits(
        alice=a * (1 - b) * lone_click(arriving_a, dark_count_prob),
        bob=(1 - a) * b * lone_click(arriving_b, dark_count_prob),
        both=a * b * random_phase_click(arriving_a, arriving_b, dark_count_prob),
        neither=(1 - a) * (1 - b) * lone_click(0.0, dark_count_prob),
    )


def lone_click(arriving: ArrayLike, dark_count_prob: ArrayLike) -> Floats:
    """Return the probability that exactly one detector clicks when one party at most has sent a pulse.

    Parameters
    ----------
    arriving : array_like, shape (...)
        Its mean photon number at the middle, detection efficiency included; 0 for no pulse.
    dark_count_prob : array_like, shape (...)
        Per detector and gate.

    Returns
    -------
    ndarray, shape (...)
        2 (1 - p) e^(-a/2) [1 - (1 - p) e^(-a/2)]; `random_phase_click` with one pulse, but faster.

    Examples
    --------
    >>> round(float(lone_click(0.01, 1e-6)), 9)
    0.009927261
    """
    half, dark = 0.5 * np.asarray(arriving, float), np.asarray(dark_count_prob, float)
    click: Floats = 2.0 * (1.0 - dark) * np.exp(-half) * (dark - (1.0 - dark) * np.expm1(-half))
    return click


def untagged_bits(
    sending_prob_a: ArrayLike,
    sending_prob_b: ArrayLike,
    intensity_a: ArrayLike,
    intensity_b: ArrayLike,
    transmittance_a: ArrayLike,
    transmittance_b: ArrayLike,
    dark_count_prob: ArrayLike,
    misalignment: ArrayLike,
) -> Untagged:
    """Return the bits of single photons and their phase-error rate, as infinitely many decoys reveal them.

    Parameters
    ----------
    sending_prob_a, sending_prob_b, dark_count_prob : array_like, shape (...)
        As in `raw_bits`.
    intensity_a, intensity_b : array_like, shape (...)
        Mean photon numbers of sent pulses.
    transmittance_a, transmittance_b : array_like, shape (...)
        Of the arms, detection efficiency included.
    misalignment : array_like, shape (...)
        Probability that a photon of matched phases goes to the wrong detector.

    Returns
    -------
    Untagged

    Notes
    -----
    Wang, Yu, Hu, PRA 98, 062323 (2018). With unequal parties the photon is in a superposition of the two
    arms, weighted by how often each sends it, and the decoys of the two parties must have intensities in
    the same proportion: Hu, Jiang, Yu, Wang, PRA 100, 062337 (2019).

    Examples
    --------
    >>> photons = untagged_bits(0.3, 0.3, 0.5, 0.5, 0.01, 0.01, 0.0, 0.05)
    >>> round(float(photons.phase_error), 12)
    0.05
    """
    a, b = np.asarray(sending_prob_a, float), np.asarray(sending_prob_b, float)
    mu_a, mu_b = np.asarray(intensity_a, float), np.asarray(intensity_b, float)
    eta_a, eta_b = np.asarray(transmittance_a, float), np.asarray(transmittance_b, float)
    dark = np.asarray(dark_count_prob, float)
    sent_a, sent_b = a * (1 - b) * mu_a * np.exp(-mu_a), (1 - a) * b * mu_b * np.exp(-mu_b)
    seen_a, seen_b = sent_a * eta_a, sent_b * eta_b
    # Amplitudes of the photon at the ports: (sqrt(seen_a) + or - sqrt(seen_b)) / sqrt 2.
    astray = 0.5 * (np.sqrt(seen_a) - np.sqrt(seen_b)) ** 2 + 2 * np.sqrt(seen_a * seen_b) * misalignment
    spurious = dark * (1 - dark)
    lost = sent_a + sent_b - seen_a - seen_b
    clicks_a = seen_a * (1 - dark) + 2 * (sent_a - seen_a) * spurious
    clicks_b = seen_b * (1 - dark) + 2 * (sent_b - seen_b) * spurious
    with np.errstate(invalid="ignore", divide="ignore"):
        phase_error = (astray * (1 - dark) + lost * spurious) / (clicks_a + clicks_b)
    return Untagged(clicks_a, clicks_b, np.where(clicks_a + clicks_b > 0, phase_error, 0.5))


def sliced_clicks(
    arriving_a: ArrayLike,
    arriving_b: ArrayLike,
    misalignment: ArrayLike,
    phase_slice_rad: ArrayLike,
    dark_count_prob: ArrayLike,
) -> tuple[Floats, Floats]:
    """Return how often only the right detector clicks, and only the wrong one, averaged over a phase slice.

    Parameters
    ----------
    arriving_a, arriving_b : array_like, shape (...)
        Mean photon numbers of the two pulses at the middle, detection efficiency included.
    misalignment : array_like, shape (...)
        Probability that a photon of equal phases goes to the wrong detector.
    phase_slice_rad : array_like, shape (...)
        Phases differ from equal or opposite ones by up to this, evenly.
    dark_count_prob : array_like, shape (...)
        Per detector and gate.

    Returns
    -------
    right, wrong : ndarray, shape (...)

    Notes
    -----
    `matched_clicks` with a visibility of (1 - 2 misalignment) cos(difference), by Gauss and Legendre's rule.

    Examples
    --------
    >>> right, wrong = sliced_clicks(0.001, 0.001, 0.05, 0.3, 0.0)
    >>> round(float(wrong / (right + wrong)), 4)
    0.0567
    """
    visibility, half = 1.0 - 2.0 * np.asarray(misalignment, float), 0.5 * np.asarray(phase_slice_rad, float)
    right: Floats = np.zeros(())
    wrong: Floats = np.zeros(())
    for node, weight in zip(_NODES, 0.5 * _WEIGHTS, strict=True):
        seen = matched_clicks(
            arriving_a, arriving_b, visibility * np.cos(half * (1.0 + node)), dark_count_prob
        )
        right, wrong = right + weight * seen[0], wrong + weight * seen[1]
    return right, wrong


def odd_parity_pairs(bits: RawBits, untagged: Untagged) -> Paired:
    """Return what is left when Bob pairs each of his rarer bits with one of the other value.

    He announces the pairs; Alice keeps those whose parity she finds odd, too, and of each they keep one bit.

    Parameters
    ----------
    bits : RawBits
    untagged : Untagged

    Returns
    -------
    Paired

    Notes
    -----
    Xu, Yu, Jiang, Hu, Wang, PRA 101, 042330 (2020).

    Examples
    --------
    >>> bits = raw_bits(0.3, 0.3, 0.001, 0.001, 1e-9)
    >>> photons = untagged_bits(0.3, 0.3, 0.5, 0.5, 0.002, 0.002, 1e-9, 0.05)
    >>> pairs = odd_parity_pairs(bits, photons)
    >>> bool(pairs.wrong < 1e-5 * pairs.total), round(float(pairs.phase_error), 4)
    (True, 0.095)
    """
    zeros, ones = bits.bob + bits.both, bits.alice + bits.neither
    with np.errstate(invalid="ignore", divide="ignore"):
        per_product = np.where(zeros * ones > 0, np.minimum(zeros, ones) / (zeros * ones), 0.0)
    wrong = per_product * bits.both * bits.neither
    return Paired(
        total=per_product * bits.bob * bits.alice + wrong,
        wrong=wrong,
        untagged=per_product * untagged.bob * untagged.alice,
        phase_error=2 * untagged.phase_error * (1 - untagged.phase_error),
    )
