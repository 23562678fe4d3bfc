"""Logistic regression: linear in the standardised features."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from noclone.watchers.watcher import SUPERVISED, Watcher


def _make(kind: str) -> Pipeline:
    return Pipeline([("scaler", StandardScaler()), ("model", LogisticRegression(max_iter=1000))])


WATCHER = Watcher(
    name="logistic",
    title="Logistic regression",
    family=SUPERVISED,
    kinds=("classification",),
    source="T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2009), 4.4.",
    make=_make,
    space=lambda kind: {"model__C": [0.01, 0.1, 1.0, 10.0, 100.0]},
)
