"""The linear decoy-state estimates: from counts by intensity to empty pulses and single photons.

Arrays have shape (2, ...) over bases and (2, K, ...) over bases and intensities. Lower and upper counts
are equal where the asymptotic regime is meant.
"""

from typing import NamedTuple

import numpy as np

from noclone.rates.counts import Bools, DecoyCounts, Floats


class PhotonWeights(NamedTuple):
    """Probability that a pulse has intensity k and holds no photon, and one photon; shape (K, ...) each."""

    empty: Floats
    one: Floats


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
    """Return the joint probabilities of intensity and photon number 0 and 1 of a Poissonian source."""
    empty = counts.intensity_probs * np.exp(-counts.intensities)
    return PhotonWeights(empty, empty * counts.intensities)


def keyed_fraction(weights: Floats, keyed: Bools) -> Floats:
    """Return which fraction of the pulses counted by `weights` (K, ...) has a keyed intensity; (2, ...)."""
    total = weights.sum(axis=0)
    return np.stack([weights[row].sum(axis=0) / total for row in keyed])


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
    low2, low3 = (detections[0][:, k] / weights.empty[k] for k in (1, 2))
    high1, high2, high3 = (detections[1][:, k] / weights.empty[k] for k in (0, 1, 2))
    tau0, tau1 = weights.empty.sum(axis=0), weights.one.sum(axis=0)
    step = mu2 - mu3
    square = step * (mu2 + mu3)
    with np.errstate(divide="ignore", invalid="ignore"):
        vacuum = np.fmax((mu2 * low3 - mu3 * high2) / step, 0.0)
        single = low2 - high3 - square / (mu1 * mu1) * (high1 - vacuum)
        single *= mu1 / (mu1 * step - square)
        wrong = tau1 * ((errors[1][:, 1] / weights.empty[1] - errors[0][:, 2] / weights.empty[2]) / step)
    proven = (mu1 > mu2 + mu3) & (step > 0.0)
    return PhotonEstimate(
        np.where(proven, tau0 * vacuum, 0.0),
        np.where(proven, tau1 * np.fmax(single, 0.0), 0.0),
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
    ceiling: Floats = 2.0 * (weights.empty.sum(axis=0) * errors / weights.empty + slack[:, None])
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
    low2 = detections[0][:, 1] / weights.empty[1]
    high1 = detections[1][:, 0] / weights.empty[0]
    tau0, tau1 = weights.empty.sum(axis=0), weights.one.sum(axis=0)
    step = mu1 - mu2
    ratio = (mu2 / mu1) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        vacuum = np.fmax((mu1 * low2 - mu2 * high1) / step, 0.0)
        single = low2 - ratio * high1 - (1.0 - ratio) / tau0 * vacuum_upper
        single *= mu1 / (mu2 * step)
        wrong = tau1 * ((errors[1][:, 0] / weights.empty[0] - errors[0][:, 1] / weights.empty[1]) / step)
    proven = (step > 0.0) & (mu2 > 0.0)
    return PhotonEstimate(
        np.where(proven, tau0 * vacuum, 0.0),
        np.where(proven, tau1 * np.fmax(single, 0.0), 0.0),
        np.where(proven, wrong, np.inf),
    )


def phase_error_estimate(estimate: PhotonEstimate) -> Floats:
    """Return for each basis the single-photon error rate of the other basis, in [0, 1/2]; shape (2, ...)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.fmax(estimate.single_errors[::-1], 0.0) / estimate.single[::-1]
    return np.fmin(rate, 0.5)
