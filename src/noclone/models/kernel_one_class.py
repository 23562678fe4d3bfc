"""Anomalies by a one-class support vector machine with a quantum kernel."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import OutlierMixin
from sklearn.svm import OneClassSVM
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.models.card import Card
from noclone.models.finite_shots import FiniteShots
from noclone.models.parameters import check_parameters
from noclone.models.quantum_kernels import QuantumKernel
from noclone.quantum.circuit import Circuit

Floats = NDArray[np.float64]


class QuantumKernelOneClass(OutlierMixin, FiniteShots):
    """One-class support vector machine whose kernel is computed from quantum states.

    Learns from normal samples alone where normal samples lie.

    Parameters
    ----------
    nu : float
        Upper bound of the share of training samples taken for outliers, in (0, 1].
    kernel : {"fidelity", "projected"}
    feature_map : {"iqp", "angle", "tilted"}
    layers : int
        Repetitions of the feature map.
    bandwidth : float
        Scale of the angles, which fill ``bandwidth * (-pi/2, pi/2)``.
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
        Of the shots.

    Attributes
    ----------
    kernel_ : QuantumKernel
    svm_ : sklearn.svm.OneClassSVM
    offset_ : float
        ``decision_function = score_samples - offset_``.
    circuit_ : Circuit

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> QuantumKernelOneClass(nu=0.1, random_state=0).fit(X).predict([[0.0, 0.0], [3.0, 3.0]]).tolist()
    [1, -1]
    """

    NAME = "quantum-kernel-one-class"
    CARD = Card(
        title="Quantum kernel one-class machine",
        family="quantum",
        what="Finds samples unlike those it was trained on: a one-class support vector machine on the "
        "fidelity of quantum states, or on what their single qubits show.",
        quantum="The kernel's entries come from a quantum computer (here from exact states, or with the "
        "counting noise of a number of shots); the support vector machine is classical.",
        cost="One qubit per feature (at most max_qubits). Fidelity: a circuit of twice the feature map's "
        "depth for each of the N (N - 1) / 2 pairs of samples, and one per prediction and training sample, "
        "times the shots. Projected: three measurement settings per sample.",
        avoid="Where a statistic with a known law exists (a chi-squared test on standardised features is "
        "optimal for Gaussian features). The kernel is periodic: samples far outside the training range "
        "can look normal; use a bandwidth below 1.",
        source="B. Schoelkopf et al., Neural Computation 13, 1443 (2001), with the kernels of V. Havlicek "
        "et al., Nature 567, 209 (2019), and H.-Y. Huang et al., Nature Communications 12, 2631 (2021).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "nu": [0.01, 0.05, 0.1],
        "layers": [1, 5, 10],
        "bandwidth": [0.1, 0.3, 1.0],
        "kernel": ["fidelity", "projected"],
    }

    def __init__(
        self,
        nu: float = 0.1,
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
        self.nu = nu
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

    def example_circuit(self, features: int) -> Circuit:
        """Return the feature map for this many features."""
        return QuantumKernel.of(self).example_circuit(features)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Compute the kernel of the samples and fit the support vector machine."""
        check_parameters(self)
        data = validate_data(self, X, dtype=np.float64)
        self.kernel_ = QuantumKernel.of(self)
        self.svm_ = OneClassSVM(nu=self.nu, kernel="precomputed").fit(self.kernel_.fit_transform(data))
        self.offset_, self.circuit_ = float(self.svm_.offset_[0]), self.kernel_.circuit_
        return self

    def score_samples(self, X: ArrayLike) -> Floats:
        """Return how normal each sample is, shape (samples,); larger is more normal."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.svm_.score_samples(self.kernel_.transform(data)))

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the score less `offset_`: negative for outliers."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return 1 for normal samples and -1 for outliers."""
        return np.where(self.decision_function(X) >= 0, 1, -1)
