"""A policy whose action probabilities come from the expectation values of a circuit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.models.card import Card
from noclone.models.parameters import check_parameters
from noclone.models.policy_gradient import Network, PolicyGradient
from noclone.quantum.circuit import Circuit
from noclone.quantum.engine import Engine
from noclone.quantum.layers import compressed_reuploading
from noclone.quantum.observables import pauli

Floats = NDArray[np.float64]


@lru_cache(maxsize=8)
def _engine(circuit: Circuit, precision: str) -> Engine:
    """Return an engine that measures Z of each wire and Z Z of each pair."""
    n = circuit.qubits
    sets = [*combinations(range(n), 1), *combinations(range(n), 2)]
    words = ["".join("Z" if wire in chosen else "I" for wire in range(n)) for chosen in sets]
    return Engine(circuit, [pauli(word) for word in words], precision)


@dataclass(frozen=True)
class _Readout:
    """A circuit with output weights: ``logits = values @ output``; these come last in the vector."""

    engine: Engine
    outputs: int

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self.engine.observables), self.outputs

    @property
    def n_weights(self) -> int:
        return self.engine.circuit.n_weights + self._shape[0] * self._shape[1]

    def start(self, random: np.random.Generator) -> Floats:
        circuit = self.engine.circuit
        # A layer's shifts come before its scales (layers.compressed_reuploading); three of each per qubit.
        turns = random.uniform(
            -np.pi, np.pi, size=(circuit.n_weights // (6 * circuit.qubits), 2, 3 * circuit.qubits)
        )
        turns[:, 1] = 1.0
        return np.concatenate([turns.ravel(), random.normal(scale=0.1, size=self._shape[0] * self._shape[1])])

    def expectations(self, features: Floats, weights: Floats) -> Floats:
        split = self.engine.circuit.n_weights
        values = np.asarray(self.engine.expectations(features, weights[:split]), float)
        return values @ weights[split:].reshape(self._shape)

    def vjp(self, features: Floats, weights: Floats) -> tuple[Floats, Any]:
        split = self.engine.circuit.n_weights
        output = weights[split:].reshape(self._shape)
        values, pull = self.engine.vjp(features, weights[:split])
        values = np.asarray(values, float)

        def pullback(cotangent: Floats) -> tuple[Floats, None]:
            by_turn, _ = pull(cotangent @ output.T)
            return np.concatenate([by_turn, (values.T @ cotangent).ravel()]), None

        return values @ output, pullback


class QuantumPolicy(PolicyGradient):
    """Softmax policy of a variational circuit, trained by REINFORCE with a baseline.

    The circuit re-uploads the observation in every layer, scaled and shifted by weights; the logits are sums,
    with weights, of the expectation values of Z on each qubit and of Z Z on each pair. It learns from an
    environment, not from X: parameters, clone and pickle are scikit-learn's, `fit` is not.

    Parameters
    ----------
    layers : int
    max_qubits : int
        One qubit per feature of an observation, at most this many; each can take three features.
    entangled : bool
        False leaves the CZ gates out; the number of weights stays.
    learning_rate : float
        Of Adam.
    discount : float
        Of later rewards, between 0 and 1.
    max_iter : int
        Updates, each from `episodes` new episodes.
    episodes : int
        Run side by side: one call of the circuit per step for all of them.
    max_steps : int
        Longest episode.
    precision : {"float64", "float32"}
    random_state : int, RandomState or None

    Attributes
    ----------
    weights_ : ndarray, shape (W,)
        Of the circuit, then of the outputs.
    return_curve_ : ndarray, shape (n_iter_,)
        Mean return of the episodes of each update, without discount.
    n_iter_ : int
    n_features_in_, n_actions_ : int
    circuit_ : Circuit

    Examples
    --------
    >>> policy = QuantumPolicy(layers=1, max_iter=2, episodes=2, random_state=0).fit("CartPole-v1")
    >>> policy.act([[0.0, 0.0, 0.1, 0.0]]).shape, policy.circuit_.qubits
    ((1,), 4)
    """

    NAME = "quantum-policy"
    CARD = Card(
        title="Variational quantum policy",
        family="quantum",
        what="Learns by reward which of several actions to take on an observation, in any gymnasium "
        "environment with discrete actions and box or discrete observations.",
        quantum="A circuit's expectation values make the logits of the actions. The softmax, the choice of "
        "the action and REINFORCE are classical.",
        cost="One qubit per feature of the observation, or per bit of the state's number, at most "
        "max_qubits; 6 weights per qubit and layer. One circuit per step of each episode, simulated for "
        "all episodes at once, and one gradient per update.",
        avoid="Where the states can be listed: tabular Q-learning or value iteration needs no circuit. A "
        "perceptron with as many weights is the fair comparison; no advantage over it is claimed.",
        source="S. Jerbi et al., arXiv:2103.05577, definition 1 (softmax-PQC) and algorithm 1; with the "
        "circuit of A. Perez-Salinas et al., Quantum 4, 226 (2020).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "layers": [1, 3, 5],
        "learning_rate": [0.01, 0.03, 0.1],
        "discount": [0.95, 0.99, 1.0],
    }

    def __init__(
        self,
        layers: int = 3,
        max_qubits: int = 8,
        entangled: bool = True,
        learning_rate: float = 0.05,
        discount: float = 0.99,
        max_iter: int = 100,
        episodes: int = 16,
        max_steps: int = 500,
        precision: str = "float64",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.layers = layers
        self.max_qubits = max_qubits
        self.entangled = entangled
        self.learning_rate = learning_rate
        self.discount = discount
        self.max_iter = max_iter
        self.episodes = episodes
        self.max_steps = max_steps
        self.precision = precision
        self.random_state = random_state

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit for observations of this many features.

        Raises
        ------
        InvalidInput
            More than three features per qubit, or a parameter that cannot be used.
        """
        check_parameters(self)
        if not 1 <= features <= 3 * self.max_qubits:
            raise InvalidInput(
                "environment",
                f"must have observations of 1 to {3 * self.max_qubits} features, three per qubit, "
                f"but has {features}",
            )
        qubits = min(features, self.max_qubits)
        return compressed_reuploading(qubits, self.layers, features, entangled=self.entangled)

    @property
    def circuit_(self) -> Circuit:
        """The circuit in use."""
        return self.example_circuit(self.n_features_in_)

    def _network(self) -> Network:
        return _Readout(_engine(self.circuit_, self.precision), self.n_actions_)
