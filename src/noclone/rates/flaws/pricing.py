"""What flaws cost a decoy-state bound beyond the weights of photon numbers; nothing without flaws.

Arrays have shape (2, ...) over bases and (2, K, ...) over bases and intensities, as in `rates.decoy`.
"""

import numpy as np

from noclone.rates.concentration import least_mean
from noclone.rates.counts import DecoyCounts, Floats
from noclone.rates.decoy import PhotonEstimate, PhotonWeights
from noclone.rates.flaws import discrete_phases, quantum_coin

Interval = tuple[Floats, Floats]
"""Lower and upper bounds on the expected counts of each intensity; shape (2, K, ...) each."""


def reference(
    counts: DecoyCounts, weights: PhotonWeights, intervals: tuple[Interval, Interval], eps: Floats | None
) -> tuple[Interval, Interval]:
    """Return intervals of detections and errors as pulses of definite photon numbers would have given them.

    Parameters
    ----------
    counts : DecoyCounts
        What was counted.
    weights : PhotonWeights
        Of its source.
    intervals : pair of Interval
        Of detections and of errors.
    eps : ndarray, shape (...) or None
        Failure probability for each basis; None in the asymptotic regime.
    """
    phases = counts.flaws.random_phases
    discrete = counts.flaws.discrete
    if not discrete.any():
        return intervals
    sent = counts.pulses_sent
    if eps is not None:
        # Expected counts are those of the detections there were; so many more pulses may stand behind them.
        least = least_mean(counts.sifted, eps)
        with np.errstate(divide="ignore", invalid="ignore"):
            sent = np.where(least > 0.0, sent * counts.sifted / least, np.inf)
    distance = discrete_phases.amplitude_distance(discrete_phases.defect(weights.bright, phases, 0))
    of_class = sent[:, None] * counts.intensity_probs

    def moved(low: Floats, high: Floats) -> Interval:
        least, most = discrete_phases.reference_counts(low, high, distance, of_class)
        return np.where(discrete, least, low), np.where(discrete, most, high)

    with np.errstate(invalid="ignore"):
        return moved(*intervals[0]), moved(*intervals[1])


def turned(
    counts: DecoyCounts,
    weights: PhotonWeights,
    estimate: PhotonEstimate,
    phase_error: Floats,
    eps: Floats | None,
) -> Floats:
    """Return the phase error rate of states that tell of their basis, from what it would be if they did not.

    Parameters
    ----------
    counts : DecoyCounts
        What was counted.
    weights : PhotonWeights
        Of its source.
    estimate : PhotonEstimate
        From them.
    phase_error : ndarray, shape (2, ...)
        Upper bound on the error rate of single photons, had they been sent in the other basis.
    eps : ndarray, shape (...) or None
        Failure probability of the yield of each basis; None in the asymptotic regime.
    """
    flaws = counts.flaws
    if not flaws.leaking.any():
        return phase_error
    seen = estimate.single if eps is None else least_mean(estimate.single, eps)
    sent = counts.pulses_sent * weights.one_high.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(sent > 0.0, seen / sent, 0.0)
    more = quantum_coin.phase_error(phase_error, flaws.angle(weights.bright[0]), rate, rate[::-1])
    return np.where(flaws.leaking, more, phase_error)


def turned_ceiling(counts: DecoyCounts, weights: PhotonWeights, ceiling: Floats, eps: Floats) -> Floats:
    """Return upper bounds on the detections of empty pulses where light of Eve tells her of Alice's bit.

    She need not be wrong half of the time then. The roots of the numbers of right and of wrong detections
    differ by sqrt(2 - 2 F) per root of the pulses sent, with F the overlap of what she gets for 0 and 1.

    Parameters
    ----------
    counts : DecoyCounts
        What was counted.
    weights : PhotonWeights
        Of its source.
    ceiling : ndarray, shape (2, K, ...)
        From `vacuum_ceiling`: twice the errors of empty pulses.
    eps : ndarray, shape (...)
        Failure probability of the yield of empty pulses of each basis.
    """
    mean = np.asarray(counts.flaws.trojan_photons, dtype=np.float64)
    if not np.any(mean):
        return ceiling
    wrong = 0.5 * ceiling
    with np.errstate(divide="ignore", invalid="ignore"):
        sent = (counts.pulses_sent * weights.empty_high.sum(axis=0))[:, None] * wrong / least_mean(wrong, eps)
        # Coherent states of opposite phase have the overlap exp(-2 mean).
        right = (np.sqrt(wrong) + np.sqrt(-2.0 * np.expm1(-2.0 * mean) * sent)) ** 2
    return np.where(mean > 0.0, wrong + np.where(np.isnan(right), np.inf, right), ceiling)


def creditable(counts: DecoyCounts, vacuum: Floats) -> Floats:
    """Return the detections of empty pulses that count as secret: none where the bit leaks by another way."""
    return np.where(counts.flaws.leaking, 0.0, vacuum)


def keyed_states(counts: DecoyCounts, weights: PhotonWeights, single: Floats) -> Floats:
    """Return a lower bound on detections of the one-photon states that were sent; shape (2, ...).

    They differ from single photons, of which `single` is a lower bound, where phases are discrete.
    """
    discrete = counts.flaws.discrete
    if not discrete.any():
        return single
    distance = discrete_phases.amplitude_distance(
        discrete_phases.defect(weights.bright[0], counts.flaws.random_phases, 1)
    )
    sent = counts.pulses_sent * weights.one_high.sum(axis=0)
    return np.where(discrete, discrete_phases.reference_counts(single, single, distance, sent)[0], single)
