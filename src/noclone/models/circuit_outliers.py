"""The shared core of anomaly detectors by circuit: encoding, scores, and the threshold between in and out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.models.amplitudes import amplitude_angles, amplitude_embedding, amplitude_qubits
from noclone.models.ansatz import embedding
from noclone.models.encoding import AngleEncoder
from noclone.models.parameters import check_parameters
from noclone.models.variational import Variational
from noclone.quantum.circuit import Circuit

Floats = NDArray[np.float64]
LEAST_AMPLITUDES = 3
"""Rows are padded with zeros to this length, so that amplitudes take at least 2 qubits."""


class CircuitOutliers(ABC, OutlierMixin, Variational):
    """An anomaly detector by circuit; a subclass says how it trains and scores, and stores its parameters."""

    encoding: str
    contamination: float

    def _embedding(self, features: int) -> Circuit:
        """Return the circuit that encodes this many features, on at least 2 qubits."""
        if self.encoding == "angle":
            angles = min(features, self.max_qubits)
            return embedding(max(angles, 2), angles)
        if self.encoding == "amplitude":
            return amplitude_embedding(amplitude_qubits(max(features, LEAST_AMPLITUDES)))
        raise InvalidInput("encoding", f"must be 'angle' or 'amplitude', but is {self.encoding!r}")

    def _angles(self, data: Floats) -> Floats:
        """Return the angles that the embedding reads."""
        if self.encoder_ is not None:
            return self.encoder_.transform(data)
        return amplitude_angles(np.pad(data, ((0, 0), (0, max(LEAST_AMPLITUDES - data.shape[1], 0)))))

    @abstractmethod
    def _fit(self, data: Floats) -> None:
        """Set up and train."""

    @abstractmethod
    def _scores(self, data: Floats) -> Floats:
        """Return how normal samples are; larger is more normal."""

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Train on samples of which nearly all are normal.

        Parameters
        ----------
        X : array_like, shape (samples, features)
        y : object
            Not used.
        """
        check_parameters(self)
        data = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
        if not 0 < self.contamination <= 0.5:
            problem = f"must be above 0 and at most 0.5, but is {self.contamination}"
            raise InvalidInput("contamination", problem)
        self.encoder_ = None
        if self.encoding == "angle":
            self.encoder_ = AngleEncoder(self.max_qubits, self.bandwidth).fit(data)
        self._fit(data)
        self.offset_ = float(np.percentile(self._scores(data), 100 * self.contamination))
        return self

    def score_samples(self, X: ArrayLike) -> Floats:
        """Return how normal each sample is, shape (samples,); larger is more normal."""
        check_is_fitted(self)
        return self._scores(validate_data(self, X, dtype=np.float64, reset=False))

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the score less `offset_`: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return 1 for normal samples and -1 for outliers."""
        return np.where(self.decision_function(X) >= 0, 1, -1)
