"""Sampled counts and means against the statistics that a protocol expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from noclone.protocols.protocol import Moment

EXACT_BELOW = 200.0
"""Expected events below which the binomial distribution is used itself; above, its normal limit."""


@dataclass(frozen=True)
class Comparison:
    """One statistic of a sampled run beside its expectation.

    Attributes
    ----------
    name : str
        The protocol's name for it.
    seen, expected : float
        Count or sample mean, and what the model expects of it.
    p_value : float
        Two-sided probability of a deviation at least as large if the model is right.
    """

    name: str
    seen: float
    expected: float
    p_value: float


def compare(
    expected: Mapping[str, NDArray[np.float64] | Moment], sampled: Mapping[str, float], rounds: int
) -> list[Comparison]:
    """Return every statistic of a sampled run of one link beside what was expected.

    Parameters
    ----------
    expected : mapping
        As `Protocol.statistics` gives it: probabilities per round, or moments.
    sampled : mapping
        As `Protocol.sample` gives it: counts, or sample means.
    rounds : int
        Rounds that were played.

    Examples
    --------
    >>> [row] = compare({"click": np.array(0.1)}, {"click": 103.0}, 1000)
    >>> row.expected, 0.7 < row.p_value < 0.8
    (100.0, True)
    """
    rows = []
    for name, model in expected.items():
        seen = float(sampled[name])
        if isinstance(model, Moment):
            mean, spread = float(model.mean), float(np.sqrt(model.variance / rounds))
            rows.append(Comparison(name, seen, mean, _normal(seen - mean, spread)))
            continue
        prob = min(max(float(model), 0.0), 1.0)
        mean = prob * rounds
        if min(mean, rounds - mean) < EXACT_BELOW:
            p_value = float(binomtest(round(seen), rounds, prob).pvalue)
        else:
            p_value = _normal(seen - mean, float(np.sqrt(mean * (1 - prob))))
        rows.append(Comparison(name, seen, mean, p_value))
    return rows


def _normal(deviation: float, spread: float) -> float:
    if spread == 0:
        return 1.0 if abs(deviation) < 1e-12 else 0.0
    return float(2 * norm.sf(abs(deviation) / spread))
