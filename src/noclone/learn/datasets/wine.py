"""Three cultivars of wine by thirteen measurements: a collected data set."""

from __future__ import annotations

from noclone.learn.task import CLASSIFICATION, Data, Task


def _draw(seed: int) -> Data:
    from sklearn.datasets import load_wine

    return Data(*load_wine(return_X_y=True))


TASK = Task(
    name="wine",
    title="Three cultivars of wine by thirteen measurements",
    source="Forina et al., PARVUS, 178 wines, 13 features, 3 classes; as scikit-learn ships it",
    kind=CLASSIFICATION,
    draw=_draw,
    ceiling_text="not known: the distribution behind collected data is not",
)
