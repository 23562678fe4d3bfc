"""Binary relevance: one classifier per attack, so that sets of attacks never seen can be named.

The other way to name coexisting attacks, label powerset, is a plain classifier whose classes are the sets.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.watchers import logistic
from noclone.watchers.label_sets import attacks_in, indicators, labels_of
from noclone.watchers.watcher import SUPERVISED, Watcher

Floats = NDArray[np.float64]

SURE = 1e-12
"""Probabilities nearer than this to 0 and 1 are taken for it, so that their log odds are finite."""


class BinaryRelevance(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Ask of every attack by itself whether it is there.

    Some of the rows that it learns from must hold attacks together: where they never do, each attack comes to
    speak against the others.

    Parameters
    ----------
    estimator : classifier
        Fitted anew to each attack, with labels 0 and 1. Its decision function is read as log odds, and where
        it has none, those of its probabilities.

    Attributes
    ----------
    attacks_ : tuple of str
        In alphabetical order.
    classes_ : ndarray
        The labels seen; `predict` may give others.
    estimators_ : list
        One per attack.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = np.array([[0, 0], [0, 1], [1, 0]] * 20)
    >>> model = BinaryRelevance(LogisticRegression()).fit(X, ["normal", "b", "a"] * 20)
    >>> model.predict([[0, 0], [1, 1]]).tolist()
    ['normal', 'a+b']
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit one classifier per attack.

        Parameters
        ----------
        X : array_like, shape (rows, features)
        y : array_like of str, shape (rows,)
            ``"normal"`` or names of attacks joined with ``+``.

        Raises
        ------
        InvalidInput
            If there is no attack, or one that no row is without.
        """
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        if not {type(label) for label in labels.tolist()} <= {str}:
            raise InvalidInput("y", f"must hold words, but holds {labels[0]!r}")
        self.classes_ = np.unique(labels)
        self.attacks_ = attacks_in(self.classes_.tolist())
        table = indicators(labels, self.attacks_)
        everywhere = [name for name, there in zip(self.attacks_, table.T, strict=True) if there.all()]
        if everywhere or not self.attacks_:
            what = f"rows without {everywhere[0]}" if everywhere else "attacks"
            raise InvalidInput("y", f"must hold {what}, but holds none")
        self.estimators_ = [clone(self.estimator).fit(rows, there) for there in table.T]
        return self

    def log_odds(self, X: ArrayLike) -> Floats:
        """Return the log odds of every attack, shape (rows, attacks)."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        return np.column_stack([_log_odds(each, rows) for each in self.estimators_])

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the logarithm of every class's probability as if attacks came independently.

        Returns
        -------
        ndarray, shape (rows, classes), or (rows,) for two classes
            In the order of ``classes_``; for two classes that of the second less that of the first.
        """
        odds = self.log_odds(X)
        table = indicators(self.classes_, self.attacks_)
        # log p = -log(1 + exp(-odds)) and log(1 - p) = log p - odds
        found = -np.logaddexp(0, -odds) @ table.T - np.logaddexp(0, odds) @ (1 - table.T)
        return np.asarray(found[:, 1] - found[:, 0] if len(self.classes_) == 2 else found)

    def predict(self, X: ArrayLike) -> NDArray[np.str_]:
        """Return labels: the attacks that are likelier there than not, joined with ``+``."""
        return labels_of(self.log_odds(X) > 0, self.attacks_)


def _log_odds(classifier: Any, rows: Floats) -> Floats:
    if hasattr(classifier, "decision_function"):
        return np.asarray(classifier.decision_function(rows))
    return np.asarray(logit(np.clip(classifier.predict_proba(rows)[:, 1], SURE, 1 - SURE)))


def relevance(watcher: Watcher, name: str) -> Watcher:
    """Return binary relevance over a supervised watcher, as a watcher by this name."""

    def space(kind: str) -> dict[str, list[Any]]:
        return {f"estimator__{each}": list(values) for each, values in watcher.space(kind).items()}

    return Watcher(
        name=name,
        title=f"Binary relevance, per attack: {watcher.title}",
        family=SUPERVISED,
        kinds=("classification",),
        source="Q. Du, D. Huang, Photonics 9, 177 (2022): coexisting attacks; there with neural networks.",
        make=lambda kind: BinaryRelevance(watcher.make(kind)),
        space=space,
    )


WATCHER = relevance(logistic.WATCHER, "binary-relevance")
