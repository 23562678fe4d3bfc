"""Malignant or benign by thirty measurements: a collected data set."""

from __future__ import annotations

from noclone.learn.task import CLASSIFICATION, Data, Task


def _draw(seed: int) -> Data:
    from sklearn.datasets import load_breast_cancer

    return Data(*load_breast_cancer(return_X_y=True))


TASK = Task(
    name="breast-cancer",
    title="Malignant or benign by thirty measurements",
    source="Street, Wolberg, Mangasarian 1993, Wisconsin diagnostic: 569 samples, 30 features, 2 classes; "
    "as scikit-learn ships it",
    kind=CLASSIFICATION,
    draw=_draw,
    ceiling_text="not known: the distribution behind collected data is not",
)
