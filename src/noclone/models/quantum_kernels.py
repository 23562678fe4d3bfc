"""Kernel matrices from quantum states, as a step in front of any method that takes a kernel."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from noclone.core.errors import InvalidInput
from noclone.models.fidelity_kernel import fidelities, gram, sampled_gram
from noclone.models.finite_shots import FiniteShots
from noclone.models.parameters import check_parameters
from noclone.models.projected_features import pauli_values, projected_kernel, sampled_pauli_values
from noclone.models.state_encoding import StateEncoder
from noclone.quantum.circuit import Circuit
from noclone.quantum.shots import inversion_test

Floats = NDArray[np.float64]

KERNELS = ("fidelity", "projected")


class QuantumKernel(TransformerMixin, FiniteShots):
    """Turn samples into their kernel values with the samples seen in `fit`.

    For instance ``make_pipeline(QuantumKernel(), KernelPCA(kernel="precomputed"))``.

    Parameters
    ----------
    kernel : {"fidelity", "projected"}
        ``|<psi(x)|psi(y)>|**2``, or a Gaussian of the distance of the one-qubit reduced density matrices.
    feature_map : {"iqp", "angle", "tilted"}
        Of `noclone.models.feature_maps`.
    layers : int
        Repetitions of the feature map.
    bandwidth : float
        Scale of the angles, which fill ``bandwidth * (-pi/2, pi/2)``. Small values keep the fidelity kernel
        from concentrating: R. Shaydulin, S. M. Wild, Phys. Rev. A 106, 042407 (2022).
    gamma : float
        Of the projected kernel, times 1 / (qubits * variance of the Pauli values).
    max_qubits : int
        More features than this are first projected on principal axes.
    entangled : bool
        False leaves the two-qubit gates out.
    shots : int, optional
        Circuit runs per pair of samples (fidelity), or per sample and measurement setting (projected); exact
        if None.
    precision : {"float64", "float32"}
    random_state : int, RandomState or None
        Of the shots. `transform` repeats itself on the same samples.

    Attributes
    ----------
    circuit_ : Circuit
    gamma_ : float
        1 for the fidelity kernel, which has none.
    embedded_ : ndarray
        States (samples, 2**qubits) or Pauli values (samples, 3 * qubits) of the samples seen in `fit`.

    Examples
    --------
    >>> kernel = QuantumKernel(feature_map="angle")
    >>> kernel.fit_transform([[0.0], [0.5], [1.0]]).round(6).tolist()
    [[1.0, 0.5, 0.0], [0.5, 1.0, 0.5], [0.0, 0.5, 1.0]]
    """

    def __init__(
        self,
        kernel: str = "fidelity",
        feature_map: str = "iqp",
        layers: int = 1,
        bandwidth: float = 1.0,
        gamma: float = 1.0,
        max_qubits: int = 8,
        entangled: bool = True,
        shots: int | None = None,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.kernel = kernel
        self.feature_map = feature_map
        self.layers = layers
        self.bandwidth = bandwidth
        self.gamma = gamma
        self.max_qubits = max_qubits
        self.entangled = entangled
        self.shots = shots
        self.precision = precision
        self.random_state = random_state

    @classmethod
    def of(cls, model: Any) -> QuantumKernel:
        """Return the kernel that a model's parameters of the same names describe."""
        return cls(**{name: getattr(model, name) for name in cls._get_param_names()})

    def _encoder(self) -> StateEncoder:
        if self.kernel not in KERNELS:
            raise InvalidInput("kernel", f"must be one of {', '.join(KERNELS)}, but is {self.kernel!r}")
        if self.feature_map == "amplitude":
            raise InvalidInput("feature_map", "must be a circuit, but is 'amplitude'")
        return StateEncoder(
            self.feature_map, self.layers, self.bandwidth, self.max_qubits, self.entangled, self.precision
        )

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit for this many features."""
        return self._encoder().circuit_for(features)

    def _embedded(self, data: Floats, rng: np.random.Generator) -> NDArray:
        if self.kernel == "projected" and self.shots is not None:
            return sampled_pauli_values(self.circuit_, self.states_.angles(data), self.shots, rng)
        states = self.states_.states(data)
        return states if self.kernel == "fidelity" else pauli_values(states)

    def _fit(self, X: ArrayLike) -> np.random.Generator:
        check_parameters(self)
        data = validate_data(self, X, dtype=np.float64)
        self.states_ = self._encoder().fit(data)
        self.circuit_ = self.example_circuit(data.shape[1])
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        self.seed_ = int(seeds[1])
        rng = np.random.default_rng(seeds[0])
        self.embedded_ = self._embedded(data, rng)
        self.gamma_ = 1.0
        if self.kernel == "projected":
            spread = float(self.embedded_.var()) * self.circuit_.qubits
            self.gamma_ = self.gamma / spread if spread > 0 else self.gamma
        return rng

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the ranges of the features and keep the samples' states."""
        self._fit(X)
        return self

    def fit_transform(self, X: ArrayLike, y: object = None, **params: object) -> Floats:
        """Fit and return the matrix of the samples with each other: symmetric, ones on the diagonal.

        With shots, each pair is measured once.
        """
        rng = self._fit(X)
        if self.kernel == "projected":
            return projected_kernel(self.embedded_, self.embedded_, self.gamma_)
        matrix = gram(self.embedded_)
        return matrix if self.shots is None else sampled_gram(matrix, self.shots, rng)

    def transform(self, X: ArrayLike) -> Floats:
        """Return kernel values with the samples seen in `fit`, shape (samples, samples seen in fit)."""
        check_is_fitted(self)
        rng = np.random.default_rng(self.seed_)
        embedded = self._embedded(validate_data(self, X, dtype=np.float64, reset=False), rng)
        if self.kernel == "projected":
            return projected_kernel(embedded, self.embedded_, self.gamma_)
        matrix = fidelities(embedded, self.embedded_)
        return matrix if self.shots is None else inversion_test(matrix, self.shots, rng)
