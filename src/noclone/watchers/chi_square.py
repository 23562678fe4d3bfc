"""Chi-square test: the squared deviations of all features from normal, added up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f as fisher
from sklearn.covariance import ledoit_wolf

from noclone.watchers.outliers import Outliers
from noclone.watchers.scale import Scale
from noclone.watchers.watcher import EXACT, Watcher

Floats = NDArray[np.float64]


class ChiSquareTest(Outliers):
    """Alarm when a row lies too far from the mean of normal rows, in units of their spread.

    The squared Mahalanobis distance, with the correlations of the standardised features shrunk towards none
    as far as Ledoit and Wolf advise. Of independent features it is the sum of the squares of the
    standardised features; of correlated ones with many rows, Hotelling's T-squared. For Gaussian features
    the law is the chi-square law with as many degrees of freedom as features, made wider by what a finite
    number of rows leaves open, which is exact without shrinkage (Hotelling, Ann. Math. Stat. 2, 360, 1931).
    With hardly more rows than features, correlated ones raise fewer false alarms than asked for.

    Parameters
    ----------
    false_alarm_rate : float
        Share of normal rows that raise an alarm.

    Attributes
    ----------
    scale_ : Scale
    shrinkage_ : float
        From 0, the correlations of the sample, to 1, none.
    precision_ : ndarray, shape (features, features)
        Inverse of the correlations.
    offset_ : float
        Minus the largest squared distance that is normal.

    Examples
    --------
    >>> normal = np.random.default_rng(1).normal(size=(400, 3))
    >>> test = ChiSquareTest().fit(normal)
    >>> test.predict([[0.0, 0.0, 0.0], [3.0, 3.0, 0.0]]).tolist()
    [1, -1]
    >>> round(-test.offset_, 1)  # chi-square, 3 degrees of freedom: 11.3
    11.5
    """

    def __init__(self, false_alarm_rate: float = 0.01) -> None:
        self.false_alarm_rate = false_alarm_rate

    def p_values(self, X: ArrayLike) -> Floats:
        """Return how rarely normal rows lie so far out, shape (rows,)."""
        return np.asarray(fisher.sf(-self.score_samples(X) / self._stretch, *self._freedom))

    def _learn(self, rows: Floats) -> float:
        self.scale_ = Scale.of(rows)
        standard = self.scale_(rows)
        count, features = rows.shape
        varying = ~self.scale_.constant
        correlations, self.shrinkage_ = np.eye(features), 1.0
        if np.count_nonzero(varying) > 1:
            # Divisor count - 1, as that of the scale; ledoit_wolf divides by count.
            part, self.shrinkage_ = ledoit_wolf(standard[:, varying], assume_centered=True)
            correlations[np.ix_(varying, varying)] = part * count / (count - 1)
        self.precision_ = np.linalg.inv(correlations)
        learned = 1 - self.shrinkage_ * float(np.diag(self.precision_)[varying].mean())
        self._freedom, self._stretch = _law(len(rows), int(np.count_nonzero(varying)), learned)
        return -float(self._stretch * fisher.isf(self.false_alarm_rate, *self._freedom))

    def _scores(self, rows: Floats) -> Floats:
        standard = self.scale_(rows)
        return np.asarray(-np.einsum("ri,ij,rj->r", standard, self.precision_, standard))


def _law(rows: int, features: int, learned: float) -> tuple[tuple[float, float], float]:
    """Return the law of a fresh row's squared distance: degrees of freedom of an F law, and what it is times.

    `learned` is the share of the correlations that comes from the sample, not from shrinkage. At 1 the law is
    Hotelling's; at 0, where only the variances were learned, it has the mean and the variance of a sum of
    squares of Student's. In between, mean and width are interpolated.
    """
    directions = 1 + (features - 1) * learned
    mean = (rows**2 - 1) / (rows * max(rows - directions - 2, 1))
    together = max(rows - features, 3)
    apart = (4 * (rows - 2) + (features - 2) * (rows - 5)) / 3
    left = max(1 / (learned / together + (1 - learned) / max(apart, 3)), 3)
    return (features, left), features * mean * (left - 2) / left


WATCHER = Watcher(
    name="chi-square",
    title="Chi-square test on standardised features",
    family=EXACT,
    kinds=("one-class",),
    source="O. Ledoit, M. Wolf, J. Multivar. Anal. 88, 365 (2004)",
    make=lambda kind: ChiSquareTest(),
)
