"""Ten handwritten digits of 8 x 8 pixels: a collected data set."""

from __future__ import annotations

from noclone.learn.task import CLASSIFICATION, Data, Task


def _draw(seed: int) -> Data:
    from sklearn.datasets import load_digits

    return Data(*load_digits(return_X_y=True))


TASK = Task(
    name="digits",
    title="Ten handwritten digits of 8 x 8 pixels",
    source="Alpaydin, Kaynak 1998, optical recognition, test part: 1,797 images, 64 features, 10 classes; "
    "as scikit-learn ships it",
    kind=CLASSIFICATION,
    draw=_draw,
    ceiling_text="not known: the distribution behind collected data is not",
)
