"""Noisy images of either bright rows or bright columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.seeds import stream
from noclone.learn.datasets.bowles_2024 import SAMPLES, Draws, Floats, Labels, Split
from noclone.learn.task import CLASSIFICATION, Data, Task

NAME = "bars-and-stripes"
SIZE, NOISE = 4, 0.5

_FRESH = 100_000
"""Images of the ceiling; its standard error stays below .0006."""


def generate(draws: Draws, samples: int, height: int, width: int, noise: float) -> tuple[Floats, Labels]:
    """Draw images with pixels of -1 and 1 under Gaussian noise.

    Parameters
    ----------
    draws : Generator or RandomState
    samples : int
    height, width : int
        In pixels.
    noise : float
        Standard deviation per pixel.

    Returns
    -------
    X : ndarray, shape (samples, height * width)
        Pixels row by row.
    y : ndarray, shape (samples,)
        1 where whole rows are bright (stripes), -1 where whole columns are (bars), each with probability 1/2,
        and each row or column with probability 1/2. An image all dark or all bright may be either.

    Examples
    --------
    >>> X, y = generate(np.random.default_rng(1), 2, 2, 2, 0.0)
    >>> X.tolist(), y.tolist()
    ([[1.0, 1.0, -1.0, -1.0], [1.0, -1.0, 1.0, -1.0]], [1, -1])
    """
    X, y = np.empty((samples, height, width)), np.empty(samples, np.int64)
    for row in range(samples):  # in the published order of draws
        stripes = draws.uniform() > 0.5
        bright = np.where(draws.uniform(size=height if stripes else width) > 0.5, 1.0, -1.0)
        y[row] = 1 if stripes else -1
        X[row] = bright[:, None] if stripes else bright
        X[row] += draws.normal(0, noise, size=(height, width))
    return X.reshape(samples, -1), y


def log_odds(X: ArrayLike, height: int, width: int, noise: float) -> Floats:
    """Return the exact logarithm of the odds of stripes over bars, shape (samples,).

    A row of stripes is bright or dark with equal odds: its likelihood is proportional to
    ``cosh(sum of its pixels / noise**2)``; likewise a column of bars.
    """
    images = np.asarray(X, float).reshape(-1, height, width)
    rows, columns = (_log_cosh(images.sum(axis=axis) / noise**2).sum(axis=1) for axis in (2, 1))
    return np.asarray(rows - columns)


def _log_cosh(x: Floats) -> Floats:
    return np.asarray(np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - np.log(2))


def bayes_accuracy(size: int, noise: float, draws: np.random.Generator) -> float:
    """Return the share of right answers of the likelihood ratio on square images, by Monte Carlo.

    Stripes stand for both classes: bars are the same images, turned.
    """
    rows = np.where(draws.uniform(size=(_FRESH, size, 1)) > 0.5, 1.0, -1.0)
    X = rows + draws.normal(0, noise, size=(_FRESH, size, size))
    return float(np.mean(1 / (1 + np.exp(-np.abs(log_odds(X, size, size, noise))))))


def published(size: int) -> Split:
    """Return ``X_train, y_train, X_test, y_test`` of the paper's images of this height and width."""
    draws = np.random.RandomState(42)
    return *generate(draws, 1000, size, size, NOISE), *generate(draws, 200, size, size, NOISE)


def _ceiling(seed: int) -> float:
    return bayes_accuracy(SIZE, NOISE, stream(seed, f"{NAME} ceiling"))


TASK = Task(
    name=NAME,
    title="Images of bars or of stripes",
    source="Bowles, Ahmed, Schuld, arXiv:2403.07059, bars and stripes: 300 images "
    f"(the paper draws 1,200), {SIZE} x {SIZE} pixels, noise {NOISE}",
    kind=CLASSIFICATION,
    draw=lambda seed: Data(*generate(stream(seed, NAME), SAMPLES, SIZE, SIZE, NOISE)),
    ceiling_text="Bayes accuracy of the exact likelihood ratio, by Monte Carlo; "
    "one image in eight is all dark or all bright and tells nothing",
    ceiling=_ceiling,
)
