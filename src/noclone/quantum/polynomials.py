"""Many angles at once: values for a batch of samples, and derivatives by weights and features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.quantum.angle import Angle

Floats = NDArray[np.floating[Any]]


class Polynomials:
    """Angles as a table of terms, each a coefficient times two features and two weights.

    Parameters
    ----------
    angles : sequence of Angle
    n_features, n_weights : int
        At least what the angles read; one more of each, the number 1, stands for a factor that is not there.

    Examples
    --------
    >>> from noclone.quantum.angle import w, x
    >>> both = Polynomials([x[0] * w[0], 0.5 + w[0] * w[0]], 1, 1)
    >>> both.values(np.array([[2.0], [3.0]]), np.array([0.1])).round(12).tolist()
    [[0.2, 0.51], [0.3, 0.51]]
    >>> by_weight, by_feature = both.gradients(np.array([[2.0]]), np.array([0.1]), np.ones((1, 2)))
    >>> by_weight.round(12).tolist(), by_feature.tolist()
    ([2.2], [[0.1]])
    """

    def __init__(self, angles: Sequence[Angle], n_features: int, n_weights: int) -> None:
        terms = [(owner, term) for owner, angle in enumerate(angles) for term in angle.terms]
        self.count, self.n_features, self.n_weights = len(angles), n_features, n_weights
        self.owners = np.array([owner for owner, _ in terms], np.int64)
        self.coefficients = np.array([term.coefficient for _, term in terms], float)
        self.features = np.full((2, len(terms)), n_features)
        self.weights = np.full((2, len(terms)), n_weights)
        for column, (_, term) in enumerate(terms):
            self.features[: len(term.features), column] = term.features
            self.weights[: len(term.weights), column] = term.weights

    def _factors(self, features: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Return the features (2, terms, B) and weights (2, terms) of each term."""
        data = np.concatenate([features[:, : self.n_features].T, np.ones((1, len(features)))])
        return data[self.features], np.append(weights[: self.n_weights], 1.0)[self.weights]

    def values(self, features: Floats, weights: Floats) -> Floats:
        """Return the angles, shape (B, angles), for features (B, F) and weights (W,)."""
        data, trained = self._factors(features, weights)
        angles = np.zeros((self.count, len(features)))
        np.add.at(
            angles, self.owners, data.prod(axis=0) * (self.coefficients * trained.prod(axis=0))[:, None]
        )
        return angles.T

    def gradients(self, features: Floats, weights: Floats, slopes: Floats) -> tuple[Floats, Floats]:
        """Return derivatives by weights (W,) and by features (B, F), from those by angles (B, angles)."""
        data, trained = self._factors(features, weights)
        by_term = slopes.T[self.owners] * self.coefficients[:, None]
        by_weight = np.zeros(self.n_weights + 1)
        by_feature = np.zeros((self.n_features + 1, len(features)))
        for one, other in ((0, 1), (1, 0)):
            change = (by_term * data.prod(axis=0)).sum(axis=1) * trained[other]
            np.add.at(by_weight, self.weights[one], change)
            np.add.at(by_feature, self.features[one], by_term * data[other] * trained.prod(axis=0)[:, None])
        return (
            np.pad(by_weight[:-1], (0, len(weights) - self.n_weights)),
            np.pad(by_feature[:-1], ((0, features.shape[1] - self.n_features), (0, 0))).T,
        )
