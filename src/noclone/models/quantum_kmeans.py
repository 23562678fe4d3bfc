"""Clusters of quantum states: each sample belongs to the centre with which its state has most fidelity."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from noclone.core.errors import InvalidInput
from noclone.models.card import Card
from noclone.models.fidelity_kernel import fidelities
from noclone.models.parameters import check_parameters
from noclone.models.state_encoding import StateEncoder
from noclone.quantum.circuit import Circuit

Floats = NDArray[np.float64]
Complex = NDArray[np.complexfloating]
Whole = NDArray[np.int64]


def principal_state(states: Complex) -> Complex:
    """Return the pure state of largest mean fidelity with some states: the main axis of their mixture."""
    _, _, axes = np.linalg.svd(states, full_matrices=False)
    return np.asarray(axes[0])


def _start(states: Complex, count: int, rng: np.random.RandomState) -> Complex:
    """Draw centres among the states, each with probability proportional to its infidelity with them."""
    chosen = [int(rng.randint(len(states)))]
    while len(chosen) < count:
        left = np.maximum(1 - fidelities(states, states[chosen]).max(axis=1), 0.0)
        left[chosen] = 0.0
        if left.sum() == 0:  # all states are centres already: any other will do
            left = np.ones(len(states))
            left[chosen] = 0.0
        chosen.append(int(rng.choice(len(states), p=left / left.sum())))
    return states[chosen]


def _lloyd(states: Complex, centres: Complex, max_iter: int) -> tuple[Floats, Complex, Whole, int]:
    """Alternate assignment and new centres until nothing moves; return loss, centres, labels, iterations."""
    labels = np.full(len(states), -1)
    steps = 0
    while steps < max_iter:
        steps += 1
        found = fidelities(states, centres)
        new = found.argmax(axis=1)
        closeness = found[np.arange(len(states)), new]
        for empty in np.setdiff1d(np.arange(len(centres)), new):  # takes the worst sample that is not alone
            alone = np.bincount(new)[new] == 1
            new[np.where(alone, np.inf, closeness).argmin()] = empty
        if (new == labels).all():
            break
        labels = new
        centres = np.stack([principal_state(states[labels == k]) for k in range(len(centres))])
    found = fidelities(states, centres)
    return (1 - found.max(axis=1)).sum(), centres, found.argmax(axis=1), steps


class QuantumKMeans(ClusterMixin, BaseEstimator):
    """k-means on quantum states with infidelity, 1 - fidelity, as the distance.

    A cluster's centre is the pure state of largest mean fidelity with its members; with amplitudes this is
    diametrical clustering of directions.

    Parameters
    ----------
    n_clusters : int
    feature_map : str
        ``"angle"``, ``"iqp"``, ``"tilted"`` with one qubit per angle, or ``"amplitude"``.
    layers, bandwidth, max_qubits, entangled
        Of the feature map; amplitudes have none of these.
    n_init : int
        Starts, of which the best is kept.
    max_iter : int
    precision : {"float64", "float32"}
    random_state : int, RandomState or None
        Of the starts, drawn as in k-means++.

    Attributes
    ----------
    centres_ : ndarray, shape (n_clusters, 2**qubits)
        States.
    labels_ : ndarray, shape (samples,)
    inertia_ : float
        Sum of the samples' infidelities with their centres.
    n_iter_ : int
    circuit_ : Circuit or None

    Examples
    --------
    >>> X = [[0.0, 0.0], [0.1, 0.0], [1.0, 1.0], [0.9, 1.0]]
    >>> labels = QuantumKMeans(n_clusters=2, random_state=0).fit_predict(X)
    >>> bool(labels[0] == labels[1] != labels[2] == labels[3])
    True
    """

    NAME = "quantum-kmeans"
    CARD = Card(
        title="Quantum k-means",
        family="quantum",
        what="Groups samples by the fidelity of their states with the states at the centres.",
        quantum="Fidelities with the centres, by swap tests, and a centre as the main axis of its "
        "cluster's mixture, by quantum principal component analysis. Both are computed exactly here; "
        "choosing is classical.",
        cost="One qubit per feature (log2 of the features for amplitudes), samples times clusters swap "
        "tests per iteration and shot.",
        avoid="On data of known scale and shape, where classical k-means does the same at no cost.",
        source="S. Lloyd, M. Mohseni, P. Rebentrost, arXiv:1307.0411 (fidelity to the centres); I. S. "
        "Dhillon et al., Bioinformatics 19, 1612 (2003) (diametrical clustering); start after D. Arthur, "
        "S. Vassilvitskii, SODA 2007, 1027.",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "feature_map": ["angle", "iqp", "amplitude"],
        "bandwidth": [0.3, 1.0],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        feature_map: str = "angle",
        layers: int = 1,
        bandwidth: float = 1.0,
        max_qubits: int = 8,
        entangled: bool = True,
        n_init: int = 4,
        max_iter: int = 100,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.feature_map = feature_map
        self.layers = layers
        self.bandwidth = bandwidth
        self.max_qubits = max_qubits
        self.entangled = entangled
        self.n_init = n_init
        self.max_iter = max_iter
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
        """Find the centres."""
        check_parameters(self)
        data = validate_data(self, X, dtype=np.float64)
        if self.n_clusters > len(data):
            raise InvalidInput(
                "n_clusters", f"must be from 1 to n_samples={len(data)}, but is {self.n_clusters}"
            )
        self.states_ = self._encoder().fit(data)
        self.circuit_ = self.states_.circuit_
        states, rng = self.states_.states(data), check_random_state(self.random_state)
        runs = [
            _lloyd(states, _start(states, self.n_clusters, rng), self.max_iter) for _ in range(self.n_init)
        ]
        inertia, self.centres_, self.labels_, self.n_iter_ = min(runs, key=lambda run: run[0])
        self.inertia_ = float(inertia)
        return self

    def predict(self, X: ArrayLike) -> Whole:
        """Return the number of the centre with the largest fidelity, shape (samples,)."""
        check_is_fitted(self)
        states = self.states_.states(validate_data(self, X, dtype=np.float64, reset=False))
        return np.asarray(fidelities(states, self.centres_).argmax(axis=1))
