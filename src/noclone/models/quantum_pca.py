"""Principal axes of the mixture of all samples' states."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from noclone.models.card import Card
from noclone.models.fidelity_kernel import fidelities
from noclone.models.finite_shots import FiniteShots, check_shots
from noclone.models.parameters import check_parameters
from noclone.models.state_encoding import StateEncoder
from noclone.quantum.circuit import Circuit

Floats = NDArray[np.float64]


class QuantumPCA(ClassNamePrefixFeaturesOutMixin, TransformerMixin, FiniteShots):
    """Reduce samples to the probabilities of finding their states in the main axes of the data's mixture.

    The mixture of all training states is a density matrix; its eigenvectors of largest eigenvalue are the
    axes. Quantum principal component analysis finds axis j with probability ``|<axis_j|psi(x)>|**2``: that
    is the output, not a signed coordinate. With amplitudes it is principal component analysis without
    centring of the normalised samples, squared. For centred, signed coordinates use
    ``make_pipeline(QuantumKernel(), KernelPCA(kernel="precomputed"))``.

    Parameters
    ----------
    n_components : int
        Never more than min(samples, 2**qubits).
    feature_map : str
        ``"amplitude"``, or ``"iqp"``, ``"angle"``, ``"tilted"`` with one qubit per angle.
    layers, bandwidth, max_qubits, entangled
        Of the feature map; amplitudes have none of these.
    shots : int, optional
        Runs per sample; exact if None.
    precision : {"float64", "float32"}
    random_state : int, RandomState or None
        Of the shots; the same samples always give the same values.

    Attributes
    ----------
    components_ : ndarray, shape (n_components, 2**qubits)
        Axes, as states.
    eigenvalues_ : ndarray, shape (n_components,)
        Of the density matrix, whose trace is 1: the share of the data in each axis.
    circuit_ : Circuit or None

    Examples
    --------
    >>> reduced = QuantumPCA(n_components=1).fit_transform([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0]])
    >>> reduced.round(12).ravel().tolist()
    [0.0, 1.0, 1.0]
    """

    NAME = "quantum-pca"
    CARD = Card(
        title="Quantum principal component analysis",
        family="quantum",
        what="Reduces samples to their probabilities in the main axes of the data's density matrix.",
        quantum="On a quantum computer: copies of the mixture act as a Hamiltonian, and phase estimation "
        "finds the axis. Here the axes come from a singular value decomposition; only the states and, with "
        "shots, the counting noise are those of the quantum method.",
        cost="log2(features) qubits for amplitudes, one per feature for feature maps; about 1 / error**3 "
        "copies of the mixture per run (Lloyd et al.).",
        avoid="As a replacement of classical principal component analysis, which is exact, signed and "
        "centred; useful where the samples are quantum states already.",
        source="S. Lloyd, M. Mohseni, P. Rebentrost, Nature Physics 10, 631 (2014); mixture as covariance "
        "matrix: M. H. Gordon et al., PRX Quantum 3, 030334 (2022).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "n_components": [2, 4, 8],
        "feature_map": ["amplitude", "angle", "iqp"],
        "bandwidth": [0.3, 1.0],
    }

    def __init__(
        self,
        n_components: int = 2,
        feature_map: str = "amplitude",
        layers: int = 1,
        bandwidth: float = 1.0,
        max_qubits: int = 8,
        entangled: bool = True,
        shots: int | None = None,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.feature_map = feature_map
        self.layers = layers
        self.bandwidth = bandwidth
        self.max_qubits = max_qubits
        self.entangled = entangled
        self.shots = shots
        self.precision = precision
        self.random_state = random_state

    def _encoder(self) -> StateEncoder:
        return StateEncoder(
            self.feature_map, self.layers, self.bandwidth, self.max_qubits, self.entangled, self.precision
        )

    def example_circuit(self, features: int) -> Circuit:
        """Return the feature map for this many features; for amplitudes, the one that prepares them."""
        return self._encoder().circuit_for(features)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find the axes."""
        check_parameters(self)
        data = validate_data(self, X, dtype=np.float64)
        self.states_ = self._encoder().fit(data)
        self.circuit_ = self.states_.circuit_
        _, sizes, axes = np.linalg.svd(self.states_.states(data), full_matrices=False)
        self.components_ = axes[: self.n_components]
        self.eigenvalues_ = (sizes[: self.n_components] ** 2 / len(data)).astype(np.float64)
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        return self

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def transform(self, X: ArrayLike) -> Floats:
        """Return the probability of each axis, shape (samples, n_components)."""
        check_is_fitted(self)
        states = self.states_.states(validate_data(self, X, dtype=np.float64, reset=False))
        chance = fidelities(states, self.components_)
        check_shots(self.shots)
        if self.shots is None:
            return chance
        rest = np.maximum(1 - chance.sum(axis=1, keepdims=True), 0.0)
        whole = np.concatenate([chance, rest], axis=1)
        counts = np.random.default_rng(self.seed_).multinomial(
            self.shots, whole / whole.sum(axis=1, keepdims=True)
        )
        return np.asarray(counts[:, :-1] / self.shots)
