"""Intervals and paired tests for scores on repeated splits of the same rows.

Splits share rows, so their scores vary together and their plain variance is too small. The correction of
Nadeau and Bengio (Machine Learning 52, 239, 2003) adds the ratio of test to training rows to 1 / repetitions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.05
"""Error probability of tests, and of intervals."""


@dataclass(frozen=True)
class Interval:
    """A mean with a 95 % interval.

    Attributes
    ----------
    mean : float
    half_width : float
        nan with fewer than two scores.
    """

    mean: float
    half_width: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.half_width:.3f}"


@dataclass(frozen=True)
class Paired:
    """The difference of two models on the same splits.

    Attributes
    ----------
    difference : Interval
        First minus second.
    p : float
        Two-sided, of the corrected resampled t test; where all differences are equal, and the t test has no
        variance to go by, Wilcoxon's.
    p_wilcoxon : float
        Two-sided, of Wilcoxon's signed-rank test, which takes the splits for independent; never below
        ``2 ** (1 - splits)``.
    """

    difference: Interval
    p: float
    p_wilcoxon: float


def interval(scores: ArrayLike, test_over_train: float) -> Interval:
    """Return the mean score with its corrected t interval.

    Parameters
    ----------
    scores : array_like, shape (splits,)
    test_over_train : float
        Ratio of the numbers of rows.

    Examples
    --------
    >>> print(interval([0.90, 0.95, 0.85, 0.92, 0.88], 0.25))
    0.900 ± 0.071
    """
    from scipy.stats import t

    values = np.asarray(scores, float)
    if len(values) < 2:
        return Interval(float(values.mean()), math.nan)
    error = _error(values, test_over_train)
    return Interval(float(values.mean()), float(t.isf(LEVEL / 2, len(values) - 1)) * error)


def paired(first: ArrayLike, second: ArrayLike, test_over_train: float) -> Paired:
    """Hold two models against each other, split by split.

    Parameters
    ----------
    first, second : array_like, shape (splits,)
        Scores on the same splits.
    test_over_train : float

    Returns
    -------
    Paired

    Examples
    --------
    >>> found = paired([0.9, 0.8, 0.9, 0.9, 0.9], [0.8, 0.8, 0.7, 0.8, 0.8], 0.25)
    >>> print(found.difference, f"{found.p:.3f} {found.p_wilcoxon:.3f}")
    0.100 ± 0.132 0.103 0.125
    """
    from scipy.stats import t, wilcoxon

    # Scores are ratios of small counts; what is equal must not differ in the last bit.
    gaps = np.round(np.asarray(first, float) - np.asarray(second, float), 12)
    if len(gaps) < 2:
        return Paired(interval(gaps, test_over_train), math.nan, math.nan)
    if not gaps.any():
        return Paired(interval(gaps, test_over_train), 1.0, 1.0)
    ranks = float(wilcoxon(gaps).pvalue)
    error = _error(gaps, test_over_train)
    p = 2 * float(t.sf(abs(gaps.mean()) / error, len(gaps) - 1)) if error > 0 else ranks
    return Paired(interval(gaps, test_over_train), p, ranks)


def _error(values: np.ndarray, test_over_train: float) -> float:
    variance = float(np.var(values, ddof=1)) if np.ptp(values) else 0.0
    return math.sqrt((1 / len(values) + test_over_train) * variance)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number after Holm (1979), in the order given.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    count, largest, corrected = len(p_values), 0.0, [0.0] * len(p_values)
    for rank, place in enumerate(sorted(range(count), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (count - rank) * p_values[place]))
        corrected[place] = largest
    return corrected
