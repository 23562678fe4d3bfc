"""Features that a circuit can read without going round: few, scaled, and never further than half a turn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

QUBITS = 6
"""Most features that a quantum watcher's circuit reads; more are first projected on their principal axes."""


class WithinReach(TransformerMixin, BaseEstimator):
    """Turn telemetry into at most `qubits` angles, and hold angles that lie too far out at half a turn.

    The range seen in `fit` becomes -pi/2 to pi/2. Circuits are periodic in their angles: a block far outside,
    as under a strong attack, could come round to where normal blocks lie. Held at -pi and pi, at most half
    a turn from the middle, it cannot, as long as the model's bandwidth is at most 1.

    Parameters
    ----------
    qubits : int
        More features than this are first projected on the principal axes of the training rows. An attack
        that moves none of these axes then cannot be seen.

    Attributes
    ----------
    encoder_ : AngleEncoder

    Examples
    --------
    >>> angles = WithinReach().fit([[0.0], [1.0]]).transform([[0.5], [1.0], [1.4], [100.0]])
    >>> (angles / np.pi).round(6).ravel().tolist()
    [0.0, 0.5, 0.9, 1.0]
    """

    def __init__(self, qubits: int = QUBITS) -> None:
        self.qubits = qubits

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the ranges, and the projection if one is needed."""
        from noclone.models.encoding import AngleEncoder

        self.encoder_ = AngleEncoder(self.qubits).fit(validate_data(self, X, dtype=np.float64))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return angles in radians, shape (rows, min(features, qubits)), from -pi to pi."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        return np.clip(self.encoder_.transform(rows), -np.pi, np.pi)


def reached(model: Any) -> Pipeline:
    """Return a quantum model that reads telemetry within its reach."""
    return Pipeline([("reach", WithinReach()), ("model", model)])
