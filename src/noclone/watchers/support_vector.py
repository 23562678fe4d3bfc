"""Support vector machine with a Gaussian kernel: what a quantum kernel has to beat."""

from __future__ import annotations

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from noclone.watchers.watcher import SUPERVISED, Watcher


def _make(kind: str) -> Pipeline:
    return Pipeline([("scaler", StandardScaler()), ("model", SVC())])


WATCHER = Watcher(
    name="support-vector",
    title="Support vector machine with a Gaussian kernel",
    family=SUPERVISED,
    kinds=("classification",),
    source="C. Cortes, V. Vapnik, Machine Learning 20, 273 (1995).",
    make=_make,
    space=lambda kind: {
        "model__C": [0.1, 1.0, 10.0, 100.0, 1000.0],
        "model__gamma": ["scale", 0.001, 0.01, 0.1, 1.0],
    },
)
