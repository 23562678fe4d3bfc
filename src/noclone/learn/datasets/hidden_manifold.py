"""Points of a low-dimensional manifold, bent into feature space and labelled by a random network."""

from __future__ import annotations

import numpy as np

from noclone.core.seeds import stream
from noclone.learn.datasets import bowles_2024
from noclone.learn.datasets.bowles_2024 import SAMPLES, Draws, Floats, Labels, Split
from noclone.learn.task import CLASSIFICATION, Data, Task

NAME = "hidden-manifold"
FEATURES, DIMENSION = 4, 6

_SEEN, _UNSEEN = 2_000, 2_000
"""Of the ceiling: points, and continuations of each into the directions that its features hide."""


def _draw(draws: Draws, samples: int, features: int, dimension: int) -> tuple[Floats, ...]:
    """Draw embedding, points, biases, inner and outer weights, in the published order."""
    embedding = draws.normal(size=(dimension, features))
    points = draws.normal(size=(samples, dimension))
    biases = 2 * draws.uniform(size=features) - 1
    inner = draws.normal(size=(dimension, dimension))
    return embedding, points, biases, inner, draws.normal(size=dimension)


def _network(points: Floats, inner: Floats, outer: Floats) -> Floats:
    output: Floats = np.tanh(points @ inner.T) / np.sqrt(len(outer)) @ outer
    return output


def generate(draws: Draws, samples: int, features: int, dimension: int) -> tuple[Floats, Labels]:
    """Draw Gaussian points of a manifold, seen through ``tanh`` of a linear map, with balanced labels.

    Parameters
    ----------
    draws : Generator or RandomState
    samples : int
    features : int
        Dimension of the space that they are seen in.
    dimension : int
        Of the manifold; with fewer features than this the label is not a function of the features.

    Returns
    -------
    X : ndarray, shape (samples, features)
    y : ndarray, shape (samples,)
        -1 where the network's output is below its median, else 1.

    Examples
    --------
    >>> X, y = generate(np.random.default_rng(1), 100, 3, 6)
    >>> X.shape, int(y.sum())
    ((100, 3), 0)
    """
    embedding, points, biases, inner, outer = _draw(draws, samples, features, dimension)
    X = np.tanh(points @ embedding / np.sqrt(dimension) - biases)
    output = _network(points, inner, outer)
    return X, np.where(output - np.median(output) < 0, -1, 1)


def bayes_accuracy(
    embedding: Floats, inner: Floats, outer: Floats, threshold: float, draws: np.random.Generator
) -> float:
    """Return the share of right answers of one who knows map and network, by Monte Carlo.

    Features fix a point up to the directions that the embedding hides, along which it is Gaussian. One half
    of the continuations decides, the other is judged.
    """
    dimension, features = embedding.shape
    if features >= dimension:
        return 1.0
    basis = np.linalg.svd(embedding)[0]
    seen = draws.normal(size=(_SEEN, features)) @ basis[:, :features].T
    hidden = draws.normal(size=(_UNSEEN, dimension - features)) @ basis[:, features:].T
    above = np.array([_network(point + hidden, inner, outer) > threshold for point in seen])
    decided = above[:, ::2].mean(axis=1) > 0.5
    return float(np.mean(above[:, 1::2] == decided[:, None]))


def _usual(draws: Draws, features: int) -> tuple[Floats, Labels]:
    return generate(draws, SAMPLES, features, DIMENSION)


def published(features: int) -> Split:
    """Return ``X_train, y_train, X_test, y_test`` of the paper's data set with this many features."""
    return bowles_2024.published(_usual, 3, features)


def _ceiling(seed: int) -> float:
    embedding, points, _, inner, outer = _draw(stream(seed, NAME), SAMPLES, FEATURES, DIMENSION)
    threshold = float(np.median(_network(points, inner, outer)))
    return bayes_accuracy(embedding, inner, outer, threshold, stream(seed, f"{NAME} ceiling"))


TASK = Task(
    name=NAME,
    title="A hidden manifold labelled by a random network",
    source="Bowles, Ahmed, Schuld, arXiv:2403.07059, hidden manifold: 300 points, "
    f"{FEATURES} features of a {DIMENSION}-dimensional manifold",
    kind=CLASSIFICATION,
    draw=lambda seed: Data(*_usual(stream(seed, NAME), FEATURES)),
    ceiling_text="Bayes accuracy of one who knows map and network, by Monte Carlo over what is hidden",
    ceiling=_ceiling,
)
