"""Naive Bayes: every feature Gaussian and independent of the others, given the label.

Where that is true, as of block statistics without drift, no classifier can do better than this one given
enough blocks; a model that seems to is to be looked at twice.
"""

from __future__ import annotations

from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from noclone.watchers.watcher import SUPERVISED, Watcher


def _make(kind: str) -> Pipeline:
    # Scaled, because the smoothing is a share of the largest variance of all features.
    return Pipeline([("scaler", StandardScaler()), ("model", GaussianNB())])


WATCHER = Watcher(
    name="naive-bayes",
    title="Gaussian naive Bayes",
    family=SUPERVISED,
    kinds=("classification",),
    source="T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2009), 6.6.3.",
    make=_make,
    space=lambda kind: {"model__var_smoothing": [1e-9, 1e-3, 1e-2, 1e-1]},
)
