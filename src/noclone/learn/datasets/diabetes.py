"""Progress of diabetes after one year: a collected data set."""

from __future__ import annotations

from noclone.learn.task import REGRESSION, Data, Task


def _draw(seed: int) -> Data:
    from sklearn.datasets import load_diabetes

    return Data(*load_diabetes(return_X_y=True))


TASK = Task(
    name="diabetes",
    title="Progress of diabetes after one year",
    source="Efron et al. 2004: 442 patients, 10 features; as scikit-learn ships it",
    kind=REGRESSION,
    draw=_draw,
    ceiling_text="not known: the distribution behind collected data is not",
)
