"""Counted events against the model, by basis and intensity, with how unlikely each difference is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from noclone.rates.concentration import clopper_pearson_interval

if TYPE_CHECKING:
    from noclone.pipeline import RunResult

Floats = NDArray[np.float64]

CONFIDENCE_TAIL = 0.025
"""Of each side of a 95 % interval."""

FAMILY_ERROR = 0.01
"""Probability that an honest run has a deviation beyond `Deviations.limit` anywhere."""


@dataclass(frozen=True, eq=False)
class Deviations:
    """Gains and error rates of every class, counted and expected; arrays have shape (2, K).

    Attributes
    ----------
    gain, error_rate : ndarray
        As counted; an error rate is nan where there is no event.
    gain_bars, error_bars : ndarray, shape (2, 2, K)
        Lower and upper ends of 95 % confidence intervals, after Clopper and Pearson.
    model_gain, model_error_rate : ndarray
        As expected.
    gain_sigmas, error_sigmas : ndarray
        Differences in standard deviations of the model.
    """

    gain: Floats
    gain_bars: Floats
    model_gain: Floats
    gain_sigmas: Floats
    error_rate: Floats
    error_bars: Floats
    model_error_rate: Floats
    error_sigmas: Floats

    @property
    def largest(self) -> float:
        """Largest deviation of all, in standard deviations."""
        return float(max(np.abs(self.gain_sigmas).max(), np.abs(self.error_sigmas).max()))

    @property
    def figures(self) -> int:
        """Number of figures compared."""
        return self.gain_sigmas.size + self.error_sigmas.size

    @property
    def limit(self) -> float:
        """Deviation that chance passes anywhere with probability `FAMILY_ERROR` at most."""
        return float(norm.isf(FAMILY_ERROR / 2 / self.figures))


def deviations(result: RunResult) -> Deviations:
    """Hold the counted events of a run against what the model expects without Eve.

    Gains are per pulse of the class; how many were sent is known by its expectation only. A gain's
    deviation is in sqrt(N) of the expected events, an error rate's in its binomial deviation.
    """
    protocol, expected = result.setup.recorded, result.expected.counts
    seen, wrong = result.detections.astype(float), result.errors.astype(float)
    match = np.array([protocol.basis_prob**2, (1 - protocol.basis_prob) ** 2])
    sent = result.pulses * match[:, None] * np.array(protocol.intensity_probs)
    tail = np.asarray(CONFIDENCE_TAIL)
    with np.errstate(divide="ignore", invalid="ignore"):
        model_rate = np.nan_to_num(expected.errors / expected.detections)
        return Deviations(
            gain=seen / sent,
            gain_bars=np.stack(clopper_pearson_interval(seen, sent, tail)) / sent,
            model_gain=expected.detections / sent,
            gain_sigmas=_in_sigmas(seen - expected.detections, np.sqrt(expected.detections)),
            error_rate=wrong / seen,
            error_bars=np.stack(clopper_pearson_interval(wrong, seen, tail)) / seen,
            model_error_rate=model_rate,
            error_sigmas=_in_sigmas(wrong - seen * model_rate, np.sqrt(seen * model_rate * (1 - model_rate))),
        )


def _in_sigmas(excess: Floats, sigma: Floats) -> Floats:
    """Return excess / sigma: 0 where nothing is expected nor found, infinite where something is found."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(excess == 0, 0.0, excess / sigma)
