"""What single qubits of a feature map show: Pauli expectation values as features, and the kernel on them."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from noclone.core.errors import InvalidInput
from noclone.models.card import Card
from noclone.models.finite_shots import FiniteShots
from noclone.models.parameters import check_parameters
from noclone.models.state_encoding import StateEncoder
from noclone.quantum.circuit import Circuit
from noclone.quantum.engine import Engine
from noclone.quantum.observables import pauli
from noclone.quantum.shots import estimates

Floats = NDArray[np.float64]
Complex = NDArray[np.complexfloating]


def pauli_values(states: Complex) -> Floats:
    """Return the expectation values of X, Y and Z of each qubit: its reduced density matrix.

    Parameters
    ----------
    states : ndarray, shape (B, 2**qubits)

    Returns
    -------
    ndarray, shape (B, 3 * qubits)
        X, Y, Z of qubit 0, then of qubit 1, and so on.

    Examples
    --------
    >>> pauli_values(np.array([[1, 1j]]) / np.sqrt(2)).round(12).tolist()
    [[0.0, 1.0, 0.0]]
    """
    qubits = int(states.shape[1]).bit_length() - 1
    values = np.empty((len(states), qubits, 3))
    for wire in range(qubits):
        halves = states.reshape(len(states), 2**wire, 2, -1)
        zero, one = halves[:, :, 0].reshape(len(states), -1), halves[:, :, 1].reshape(len(states), -1)
        coherence = np.einsum("bk,bk->b", zero.conj(), one)
        values[:, wire, 0], values[:, wire, 1] = 2 * coherence.real, 2 * coherence.imag
        values[:, wire, 2] = np.einsum("bk,bk->b", zero.conj(), zero).real
        values[:, wire, 2] -= np.einsum("bk,bk->b", one.conj(), one).real
    return values.reshape(len(states), 3 * qubits)


@lru_cache(maxsize=32)
def _pauli_engine(circuit: Circuit) -> Engine:
    n = circuit.qubits
    return Engine(
        circuit, [pauli("I" * i + letter + "I" * (n - 1 - i)) for i in range(n) for letter in "XYZ"]
    )


def sampled_pauli_values(circuit: Circuit, angles: Floats, shots: int, rng: np.random.Generator) -> Floats:
    """Return the same from `shots` runs of a feature map in each basis: all qubits in X, all in Y, all in Z.

    Parameters
    ----------
    circuit : Circuit
    angles : ndarray, shape (B, qubits)
    shots : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (B, 3 * qubits)
    """
    return estimates(_pauli_engine(circuit), angles, (), shots, rng)


def projected_kernel(left: Floats, right: Floats, gamma: float) -> Floats:
    """Return ``exp(-gamma * sum (left - right)**2)`` over all Pauli expectation values.

    The sum is twice the squared distance of the one-qubit reduced density matrices. Source: H.-Y. Huang et
    al., Nature Communications 12, 2631 (2021).

    Parameters
    ----------
    left : ndarray, shape (L, 3 * qubits)
    right : ndarray, shape (R, 3 * qubits)
    gamma : float

    Returns
    -------
    ndarray, shape (L, R)
    """
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * (left @ right.T)
    return np.asarray(np.exp(-gamma * np.maximum(squares, 0.0)))


class ProjectedFeatures(TransformerMixin, FiniteShots):
    """Replace features by the Pauli expectation values of single qubits of a feature map.

    For any pipeline: three new features per qubit, between -1 and 1.

    Parameters
    ----------
    feature_map : {"iqp", "angle", "tilted"}
    layers : int
        Repetitions of the feature map.
    bandwidth : float
        Scale of the angles, which fill ``bandwidth * (-pi/2, pi/2)``.
    max_qubits : int
        More features than this are first projected on principal axes.
    entangled : bool
    shots : int, optional
        Runs per measurement setting (all X, all Y, all Z); exact if None.
    precision : {"float64", "float32"}
    random_state : int, RandomState or None
        Of the shots; the same samples then always show the same values.

    Attributes
    ----------
    circuit_ : Circuit

    Examples
    --------
    >>> ProjectedFeatures("angle", entangled=False).fit_transform([[0.0], [1.0]])[:, 0].round(6).tolist()
    [-1.0, 1.0]
    """

    NAME = "projected-features"
    CARD = Card(
        title="Projected quantum features",
        family="quantum",
        what="Writes each sample into a circuit and returns X, Y and Z of every qubit as new features.",
        quantum="The circuit and its measurements; whatever learns from the features is classical.",
        cost="One qubit per feature (at most max_qubits); three measurement settings per sample, no matter "
        "how many samples there are.",
        avoid="When the features already separate the classes; with strong entanglement all values shrink "
        "to 0 as qubits are added. Random Fourier features are the classical counterpart.",
        source="H.-Y. Huang et al., Nature Communications 12, 2631 (2021).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "feature_map": ["iqp", "angle", "tilted"],
        "layers": [1, 3, 5],
        "bandwidth": [0.1, 0.3, 1.0],
    }

    def __init__(
        self,
        feature_map: str = "iqp",
        layers: int = 1,
        bandwidth: float = 1.0,
        max_qubits: int = 8,
        entangled: bool = True,
        shots: int | None = None,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.feature_map = feature_map
        self.layers = layers
        self.bandwidth = bandwidth
        self.max_qubits = max_qubits
        self.entangled = entangled
        self.shots = shots
        self.precision = precision
        self.random_state = random_state

    def _encoder(self) -> StateEncoder:
        if self.feature_map == "amplitude":
            raise InvalidInput("feature_map", "must be a circuit, but is 'amplitude'")
        return StateEncoder(
            self.feature_map, self.layers, self.bandwidth, self.max_qubits, self.entangled, self.precision
        )

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit for this many features."""
        return self._encoder().circuit_for(features)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the ranges of the features."""
        check_parameters(self)
        data = validate_data(self, X, dtype=np.float64)
        self.states_ = self._encoder().fit(data)
        self.circuit_ = self.example_circuit(data.shape[1])
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Return the values, shape (samples, 3 * qubits): X, Y, Z of qubit 0, then of qubit 1, and so on."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        if self.shots is None:
            return pauli_values(self.states_.states(data))
        rng = np.random.default_rng(self.seed_)
        return sampled_pauli_values(self.circuit_, self.states_.angles(data), self.shots, rng)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Return ``x0``, ``y0``, ``z0``, ``x1`` and so on."""
        check_is_fitted(self)
        qubits = range(self.circuit_.qubits)
        return np.array([f"{letter}{wire}" for wire in qubits for letter in "xyz"], object)
