"""The linear decoy-state estimates: from counts by intensity to empty pulses and single photons.

Arrays have shape (2, ...) over bases and (2, K, ...) over bases and intensities. Lower and upper counts
are equal where the asymptotic regime is meant. Flaws of the source enter through the weights, which are
intervals; without flaws these are exact. What else they cost is in `rates.flaws.pricing`.

An expected count is E_k = sum over n of w_kn S_n, where w_kn is the probability of intensity k and n photons
and S_n = (detections of n photons) / (probability of n photons). Where each pulse has its own w_kn within
an interval, S_n is the sum of 1 / (probability of n photons) over detections, and all of what follows holds
with the ends of the intervals.
"""

from typing import NamedTuple

import numpy as np

from noclone.rates.counts import Bools, DecoyCounts, Floats
from noclone.rates.flaws import discrete_phases
from noclone.rates.flaws.intensity_correlation import likelihood_ratio
from noclone.rates.flaws.intensity_fluctuation import poisson_interval


class PhotonWeights(NamedTuple):
    """Probability that a pulse has intensity k and n photons, at least and at most; shape (K, ...) each.

    Parameters
    ----------
    empty, one : ndarray
        Lower bounds for n = 0 and n = 1.
    empty_high, one_high : ndarray
        Upper bounds; equal to these without flaws.
    scale, scale_high : ndarray
        For n >= 1 the bounds are scale dim^n / n! and scale_high bright^n / n!.
    dim, bright : ndarray
        Lowest and highest mean photon number of intensity k.
    """

    empty: Floats
    one: Floats
    empty_high: Floats
    one_high: Floats
    scale: Floats
    scale_high: Floats
    dim: Floats
    bright: Floats


class PhotonEstimate(NamedTuple):
    """Bounds on what the detections of each basis hold, all intensities together; shape (2, ...) each.

    Parameters
    ----------
    vacuum : ndarray
        Lower bound on detections of empty pulses, at least 0.
    single : ndarray
        Lower bound on detections of single photons, at least 0.
    single_errors : ndarray
        Upper bound on errors among the single photons.
    """

    vacuum: Floats
    single: Floats
    single_errors: Floats


def photon_weights(counts: DecoyCounts) -> PhotonWeights:
    """Return the joint probabilities of intensity and photon number of a source with its flaws.

    Where it is not Poissonian they lack a factor, at most 1, that is common to all intensities: no estimate
    depends on it.
    """
    mu, probs, flaws = counts.intensities, counts.intensity_probs, counts.flaws
    if not (flaws.fluctuating | flaws.discrete).any():
        empty = probs * (np.exp(-mu) if counts.scale is None else counts.scale)
        return PhotonWeights(empty, empty * mu, empty, empty * mu, empty, empty, mu, mu)
    number = poisson_interval(mu, flaws.intensity_deviation)
    ratio = likelihood_ratio(number.brightest[0], flaws.correlated_deviation, flaws.correlation_range)
    least, most = probs / np.sqrt(ratio), probs * np.sqrt(ratio)
    # With discrete phases a state of the mixture is a little more likely than its smallest photon number.
    most = most / (1.0 - discrete_phases.defect(number.brightest, flaws.random_phases, 0))
    scale, scale_high = least * number.scale, most * number.scale_high
    return PhotonWeights(
        empty=least * number.empty,
        one=scale * number.dimmest,
        empty_high=most * number.empty_high,
        one_high=scale_high * number.brightest,
        scale=scale,
        scale_high=scale_high,
        dim=number.dimmest,
        bright=number.brightest,
    )


def keyed_fraction(weights: Floats, keyed: Bools) -> Floats:
    """Return which fraction of the pulses counted by `weights` (K, ...) has a keyed intensity; (2, ...).

    It is 0 where nothing is known of the weights, which are 0 as lower bounds.
    """
    total = weights.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([np.where(total > 0.0, weights[row].sum(axis=0) / total, 0.0) for row in keyed])


def keyed_excess(weights: PhotonWeights, keyed: Bools) -> Floats:
    """Return how unequally likely single photons are to be keyed: the most likely over the least; (2, ...).

    Where some intensities are not keyed and intensities fluctuate, Eve may make errors in single photons
    that are keyed more often than others.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        most, least = (
            np.stack(
                [high[row].sum(axis=0) / (high[row].sum(axis=0) + low[~row].sum(axis=0)) for row in keyed]
            )
            for high, low in ((weights.one_high, weights.one), (weights.one, weights.one_high))
        )
        return np.where(most == 0.0, 1.0, most / least)


def two_decoys(
    counts: DecoyCounts,
    weights: PhotonWeights,
    detections: tuple[Floats, Floats],
    errors: tuple[Floats, Floats],
) -> PhotonEstimate:
    """Estimate from three intensities mu1 > mu2 + mu3, mu2 > mu3 >= 0; nothing is known outside that order.

    Parameters
    ----------
    counts : DecoyCounts
        With K = 3; only the intensities are read.
    weights : PhotonWeights
        Of the same source.
    detections, errors : pairs of ndarray, shape (2, 3, ...)
        Lower and upper bounds on the expected counts of each intensity.

    Returns
    -------
    PhotonEstimate

    Notes
    -----
    Lim et al., PRA 89, 022307 (2014), eqs. (2)-(4); with exact counts and mu3 = 0, eqs. (34) and (37) of
    Ma et al., PRA 72, 012326 (2005).
    """
    mu1, mu2, mu3 = counts.intensities
    w = weights
    (_, low2, low3), (high1, high2, high3) = (np.moveaxis(part, 1, 0) for part in detections)
    with np.errstate(divide="ignore", invalid="ignore"):
        vacuum = (w.one[1] * low3 - w.one_high[2] * high2) / (
            w.one[1] * w.empty_high[2] - w.one_high[2] * w.empty[1]
        )
        vacuum = np.fmax(vacuum, 0.0)
        # For n >= 2 photons: rise2 bright2^n - rise3 dim3^n <= share dim1^n, as the second test below says.
        rise2, rise3 = w.scale_high[1] / w.empty_high[1], w.scale[2] / w.empty[2]
        share = (rise2 * w.bright[1] ** 2 - rise3 * w.dim[2] ** 2) / w.dim[0] ** 2
        single = low2 / w.empty_high[1] - high3 / w.empty[2]
        single -= share / w.scale[0] * (high1 - w.empty[0] * vacuum)
        single /= rise2 * w.bright[1] - rise3 * w.dim[2] - share * w.dim[0]
        wrong = errors[1][:, 1] / w.empty[1] - errors[0][:, 2] / w.empty_high[2]
        wrong *= w.one_high.sum(axis=0) / (w.one[1] / w.empty[1] - w.one_high[2] / w.empty_high[2])
    spare2, spare3 = w.dim[0] - w.bright[1], w.dim[0] - w.dim[2]
    in_order = (mu1 > mu2 + mu3) & (w.dim[1] > w.bright[2]) & (spare2 > 0.0)
    second, third = rise2 * w.bright[1] * spare2, rise3 * w.dim[2] * spare3
    proven = in_order & (second > third) & (w.bright[1] * second >= w.dim[2] * third)
    return PhotonEstimate(
        np.where(proven, w.empty.sum(axis=0) * vacuum, 0.0),
        np.where(proven, w.one.sum(axis=0) * np.fmax(single, 0.0), 0.0),
        np.where(proven, wrong, np.inf),
    )


def vacuum_ceiling(weights: PhotonWeights, errors: Floats, slack: Floats) -> Floats:
    """Return upper bounds on the detections of empty pulses from the errors that they must cause.

    Half of the detections of empty pulses are errors, but for `slack`; and the errors with intensity k
    hold the share of intensity k in those of empty pulses.

    Parameters
    ----------
    weights : PhotonWeights
    errors : ndarray, shape (2, K, ...)
        Upper bounds on the expected errors of each intensity.
    slack : ndarray, shape (2, ...)
        Deviation of the errors of empty pulses from half of these pulses.

    Returns
    -------
    ndarray, shape (2, K, ...)
        One bound from each intensity, each valid by itself.

    Notes
    -----
    Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eq. (A16).
    """
    ceiling: Floats = 2.0 * (weights.empty_high.sum(axis=0) * errors / weights.empty + slack[:, None])
    return ceiling


def one_decoy(
    counts: DecoyCounts,
    weights: PhotonWeights,
    detections: tuple[Floats, Floats],
    errors: tuple[Floats, Floats],
    vacuum_upper: Floats,
) -> PhotonEstimate:
    """Estimate from two intensities mu1 > mu2 > 0; nothing is known outside that order.

    Parameters
    ----------
    counts : DecoyCounts
        With K = 2; only the intensities are read.
    weights : PhotonWeights
        Of the same source.
    detections, errors : pairs of ndarray, shape (2, 2, ...)
        Lower and upper bounds on the expected counts of each intensity.
    vacuum_upper : ndarray, shape (2, ...)
        Upper bound on detections of empty pulses.

    Returns
    -------
    PhotonEstimate

    Notes
    -----
    Rusca et al., Appl. Phys. Lett. 112, 171104 (2018), eqs. (A17), (A19), (A22).
    """
    mu1, mu2 = counts.intensities
    w = weights
    low2, high1 = detections[0][:, 1], detections[1][:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        vacuum = (w.one[0] * low2 - w.one_high[1] * high1) / (
            w.one[0] * w.empty_high[1] - w.one_high[1] * w.empty[0]
        )
        vacuum = np.fmax(vacuum, 0.0)
        # For n >= 2 photons intensity 2 is at most this much as likely as intensity 1.
        share = w.scale_high[1] / w.scale[0] * (w.bright[1] / w.dim[0]) ** 2
        single = low2 - share * high1
        single -= (w.empty_high[1] - share * w.empty[0]) * vacuum_upper / w.empty.sum(axis=0)
        single /= w.one_high[1] - share * w.one[0]
        wrong = errors[1][:, 0] / w.empty[0] - errors[0][:, 1] / w.empty_high[1]
        wrong *= w.one_high.sum(axis=0) / (w.one[0] / w.empty[0] - w.one_high[1] / w.empty_high[1])
    proven = (mu1 > mu2) & (w.dim[0] > w.bright[1]) & (mu2 > 0.0)
    return PhotonEstimate(
        np.where(proven, w.empty.sum(axis=0) * vacuum, 0.0),
        np.where(proven, w.one.sum(axis=0) * np.fmax(single, 0.0), 0.0),
        np.where(proven, wrong, np.inf),
    )


def phase_error_estimate(estimate: PhotonEstimate) -> Floats:
    """Return for each basis the single-photon error rate of the other basis, in [0, 1/2]; shape (2, ...)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.fmax(estimate.single_errors[::-1], 0.0) / estimate.single[::-1]
    return np.fmin(rate, 0.5)
