"""Noisy points on a curve and on its shifted copy: classes that differ by a small offset."""

from __future__ import annotations

import numpy as np

from noclone.core.seeds import stream
from noclone.learn.datasets import bowles_2024
from noclone.learn.datasets.bowles_2024 import SAMPLES, Draws, Floats, Labels, Split
from noclone.learn.task import CLASSIFICATION, Data, Task

NAME = "two-curves"
FEATURES, DEGREE, OFFSET, NOISE = 4, 5, 0.1, 0.01

_FRESH = 1_500
"""Points per class of the ceiling; its standard error stays below .006."""
_NODES = 4_000
"""Of the integral along a curve; their spacing is well below the noise."""


def coefficients(draws: Draws, features: int, degree: int) -> Floats:
    """Draw the Fourier coefficients of a curve, shape (features, degree + 1, cosine and sine)."""
    drawn = draws.uniform(size=(features, degree + 1, 2))
    return drawn / np.linalg.norm(drawn)


def curve(coefficients: Floats, t: Floats) -> Floats:
    """Return the curve's points at parameters `t` in (0, 1), shape (len(t), features)."""
    points = np.repeat((coefficients[:, 0, 0] + coefficients[:, 0, 1])[None], len(t), axis=0)
    for frequency in range(1, coefficients.shape[1]):
        angle = (frequency * np.pi * t)[:, None]
        cosine, sine = coefficients[:, frequency].T
        points += cosine * np.cos(angle) + sine * np.sin(angle)
    return points


def generate(
    draws: Draws, samples: int, features: int, degree: int, offset: float, noise: float
) -> tuple[Floats, Labels]:
    """Draw points near two curves.

    Parameters
    ----------
    draws : Generator or RandomState
    samples : int
        Half of them in each class, the first half in class -1.
    features : int
    degree : int
        Highest frequency of the curve.
    offset : float
        Added to every coordinate of the second curve.
    noise : float
        Standard deviation of the Gaussian noise on every coordinate, before features are standardised.

    Returns
    -------
    X : ndarray, shape (samples, features)
        Standardised.
    y : ndarray, shape (samples,)

    Examples
    --------
    >>> X, y = generate(np.random.default_rng(1), 6, 2, 5, 0.1, 0.01)
    >>> X.shape, y.tolist()
    ((6, 2), [-1, -1, -1, 1, 1, 1])
    """
    half = samples // 2
    shape = coefficients(draws, features, degree)
    t, shake = np.empty(2 * half), np.empty((2 * half, features))
    for row in range(2 * half):  # in the published order of draws
        t[row], shake[row] = draws.uniform(), draws.normal(0, noise, size=features)
    X = curve(shape, t) + shake
    X[half:] += offset
    return (X - X.mean(axis=0)) / X.std(axis=0), np.repeat([-1, 1], half)


def bayes_accuracy(shape: Floats, offset: float, noise: float, draws: np.random.Generator) -> float:
    """Return the share of right answers of one who knows both curves, by Monte Carlo.

    The likelihood of a point is the Gaussian density around a curve, integrated along it.
    """
    t = draws.uniform(size=2 * _FRESH)
    points = curve(shape, t) + draws.normal(0, noise, size=(2 * _FRESH, len(shape)))
    points[_FRESH:] += offset
    along = curve(shape, (np.arange(_NODES) + 0.5) / _NODES)
    likelihood = np.array([_log_density(points, along + shift, noise) for shift in (0.0, offset)])
    return float(np.mean(1 / (1 + np.exp(-np.abs(likelihood[1] - likelihood[0])))))


def _log_density(points: Floats, along: Floats, noise: float) -> Floats:
    from scipy.spatial.distance import cdist
    from scipy.special import logsumexp

    parts = np.array_split(points, 10)  # a tenth of the distances in memory
    return np.concatenate(
        [logsumexp(-cdist(part, along, "sqeuclidean") / (2 * noise**2), axis=1) for part in parts]
    )


def _usual(draws: Draws, features: int) -> tuple[Floats, Labels]:
    return generate(draws, SAMPLES, features, DEGREE, OFFSET, NOISE)


def published(features: int) -> Split:
    """Return ``X_train, y_train, X_test, y_test`` of the paper's data set with this many features."""
    return bowles_2024.published(_usual, 3, features)


def _ceiling(seed: int) -> float:
    shape = coefficients(stream(seed, NAME), FEATURES, DEGREE)  # the first that `generate` draws
    return bayes_accuracy(shape, OFFSET, NOISE, stream(seed, f"{NAME} ceiling"))


TASK = Task(
    name=NAME,
    title="Points near two curves, one the other's shifted copy",
    source="Bowles, Ahmed, Schuld, arXiv:2403.07059, two curves: 300 points, "
    f"{FEATURES} features, degree {DEGREE}, offset {OFFSET}, noise {NOISE}",
    kind=CLASSIFICATION,
    draw=lambda seed: Data(*_usual(stream(seed, NAME), FEATURES)),
    ceiling_text="Bayes accuracy of one who knows the curves, by integration along them and Monte Carlo",
    ceiling=_ceiling,
)
