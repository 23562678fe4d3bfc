"""Gradient boosting of decision trees: the usual winner on tables, whatever the scale of the features."""

from __future__ import annotations

from sklearn.ensemble import HistGradientBoostingClassifier

from noclone.watchers.watcher import SUPERVISED, Watcher

WATCHER = Watcher(
    name="gradient-boosting",
    title="Gradient boosting of decision trees",
    family=SUPERVISED,
    kinds=("classification",),
    source="J. H. Friedman, Annals of Statistics 29, 1189 (2001), on binned features.",
    make=lambda kind: HistGradientBoostingClassifier(max_iter=50),
    space=lambda kind: {
        "learning_rate": [0.03, 0.1, 0.3],
        "max_iter": [50, 100],
        "max_leaf_nodes": [4, 8, 31],
        "min_samples_leaf": [5, 20],
    },
)
