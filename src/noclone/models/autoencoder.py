"""A quantum autoencoder: compress samples into fewer qubits; what does not compress is an anomaly."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.models.card import Card
from noclone.models.circuit_outliers import CircuitOutliers
from noclone.models.losses import Infidelity
from noclone.models.parameters import check_parameters
from noclone.quantum.circuit import Circuit
from noclone.quantum.layers import strongly_entangling
from noclone.quantum.observables import Observable, projector, z

Floats = NDArray[np.float64]


class QuantumAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, CircuitOutliers):
    """Anomaly detector and dimension reduction by a circuit that empties some of its qubits.

    The circuit is trained so that, for the training samples, all but the latent wires end in 0. How nearly a
    sample's do, the trash fidelity, is its score; ``<Z>`` of the latent wires are its compressed features.

    The unentangled twin cannot move a feature to another wire, so that its trash wires would be blind to the
    features of the latent ones. It is trained to empty every wire, and its score is the probability that all
    of them are: it sees every feature, but each by itself, and compresses nothing.

    Parameters
    ----------
    latent_qubits : int or None
        Wires that keep the sample; half of them if None.
    layers : int
        Strongly entangling layers after the encoding.
    encoding : {"angle", "amplitude"}
        One qubit per scaled feature (at most max_qubits; more are first projected on principal axes), or the
        unscaled features, normalised, as amplitudes of log2(features) qubits.
    contamination : float
        Share of the training samples that `predict` takes for outliers, above 0 and at most 0.5.
    optimiser, learning_rate, max_iter, batch_size, tol, patience, shots, noise, precision, threads
    max_qubits, bandwidth, entangled, random_state
        As in `VariationalClassifier`.

    Attributes
    ----------
    circuit_ : Circuit
    latent_ : int
        Number of latent wires: the first ones.
    weights_ : ndarray
    loss_curve_ : ndarray, shape (n_iter_,)
        One minus the mean score.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    encoder_ : AngleEncoder or None

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(100, 1)) * [1.0, -1.0, 0.5]
    >>> model = QuantumAutoencoder(random_state=0).fit(X)
    >>> model.predict([[0.5, -0.5, 0.25], [0.5, 0.5, -0.5]]).tolist()
    [1, -1]
    >>> model.transform(X).shape
    (100, 1)
    """

    NAME = "quantum-autoencoder"
    CARD = Card(
        title="Quantum autoencoder",
        family="quantum",
        what="Learns a circuit that moves the information of normal samples into a few latent qubits and"
        " leaves the others in 0. Samples that leave the others elsewhere are anomalies. The unentangled "
        "twin, which cannot move information, empties all qubits, so that it too sees every feature.",
        quantum="Encoding, circuit and measurement would run on a quantum computer; here they are simulated"
        " exactly, or with shots or noise. Scaling and the optimiser are classical.",
        cost="One qubit per feature (at most max_qubits), or log2(features) with amplitude encoding, "
        "whose circuit has as many gates as amplitudes; 3 weights per qubit and layer.",
        avoid="Where the normal samples fill their space: nothing then compresses. Principal components "
        "with the residual as score are the classical counterpart, and the first thing to try.",
        source="J. Romero, J. P. Olson, A. Aspuru-Guzik, Quantum Sci. Technol. 2, 045001 (2017): the trash "
        "cost, with a strongly entangling circuit.",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "layers": [1, 3, 5],
        "latent_qubits": [1, 2, None],
        "learning_rate": [0.001, 0.01, 0.1],
        "bandwidth": [0.5, 1.0, 2.0],
    }

    def __init__(
        self,
        latent_qubits: int | None = None,
        layers: int = 5,
        encoding: str = "angle",
        contamination: float = 0.1,
        optimiser: str = "adam",
        learning_rate: float = 0.1,
        max_iter: int = 300,
        batch_size: int | None = 256,
        tol: float = 1e-4,
        patience: int = 50,
        shots: int | None = None,
        noise: tuple[str, float] | None = None,
        precision: str = "float64",
        threads: int = 1,
        max_qubits: int = 8,
        bandwidth: float = 1.0,
        entangled: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(
            optimiser, learning_rate, max_iter, batch_size, tol, patience, shots, noise, precision, threads,
            max_qubits, bandwidth, entangled, random_state,
        )  # fmt: skip
        self.latent_qubits = latent_qubits
        self.layers = layers
        self.encoding = encoding
        self.contamination = contamination

    def _compression(self, features: int) -> Circuit:
        check_parameters(self)
        start = self._embedding(features)
        return start + strongly_entangling(start.qubits, self.layers, entangled=self.entangled)

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit for this many features."""
        return self._noisy(self._compression(features))

    def _fit(self, data: Floats) -> None:
        circuit = self._compression(data.shape[1])
        qubits = circuit.qubits
        self.latent_ = min(self.latent_qubits or qubits // 2, qubits - 1)
        self._n_features_out = self.latent_
        # Without entanglement the trash wires would see their own features only.
        emptied = range(self.latent_ if self.entangled else 0, qubits)
        self._prepare(circuit, (projector(tuple(emptied), qubits),))
        random, loss = self._random(), Infidelity()
        self._train(loss, self._angles(data), np.zeros(len(data)), self._start(loss, random), random)

    def _scores(self, data: Floats) -> Floats:
        return self._values(self._angles(data), self.observables_)[:, 0]

    def _latent_observables(self) -> tuple[Observable, ...]:
        return tuple(z(wire, self.circuit_.qubits) for wire in range(self.latent_))

    def transform(self, X: ArrayLike) -> Floats:
        """Return ``<Z>`` of the latent wires, shape (samples, latent_)."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        return self._values(self._angles(data), self._latent_observables())
