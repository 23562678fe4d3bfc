"""The shared core of our one-class watchers: rows checked, scores, and the threshold of the alarm."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.watchers.scale import Scale

Floats = NDArray[np.float64]

FOLDS = 5
LEAST_ROWS = 10
"""Of normal rows, where a threshold is learned from them."""


class Outliers(ABC, OutlierMixin, BaseEstimator):
    """A one-class estimator; a subclass says how it learns and scores, and stores its parameters."""

    false_alarm_rate: float

    @abstractmethod
    def _learn(self, rows: Floats) -> float:
        """Learn from normal rows, and return the score below which there is an alarm."""

    @abstractmethod
    def _scores(self, rows: Floats) -> Floats:
        """Return how normal rows are; larger is more normal."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn what is normal.

        Parameters
        ----------
        X : array_like, shape (rows, features)
            Normal blocks, or windows of them.
        y : object
            Not used.

        Raises
        ------
        InvalidInput
            If the rows never vary, or a parameter cannot be used.
        """
        rows = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        if not 0 < self.false_alarm_rate <= 0.5:
            problem = f"must be above 0 and at most 0.5, but is {self.false_alarm_rate}"
            raise InvalidInput("false_alarm_rate", problem)
        self.offset_ = float(self._learn(rows))
        return self

    def score_samples(self, X: ArrayLike) -> Floats:
        """Return how normal each row is, shape (rows,); larger is more normal."""
        check_is_fitted(self)
        return self._scores(validate_data(self, X, dtype=np.float64, reset=False))

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the score less `offset_`: an alarm where it is negative."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return 1 for normal rows and -1 for alarms."""
        return np.where(self.decision_function(X) >= 0, 1, -1)


class HeldOut(Outliers):
    """A one-class estimator without a known law: its threshold comes from rows that it was not fitted to.

    Normal rows are standardised and cut, in their order, into `FOLDS` parts; each is scored by a copy that
    was fitted to the others (Vovk, Ann. Math. Artif. Intell. 74, 9, 2015). The scores of rows that an
    estimator was fitted to would be too good, and fresh normal rows would raise too many alarms.
    """

    scale_: Scale
    held_out_scores_: Floats

    @abstractmethod
    def _draw(self, standard: Floats) -> None:
        """Learn from standardised normal rows."""

    @abstractmethod
    def _place(self, standard: Floats) -> Floats:
        """Return how normal standardised rows are."""

    def _threshold(self, scores: Floats) -> float:
        """Return the score below which there is an alarm, from those of normal rows in ascending order."""
        return float(np.quantile(scores, self.false_alarm_rate))

    def _learn(self, rows: Floats) -> float:
        if len(rows) < LEAST_ROWS:
            problem = f"must hold at least {LEAST_ROWS} normal rows, but holds {len(rows)}"
            raise InvalidInput("telemetry", problem)
        self.scale_ = Scale.of(rows)
        standard = self.scale_(rows)
        parts = np.array_split(np.arange(len(rows)), FOLDS)
        scores = []
        for part in parts:
            copy = clone(self)
            copy.scale_ = self.scale_
            copy._draw(np.delete(standard, part, axis=0))
            scores.append(copy._place(standard[part]))
        self.held_out_scores_ = np.sort(np.concatenate(scores))
        self._draw(standard)
        return self._threshold(self.held_out_scores_)

    def _scores(self, rows: Floats) -> Floats:
        return self._place(self.scale_(rows))


def joint_level(rate: float, tests: int) -> float:
    """Return the level of each of several tests at which any of them fails with this probability.

    Exact for independent tests, and an upper bound of the probability for two-sided tests of jointly Gaussian
    quantities: Sidak, J. Am. Stat. Assoc. 62, 626 (1967).

    Examples
    --------
    >>> round(joint_level(0.01, 1), 12), round(joint_level(0.01, 10), 8)
    (0.01, 0.00100453)
    """
    return float(-np.expm1(np.log1p(-rate) / tests))


def blocks_of(rows: Floats, window: int) -> Floats:
    """Return rows of several blocks side by side as an array of shape (rows, window, features).

    Raises
    ------
    InvalidInput
        If the number of features is not a multiple of the window.
    """
    if window < 1 or rows.shape[1] % window:
        raise InvalidInput("X", f"must hold {window} blocks in a row, but has {rows.shape[1]} features")
    return rows.reshape(len(rows), window, -1)
