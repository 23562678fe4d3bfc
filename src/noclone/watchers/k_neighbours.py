"""Nearest neighbours: the labels of the training blocks that look most alike."""

from __future__ import annotations

from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from noclone.watchers.watcher import SUPERVISED, Watcher


def _make(kind: str) -> Pipeline:
    return Pipeline([("scaler", StandardScaler()), ("model", KNeighborsClassifier(15))])


WATCHER = Watcher(
    name="k-neighbours",
    title="k nearest neighbours",
    family=SUPERVISED,
    kinds=("classification",),
    source="T. Cover, P. Hart, IEEE Transactions on Information Theory 13, 21 (1967).",
    make=_make,
    space=lambda kind: {"model__n_neighbors": [1, 5, 9, 15, 25], "model__weights": ["uniform", "distance"]},
)
