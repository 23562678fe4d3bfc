"""Samples as quantum states: through a feature map, or with the features themselves as amplitudes."""

from __future__ import annotations

from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from noclone.core.errors import InvalidInput
from noclone.models.encoding import AngleEncoder
from noclone.models.feature_maps import feature_map
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


def amplitude_states(data: ArrayLike) -> Complex:
    """Return rows as amplitudes: normalised, and padded with zeros to a power of two of at least 2.

    The fidelity of two such states is the squared cosine of the rows. A row of zeros, which has no direction,
    becomes the first basis state.

    Examples
    --------
    >>> amplitude_states([[3.0, 0.0, 4.0]]).real.tolist()
    [[0.6, 0.0, 0.8, 0.0]]
    """
    rows = np.asarray(data, np.float64)
    states = np.zeros((len(rows), 2 ** amplitude_qubits(rows.shape[1])), complex)
    largest = np.abs(rows).max(axis=1, keepdims=True)  # first, so that no square overflows
    rows = rows / np.where(largest > 0, largest, 1.0)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    states[:, : rows.shape[1]] = rows / np.where(length > 0, length, 1.0)
    states[length[:, 0] == 0, 0] = 1.0
    return states


def amplitude_qubits(features: int) -> int:
    """Return the number of qubits that hold this many amplitudes."""
    return max(int(features - 1).bit_length(), 1)


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
        if self.precision not in ("float64", "float32"):
            raise InvalidInput("precision", f"must be float64 or float32, but is {self.precision!r}")
        self.encoder_ = self.circuit_ = None
        if self.feature_map != "amplitude":
            self.encoder_ = AngleEncoder(self.max_qubits, self.bandwidth).fit(X)
            self.circuit_ = feature_map(
                self.feature_map, self.encoder_.n_angles_, self.layers, self.entangled
            )
        return self

    def circuit_for(self, features: int) -> Circuit:
        """Return the circuit for this many features; for amplitudes, qubits without gates."""
        if self.feature_map == "amplitude":
            return Circuit(amplitude_qubits(features))
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
