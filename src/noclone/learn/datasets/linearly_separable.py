"""Uniform points on both sides of a plane, none within a margin of it."""

from __future__ import annotations

import numpy as np

from noclone.core.seeds import stream
from noclone.learn.datasets import bowles_2024
from noclone.learn.datasets.bowles_2024 import SAMPLES, Draws, Floats, Labels, Split
from noclone.learn.task import CLASSIFICATION, Data, Task

NAME = "linearly-separable"
FEATURES = 4
MARGIN = 0.02
"""Per feature."""


def generate(draws: Draws, samples: int, features: int, margin: float) -> tuple[Floats, Labels]:
    """Draw points of the cube ``(-1, 1)**features`` whose coordinates' sum is farther than `margin` from 0.

    Parameters
    ----------
    draws : Generator or RandomState
    samples : int
        Twice as many are drawn, those within the margin dropped, and the first `samples` of the rest kept:
        fewer where the margin swallows more than half.
    features : int
    margin : float

    Returns
    -------
    X : ndarray, shape (samples, features)
    y : ndarray, shape (samples,)
        -1 where the sum is positive, else 1.

    Examples
    --------
    >>> X, y = generate(np.random.default_rng(1), 5, 2, 0.1)
    >>> bool((np.sign(X.sum(axis=1)) == -y).all())
    True
    """
    X = 2 * draws.uniform(size=(2 * samples, features)) - 1
    side = X @ np.ones(features)
    kept = np.flatnonzero(np.abs(side) > margin)[:samples]
    return X[kept], np.where(side[kept] > 0, -1, 1)


def _usual(draws: Draws, features: int) -> tuple[Floats, Labels]:
    return generate(draws, SAMPLES, features, MARGIN * features)


def published(features: int) -> Split:
    """Return ``X_train, y_train, X_test, y_test`` of the paper's data set with this many features."""
    return bowles_2024.published(_usual, 42, features)


def _ceiling(seed: int) -> float:
    return 1.0


TASK = Task(
    name=NAME,
    title="Points on two sides of a plane",
    source="Bowles, Ahmed, Schuld, arXiv:2403.07059, linearly separable: 300 points, "
    f"{FEATURES} features, margin {MARGIN} per feature",
    kind=CLASSIFICATION,
    draw=lambda seed: Data(*_usual(stream(seed, NAME), FEATURES)),
    ceiling_text="1: the label is a function of the features",
    ceiling=_ceiling,
)
