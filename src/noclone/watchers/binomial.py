"""Binomial tests on the errors among the sifted bits: are there more than in normal blocks."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.core.numbers import real
from noclone.records.telemetry import check_columns
from noclone.watchers.outliers import Outliers, blocks_of
from noclone.watchers.scale import Scale
from noclone.watchers.watcher import EXACT, Watcher

Floats = NDArray[np.float64]

NEEDS = ("sifted[0]", "qber[0]")
_LEAST_TAIL = 1e-280
"""Tails below are too small for floating-point numbers; their logarithm comes from a series."""
_TERMS = 20


class BinomialTest(Outliers):
    """Alarm when normal blocks would show so many errors too rarely.

    Errors of all intensities are counted together and compared with the binomial law of the error rate to
    be expected of the numbers sifted. For one intensity this is the most powerful test against any larger
    error rate (Neyman and Pearson 1933). With several, whose error rates differ, the true law is narrower
    than the binomial (Hoeffding, Ann. Math. Stat. 27, 713, 1956): there are rather fewer false alarms than
    asked for. It takes the error rate as constant: where that drifts, there are more.

    Parameters
    ----------
    columns : tuple of str, optional
        Names of the features of one block; ``sifted[k]`` and ``qber[k]`` are used. Required to fit.
    window : int
        Blocks in a row; their errors are added.
    error_prob : float, optional
        Error rate of normal blocks; learned from them, for each intensity, by default.
    false_alarm_rate : float
        Share of normal rows that raise an alarm, at most.

    Attributes
    ----------
    error_probs_ : ndarray, shape (intensities,)
    offset_ : float
        Logarithm of the false-alarm rate.

    Examples
    --------
    >>> normal = np.column_stack([np.full(50, 200.0), np.random.default_rng(1).binomial(200, 0.02, 50) / 200])
    >>> test = BinomialTest(columns=("sifted[0]", "qber[0]"), error_prob=0.02).fit(normal)
    >>> test.score_samples([[200, 0.05]]).round(4).tolist()  # log P(at least 10 errors)
    [-4.8956]
    >>> test.predict([[200, 0.02], [200, 0.06]]).tolist()
    [1, -1]
    """

    def __init__(
        self,
        columns: tuple[str, ...] | None = None,
        window: int = 1,
        error_prob: float | None = None,
        false_alarm_rate: float = 0.01,
    ) -> None:
        self.columns = columns
        self.window = window
        self.error_prob = error_prob
        self.false_alarm_rate = false_alarm_rate

    def _learn(self, rows: Floats) -> float:
        Scale.of(blocks_of(rows, self.window).reshape(-1, rows.shape[1] // self.window))
        errors, sifted = _counts(rows, self.columns, self.window)
        self.error_probs_ = _error_probs(errors, sifted)
        if self.error_prob is not None:
            self.error_probs_ = np.full(errors.shape[1], real("error_prob", self.error_prob, high=1.0))
        return float(np.log(self.false_alarm_rate))

    def _scores(self, rows: Floats) -> Floats:
        errors, sifted = _counts(rows, self.columns, self.window)
        total = sifted.sum(axis=1)
        return log_tail(errors.sum(axis=1), total, sifted @ self.error_probs_ / np.maximum(total, 1))


class BinomialClassifier(ClassifierMixin, BaseEstimator):
    """Bayes' rule for the number of errors, with an error rate for each class and intensity.

    The rates and how often each class occurs are counted in the training rows; nothing else is learned.

    Parameters
    ----------
    columns : tuple of str, optional
        Names of the features of one block; ``sifted[k]`` and ``qber[k]`` are used. Required to fit.
    window : int
        Blocks in a row; their errors are added.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    error_probs_ : ndarray, shape (classes, intensities)
    class_probs_ : ndarray, shape (classes,)

    Examples
    --------
    >>> rows = [[200, 0.015], [200, 0.025], [200, 0.065], [200, 0.071]]
    >>> rule = BinomialClassifier(columns=("sifted[0]", "qber[0]")).fit(rows, ["no", "no", "yes", "yes"])
    >>> rule.predict([[200, 0.03], [200, 0.05]]).tolist()
    ['no', 'yes']
    """

    def __init__(self, columns: tuple[str, ...] | None = None, window: int = 1) -> None:
        self.columns = columns
        self.window = window

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Count the errors of each class, X of shape (rows, features) and y of shape (rows,)."""
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, which = np.unique(labels, return_inverse=True)
        errors, sifted = _counts(rows, self.columns, self.window)
        each = range(len(self.classes_))
        self.error_probs_ = np.array([_error_probs(errors[which == k], sifted[which == k]) for k in each])
        self.class_probs_ = np.bincount(which) / len(which)
        return self

    def predict_log_proba(self, X: ArrayLike) -> Floats:
        """Return the logarithms of the classes' probabilities, shape (rows, classes)."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        errors, sifted = _counts(rows, self.columns, self.window)
        joint = errors @ np.log(self.error_probs_).T + (sifted - errors) @ np.log1p(-self.error_probs_).T
        joint = joint + np.log(self.class_probs_)
        return np.asarray(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the classes' probabilities, shape (rows, classes)."""
        return np.asarray(np.exp(self.predict_log_proba(X)))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each row, shape (rows,)."""
        return np.asarray(self.classes_[self.predict_log_proba(X).argmax(axis=1)])


def log_tail(errors: Floats, trials: Floats, error_prob: Floats) -> Floats:
    """Return log P(at least so many errors), also where the probability is too small to be represented.

    Parameters
    ----------
    errors, trials, error_prob : array
        Of the same shape; with fewer errors than 1 the probability is 1.

    Examples
    --------
    >>> log_tail(np.array([3.0, 900.0]), np.array([3.0, 1000.0]), np.array([0.1, 0.1])).round(2).tolist()
    [-6.91, -1760.94]
    """
    tail = binom.sf(errors - 1, trials, error_prob)
    # Far out: the first term times 1 + r_0 (1 + r_1 (...)) with the ratios r of successive terms; what
    # is left is nearly a geometric series.
    ratios = [
        (trials - errors - k) * error_prob / ((errors + 1 + k) * (1 - error_prob)) for k in range(_TERMS)
    ]
    series = 1 / (1 - np.clip(ratios[-1], 0.0, 1 - 1e-9))
    for ratio in reversed(ratios[:-1]):
        series = 1 + np.maximum(ratio, 0.0) * series
    with np.errstate(divide="ignore"):
        far = binom.logpmf(errors, trials, error_prob) + np.log(series)
        return np.where(errors < 1, 0.0, np.where(tail > _LEAST_TAIL, np.log(tail), far))


def _counts(rows: Floats, columns: tuple[str, ...] | None, window: int) -> tuple[Floats, Floats]:
    """Return errors and sifted bits of each row and intensity, shape (rows, intensities) each."""
    if columns is None:
        raise InvalidInput("columns", "must name the features, but are not given")
    check_columns(columns, NEEDS)
    blocks = blocks_of(rows, window)
    if blocks.shape[2] != len(columns):
        raise InvalidInput(
            "columns", f"must be as many as features, {blocks.shape[2]}, but are {len(columns)}"
        )
    names = [name for name in columns if name.startswith("sifted[")]
    rates = [name.replace("sifted", "qber") for name in names]
    check_columns(columns, rates)
    sifted = blocks[:, :, [columns.index(name) for name in names]]
    errors = sifted * blocks[:, :, [columns.index(name) for name in rates]]
    return np.rint(errors.sum(axis=1)), np.rint(sifted.sum(axis=1))


def _error_probs(errors: Floats, sifted: Floats) -> Floats:
    """Return pooled error rates, with half an error more: none seen does not mean never."""
    return np.asarray((errors.sum(axis=0) + 0.5) / (sifted.sum(axis=0) + 1))


WATCHER = Watcher(
    name="binomial",
    title="Binomial test on the errors among sifted bits",
    family=EXACT,
    kinds=("one-class", "classification"),
    source="J. Neyman, E. S. Pearson, Phil. Trans. R. Soc. A 231, 289 (1933)",
    make=lambda kind: BinomialTest() if kind == "one-class" else BinomialClassifier(),
    needs=NEEDS,
    sequence=True,
)
