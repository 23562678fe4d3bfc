"""Samples as quantum states: through a feature map, or with the features themselves as amplitudes."""

from __future__ import annotations

from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from noclone.models.amplitudes import amplitude_embedding, amplitude_qubits, amplitude_states
from noclone.models.encoding import AngleEncoder
from noclone.models.feature_maps import feature_map
from noclone.models.parameters import check_parameters
from noclone.quantum.circuit import Circuit
from noclone.quantum.engine import Engine

Floats = NDArray[np.float64]
Complex = NDArray[np.complexfloating]


@lru_cache(maxsize=32)
def _engine(circuit: Circuit, precision: str) -> Engine:
    return Engine(circuit, precision=precision)


def map_states(circuit: Circuit, angles: Floats, precision: str = "float64") -> Complex:
    """Return the states that a feature map makes of angles (B, qubits), shape (B, 2**qubits)."""
    return _engine(circuit, precision).states(angles)


class StateEncoder(BaseEstimator):
    """Turn samples into states; the first step of every model that compares states.

    Parameters
    ----------
    feature_map : str
        A key of `noclone.models.feature_maps.FEATURE_MAPS`, one qubit per angle; or ``"amplitude"``, where
        the normalised features are the amplitudes of ``log2(features)`` qubits, unscaled, and the other
        parameters do nothing.
    layers : int
        Repetitions of the feature map.
    bandwidth : float
    max_qubits : int
    entangled : bool
    precision : {"float64", "float32"}

    Attributes
    ----------
    encoder_ : AngleEncoder or None
    circuit_ : Circuit or None
        None for amplitudes.

    Examples
    --------
    >>> encoder = StateEncoder("angle").fit([[0.0], [1.0]])
    >>> abs(encoder.states([[0.5]])).round(12).tolist()
    [[1.0, 0.0]]
    """

    def __init__(
        self,
        feature_map: str = "iqp",
        layers: int = 1,
        bandwidth: float = 1.0,
        max_qubits: int = 8,
        entangled: bool = True,
        precision: str = "float64",
    ) -> None:
        self.feature_map = feature_map
        self.layers = layers
        self.bandwidth = bandwidth
        self.max_qubits = max_qubits
        self.entangled = entangled
        self.precision = precision

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the ranges of the features, where a feature map needs them."""
        check_parameters(self)
        self.encoder_ = self.circuit_ = None
        if self.feature_map != "amplitude":
            self.encoder_ = AngleEncoder(self.max_qubits, self.bandwidth).fit(X)
            self.circuit_ = feature_map(
                self.feature_map, self.encoder_.n_angles_, self.layers, self.entangled
            )
        return self

    def circuit_for(self, features: int) -> Circuit:
        """Return the circuit for this many features; for amplitudes, the one that prepares them."""
        if self.feature_map == "amplitude":
            return amplitude_embedding(amplitude_qubits(features))
        return feature_map(self.feature_map, min(features, self.max_qubits), self.layers, self.entangled)

    def states(self, X: ArrayLike) -> Complex:
        """Return a state per sample, shape (samples, 2**qubits)."""
        if self.circuit_ is None:
            return amplitude_states(X).astype(np.result_type(self.precision, np.complex64))
        return map_states(self.circuit_, self.angles(X), self.precision)

    def angles(self, X: ArrayLike) -> Floats:
        """Return the angles that the feature map reads, shape (samples, qubits); amplitudes have none."""
        assert self.encoder_ is not None
        return self.encoder_.transform(X)
