"""Support vector regression with a quantum kernel."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.svm import SVR
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.models.card import Card
from noclone.models.finite_shots import FiniteShots
from noclone.models.parameters import check_parameters
from noclone.models.quantum_kernels import QuantumKernel
from noclone.quantum.circuit import Circuit

Floats = NDArray[np.float64]


class QuantumKernelRegressor(RegressorMixin, FiniteShots):
    """Support vector regression whose kernel is computed from quantum states.

    Parameters
    ----------
    C : float
        Inverse strength of the regularisation, in units of the target, as in `sklearn.svm.SVR`.
    epsilon : float
        Errors below this cost nothing, in units of the target.
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
    svr_ : sklearn.svm.SVR
    circuit_ : Circuit

    Examples
    --------
    >>> X = np.linspace(0, 1, 20)[:, None]
    >>> model = QuantumKernelRegressor(C=10.0, epsilon=0.01).fit(X, X.ravel() ** 2)
    >>> bool(abs(model.predict([[0.5]])[0] - 0.25) < 0.02)
    True
    """

    NAME = "quantum-kernel-regressor"
    CARD = Card(
        title="Quantum kernel regressor",
        family="quantum",
        what="Support vector regression; the likeness of two samples is the fidelity of two quantum "
        "states, or a Gaussian of what their single qubits show.",
        quantum="The kernel's entries come from a quantum computer (here from exact states, or with the "
        "counting noise of a number of shots); the regression is classical.",
        cost="One qubit per feature (at most max_qubits). Fidelity: a circuit of twice the feature map's "
        "depth for each of the N (N - 1) / 2 pairs of samples, and one per prediction and training sample, "
        "times the shots. Projected: three measurement settings per sample.",
        avoid="With many samples, or where values outside the range seen in training occur: the kernel is "
        "periodic in the features and repeats itself. Compare with sklearn.svm.SVR first.",
        source="V. Havlicek et al., Nature 567, 209 (2019), for the kernel; H.-Y. Huang et al., Nature "
        "Communications 12, 2631 (2021).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "C": [0.1, 1.0, 10.0, 100.0],
        "epsilon": [0.01, 0.1],
        "layers": [1, 5, 10],
        "bandwidth": [0.1, 0.3, 1.0],
        "kernel": ["fidelity", "projected"],
    }

    def __init__(
        self,
        C: float = 1.0,
        epsilon: float = 0.1,
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
        self.C = C
        self.epsilon = epsilon
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

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Compute the kernel of the samples and fit the regression."""
        check_parameters(self)
        data, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        self.kernel_ = QuantumKernel.of(self)
        self.svr_ = SVR(C=self.C, epsilon=self.epsilon, kernel="precomputed")
        self.svr_.fit(self.kernel_.fit_transform(data), target)
        self.circuit_ = self.kernel_.circuit_
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return predictions, shape (samples,)."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.svr_.predict(self.kernel_.transform(data)))
