"""Classification by a quantum convolutional network: filters with shared weights, and pooling of wires."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from noclone.models.ansatz import embedding, measured
from noclone.models.card import Card
from noclone.models.circuit_classifier import CircuitClassifier, Reading
from noclone.quantum.layers import CONVOLUTION_WEIGHTS, POOLING_WEIGHTS, convolution, pooling


class QuantumConvolutionalClassifier(CircuitClassifier):
    """Classifier whose circuit is a quantum convolutional neural network.

    Angle encoding, then in turn `layers` convolutions and a pooling, until one wire is left, or for more than
    two classes as many as have enough parities. ``<Z>`` of every wire is measured, and products of Z where
    there are more classes than wires. Without entanglement filters act on single wires and poolings do
    nothing; the same values are read.

    Parameters
    ----------
    layers : int
        Convolutions before each pooling, each with its own weights.
    loss : {"cross-entropy", "weighted-fidelity"}
    readout : {"all", "few"}
        Measure all wires, or only those left by the poolings, as in the papers. With "few" the unentangled
        twin sees only the features of these wires.
    optimiser, learning_rate, max_iter, batch_size, tol, patience, shots, noise, precision, threads
    max_qubits, bandwidth, entangled, random_state
        As in `VariationalClassifier`.

    Attributes
    ----------
    classes_, circuit_, observables_, weights_, loss_curve_, encoder_
        As in `VariationalClassifier`.

    Examples
    --------
    >>> QuantumConvolutionalClassifier().example_circuit(8).n_weights
    39
    """

    NAME = "quantum-convolutional-classifier"
    CARD = Card(
        title="Quantum convolutional classifier",
        family="quantum",
        what="Classifies by a circuit of two-qubit filters with shared weights and poolings that halve "
        "the wires. The number of the circuit's weights grows with the logarithm of the features.",
        quantum="The circuit and its measurement would run on a quantum computer; pooling is the deferred "
        "form of measuring a wire and acting on its neighbour. Scaling, the linear read-out and the"
        " optimiser are classical.",
        cost="One qubit per feature (at most max_qubits), depth of order log2(qubits), 13 weights per level.",
        avoid="Where neighbouring features have nothing in common, as in most tables: then sharing "
        "weights only takes freedom away. Circuits of this shape are also easy to simulate "
        "classically on data like these (P. Bermejo et al., arXiv:2408.12739).",
        source="I. Cong, S. Choi, M. D. Lukin, Nature Physics 15, 1273 (2019); on classical data: T. Hur, "
        "L. Kim, D. K. Park, Quantum Mach. Intell. 4, 3 (2022). The filter is RY RZ, RXX RYY RZZ, "
        "RY RZ.",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "layers": [1, 2],
        "learning_rate": [0.001, 0.01, 0.1],
        "bandwidth": [0.5, 1.0, 2.0],
    }

    def __init__(
        self,
        layers: int = 1,
        loss: str = "cross-entropy",
        readout: str = "all",
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
        self.loss = loss
        self.readout = readout

    def _reading(self, angles: int, outputs: int) -> Reading:
        least = outputs.bit_length()  # wires whose parities are enough
        qubits = max(angles, least, 2)
        circuit, wires, weight = embedding(qubits, angles), list(range(qubits)), 0
        while True:
            for _ in range(self.layers):
                circuit += convolution(qubits, wires, weight, self.entangled)
                weight += CONVOLUTION_WEIGHTS
            if (len(wires) + 1) // 2 < least:
                break
            pooled, wires = pooling(qubits, wires, weight, self.entangled)
            circuit += pooled
            weight += POOLING_WEIGHTS
            if len(wires) == 1:
                break
        return circuit, measured(self.readout, circuit, wires, outputs)
