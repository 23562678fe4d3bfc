"""Quantum support vector data description: keep what a circuit shows of normal samples close to a centre."""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from noclone.models.card import Card
from noclone.models.circuit_outliers import CircuitOutliers
from noclone.models.losses import SquaredRadius
from noclone.models.parameters import check_parameters
from noclone.quantum.circuit import Circuit
from noclone.quantum.layers import CONVOLUTION_WEIGHTS, convolution
from noclone.quantum.observables import Observable, pauli

Floats = NDArray[np.float64]


class QuantumSVDD(CircuitOutliers):
    """Anomaly detector that draws the expectation values of normal samples together.

    Convolutions with shared weights on ever fewer wires, down to two; ``X``, ``Y``, ``Z`` of every wire and
    ``XX``, ``YY``, ``ZZ`` of the last two are measured. Training minimises their mean squared distance from a
    centre: their mean at the first weights, which then stays. A sample's score is its squared distance,
    negative. The unentangled twin reads the same values.

    Parameters
    ----------
    layers : int
        Convolutions per level, each with its own weights.
    encoding : {"angle", "amplitude"}
        One qubit per scaled feature (at most max_qubits; more are first projected on principal axes), or the
        unscaled features, normalised, as amplitudes of log2(features) qubits, as in the paper.
    readout : {"all", "few"}
        With "few", as in the paper, only the last two wires are measured: nine values, in which the
        unentangled twin sees only two wires' features.
    contamination : float
        Share of the training samples that `predict` takes for outliers, above 0 and at most 0.5.
    optimiser, learning_rate, max_iter, batch_size, tol, patience, shots, noise, precision, threads
    max_qubits, bandwidth, entangled, random_state
        As in `VariationalClassifier`.

    Attributes
    ----------
    circuit_ : Circuit
    observables_ : tuple of Observable
    centre_ : ndarray, shape (observables,)
    weights_ : ndarray
    loss_curve_ : ndarray, shape (n_iter_,)
    offset_ : float
        Minus the squared radius: ``decision_function = score_samples - offset_``.
    encoder_ : AngleEncoder or None

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(100, 2)) * 0.1 + [1.0, -1.0]
    >>> QuantumSVDD(random_state=0).fit(X).predict([[1.0, -1.0], [1.4, -0.6]]).tolist()
    [1, -1]
    """

    NAME = "quantum-svdd"
    CARD = Card(
        title="Quantum support vector data description",
        family="quantum",
        what="Learns a circuit that draws the expectation values of normal samples into a small ball; "
        "samples outside are anomalies. The number of weights grows with the logarithm of the "
        "features.",
        quantum="Encoding, circuit and measurement would run on a quantum computer; here they are simulated"
        " exactly, or with shots or noise. Scaling, distances and the optimiser are classical.",
        cost="One qubit per feature (at most max_qubits), or log2(features) with amplitude encoding, "
        "whose circuit has as many gates as amplitudes; 11 weights per convolution; three "
        "measurement settings.",
        avoid="Where a Gaussian fits the normal samples: the Mahalanobis distance is then optimal. "
        "Training can draw anomalies in along with the rest, as the loss never sees one.",
        source="H. Oh, D. K. Park, arXiv:2310.06375, whose published code has filters of 15 weights and "
        "the centre at 0; the centre here is that of L. Ruff et al., Proc. ICML 80, 4393 (2018).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "layers": [1, 2],
        "encoding": ["angle", "amplitude"],
        "learning_rate": [0.001, 0.01, 0.1],
        "bandwidth": [0.5, 1.0],
    }

    def __init__(
        self,
        layers: int = 2,
        encoding: str = "angle",
        readout: str = "all",
        contamination: float = 0.1,
        optimiser: str = "adam",
        learning_rate: float = 0.05,
        max_iter: int = 200,
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
        self.layers = layers
        self.encoding = encoding
        self.readout = readout
        self.contamination = contamination

    def _description(self, features: int) -> tuple[Circuit, tuple[Observable, ...]]:
        """Return the circuit for this many features, and what is measured."""
        check_parameters(self)
        circuit = self._embedding(features)
        qubits, weight = circuit.qubits, 0
        wires = list(range(qubits))
        while True:
            for _ in range(self.layers):
                circuit += convolution(qubits, wires, weight, self.entangled)
                weight += CONVOLUTION_WEIGHTS
            if len(wires) == 2:
                break
            wires = wires[::2]
        read = range(qubits) if self.readout == "all" else wires
        chosen = [*((wire,) for wire in read), *combinations(wires, 2)]
        words = ["".join(p if i in some else "I" for i in range(qubits)) for some in chosen for p in "XYZ"]
        return circuit, tuple(pauli(word) for word in words)

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit for this many features."""
        return self._noisy(self._description(features)[0])

    def _fit(self, data: Floats) -> None:
        self._prepare(*self._description(data.shape[1]))
        random, angles = self._random(), self._angles(data)
        start = random.random(self.circuit_.n_weights)
        self.centre_ = self._measured(self.observables_, random)(angles, start).mean(axis=0)
        loss = SquaredRadius(tuple(self.centre_.tolist()))
        self._train(loss, angles, np.zeros(len(data)), start, random)

    def _scores(self, data: Floats) -> Floats:
        gaps = self._values(self._angles(data), self.observables_) - self.centre_
        return -np.asarray((gaps**2).sum(axis=1))
