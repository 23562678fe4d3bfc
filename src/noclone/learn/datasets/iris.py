"""Three species of iris by four lengths: a collected data set."""

from __future__ import annotations

from noclone.learn.task import CLASSIFICATION, Data, Task


def _draw(seed: int) -> Data:
    from sklearn.datasets import load_iris

    return Data(*load_iris(return_X_y=True))


TASK = Task(
    name="iris",
    title="Three species of iris by four lengths",
    source="Fisher 1936, 150 flowers, 4 features, 3 classes; as scikit-learn ships it",
    kind=CLASSIFICATION,
    draw=_draw,
    ceiling_text="not known: the distribution behind collected data is not",
)
