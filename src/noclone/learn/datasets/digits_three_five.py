"""Handwritten threes and fives: two classes that resemble each other."""

from __future__ import annotations

import numpy as np

from noclone.learn.task import CLASSIFICATION, Data, Task


def _draw(seed: int) -> Data:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    kept = np.isin(y, (3, 5))
    return Data(X[kept], y[kept])


TASK = Task(
    name="digits-three-five",
    title="Handwritten threes or fives of 8 x 8 pixels",
    source="Alpaydin, Kaynak 1998, optical recognition, test part: 365 images, 64 features, 2 classes; "
    "as scikit-learn ships it",
    kind=CLASSIFICATION,
    draw=_draw,
    ceiling_text="not known: the distribution behind collected data is not",
)
