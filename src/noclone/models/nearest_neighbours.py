"""Nearest neighbours by the fidelity of quantum states."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from noclone.models.card import Card
from noclone.models.fidelity_kernel import fidelities
from noclone.models.finite_shots import FiniteShots
from noclone.models.parameters import check_parameters
from noclone.models.state_encoding import StateEncoder
from noclone.quantum.angle import Angle, Term
from noclone.quantum.circuit import Circuit, Gate, gate
from noclone.quantum.shots import swap_test

Floats = NDArray[np.float64]

DECIMALS = {"float64": 12, "float32": 5}
"""Fidelities that agree to so many digits are ties, whatever the rounding of the arithmetic."""


def swap_test_circuit(prepared: Circuit) -> Circuit:
    """Return the swap test of two states that one circuit prepares from two samples.

    Wire 0 is the ancilla; it reads 0 with probability (1 + fidelity) / 2. The second sample's features follow
    those of the first. Source: H. Buhrman et al., Phys. Rev. Lett. 87, 167902 (2001).
    """
    n, features = prepared.qubits, prepared.n_features

    def moved(part: Gate, wires: int, start: int) -> Gate:
        terms = part.angle.terms if part.angle else ()
        angle = Angle(tuple(Term(t.coefficient, tuple(i + start for i in t.features)) for t in terms))
        return Gate(part.name, tuple(wire + wires for wire in part.wires), angle if part.angle else None)

    pair = [moved(part, 1, 0) for part in prepared.gates] + [
        moved(part, 1 + n, features) for part in prepared.gates
    ]
    swaps = [gate("cswap", 0, 1 + i, 1 + n + i) for i in range(n)]
    return Circuit(2 * n + 1, (*pair, gate("h", 0), *swaps, gate("h", 0)))


class QuantumNearestNeighbours(ClassifierMixin, FiniteShots):
    """Majority vote of the training samples whose states have the largest fidelity with a sample's state.

    Parameters
    ----------
    n_neighbors : int
        Never more than there are training samples.
    feature_map : str
        ``"angle"``, ``"iqp"``, ``"tilted"`` with one qubit per angle; or ``"amplitude"``, where the
        fidelity is the squared cosine of two samples.
    blocks : int
        Parts into which the training samples are divided; the nearest of each part are merged. The answer
        does not depend on it where fidelities are exact.
    layers, bandwidth, max_qubits, entangled
        Of the feature map; amplitudes have none of these.
    shots : int, optional
        Swap tests per pair of samples; exact if None.
    precision : {"float64", "float32"}
    random_state : int, RandomState or None
        Of the shots; predictions repeat themselves on the same samples.

    Attributes
    ----------
    classes_ : ndarray
    circuit_ : Circuit or None
        The feature map; None for amplitudes.
    embedded_ : ndarray, shape (samples, 2**qubits)
        States of the training samples.

    Examples
    --------
    >>> model = QuantumNearestNeighbours(1, "amplitude").fit([[1.0, 0.1], [0.1, 1.0]], ["a", "b"])
    >>> model.predict([[5.0, 1.0], [0.0, 3.0]]).tolist()
    ['a', 'b']
    """

    NAME = "quantum-nearest-neighbours"
    CARD = Card(
        title="Quantum k-nearest neighbours",
        family="quantum",
        what="Votes among the training samples with the largest fidelity; with amplitudes that is "
        "classical nearest neighbours with the squared cosine as likeness, answer by answer.",
        quantum="The fidelities, by swap tests; finding the largest and voting are classical here. A "
        "search by amplitude amplification would need the training set in quantum memory and is not built.",
        cost="2 log2(features) + 1 qubits for amplitudes (state preparation needs about as many gates as "
        "there are features), 2 features + 1 for feature maps; one swap test per sample, training sample "
        "and shot. To tell fidelities 0.01 apart takes about 10 000 shots.",
        avoid="As a faster classical method: it is not. With amplitudes the length and the sign of a "
        "sample are lost, and one feature alone says nothing; use a feature map or scikit-learn's "
        "KNeighborsClassifier.",
        source="Reconstruction of L.-H. Gong et al., Advanced Quantum Technologies 7, 2300221 (2024), of "
        "which only the abstract was read: a fidelity circuit for the test sample and each training "
        "sample, divide and conquer, majority vote.",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "n_neighbors": [1, 3, 5, 11, 21],
        "feature_map": ["angle", "iqp", "amplitude"],
        "bandwidth": [0.3, 1.0],
    }

    def __init__(
        self,
        n_neighbors: int = 5,
        feature_map: str = "angle",
        blocks: int = 1,
        layers: int = 1,
        bandwidth: float = 1.0,
        max_qubits: int = 8,
        entangled: bool = True,
        shots: int | None = None,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.feature_map = feature_map
        self.blocks = blocks
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
        """Return the swap test for this many features; amplitudes are taken as prepared."""
        return swap_test_circuit(self._encoder().circuit_for(features))

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Keep the states of the samples."""
        check_parameters(self)
        data, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, self.votes_ = np.unique(labels, return_inverse=True)
        self.states_ = self._encoder().fit(data)
        self.circuit_ = self.states_.circuit_
        self.embedded_ = self.states_.states(data)
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        return self

    def kneighbors(self, X: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
        """Return fidelity and number of the nearest training samples, nearest first; ties by number.

        Returns
        -------
        fidelity : ndarray, shape (samples, neighbours)
        index : ndarray of int, same shape
        """
        check_is_fitted(self)
        states = self.states_.states(validate_data(self, X, dtype=np.float64, reset=False))
        rng = np.random.default_rng(self.seed_)
        best, index = np.empty((len(states), 0)), np.empty((len(states), 0), np.int64)
        for block in np.array_split(np.arange(len(self.embedded_)), self.blocks):
            found = fidelities(states, self.embedded_[block])
            if self.shots is not None:
                found = swap_test(found, self.shots, rng)
            best = np.concatenate([best, found.round(DECIMALS[self.precision])], axis=1)
            index = np.concatenate([index, np.broadcast_to(block, found.shape)], axis=1)
            nearest = np.argsort(-best, axis=1, kind="stable")[:, : self.n_neighbors]
            best, index = np.take_along_axis(best, nearest, 1), np.take_along_axis(index, nearest, 1)
        return best, index

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the share of the neighbours in each class, shape (samples, classes)."""
        _, index = self.kneighbors(X)
        votes = self.votes_[index][:, :, None] == np.arange(len(self.classes_))
        return np.asarray(votes.mean(axis=1))

    def predict(self, X: ArrayLike) -> NDArray:
        """Return labels, shape (samples,); of classes with as many votes the first."""
        winners = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[winners])
