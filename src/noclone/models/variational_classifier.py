"""Classification by a trained circuit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from noclone.models.ansatz import ansatz, measured, most_angles
from noclone.models.card import Card
from noclone.models.circuit_classifier import CircuitClassifier, Reading, wires_for


class VariationalClassifier(CircuitClassifier):
    """Classifier whose logits are expectation values of a trainable circuit.

    ``<Z>`` of every wire is measured, and products of Z where there are more classes than wires; a trainable
    linear map with offsets turns the values into logits. The unentangled twin reads the same values.

    Parameters
    ----------
    ansatz : {"strongly-entangling", "hardware-efficient", "reuploading"}
    layers : int
    loss : {"cross-entropy", "weighted-fidelity"}
        The second, for two classes, is that of A. Perez-Salinas et al., Quantum 4, 226 (2020).
    readout : {"all", "few"}
        Measure all wires, or as few as the classes need: wire 0 for two classes, as many wires as classes for
        more. With "few" the unentangled twin sees only the features of the wires that are read.
    optimiser : str
        ``"adam"``, ``"lbfgs"``, ``"spsa"``, ``"natural-gradient"``, or a heuristic of
        `noclone.optimise.metaheuristics`.
    learning_rate : float
    max_iter : int
        Steps of the optimiser; a heuristic evaluates 20 losses of all samples per iteration.
    batch_size : int or None
        Samples per step; all if None.
    tol, patience : float, int
        Training stops when the mean loss of the last `patience` steps differs from that of as many before by
        no more than `tol` plus half its standard error.
    shots : int or None
        Runs of the circuit per sample, in training (which then needs "spsa" or a heuristic) and in
        prediction; exact expectation values if None.
    noise : (str, float) or None
        A channel of `noclone.quantum.gates.CHANNELS` and its strength, on each wire after each gate on it.
    precision : {"float64", "float32"}
    threads : int
    max_qubits : int
        More features than these can take are first projected on principal axes.
    bandwidth : float
        Scale of the angles, which fill ``bandwidth * (-pi/2, pi/2)``.
    entangled : bool
        False leaves the two-qubit gates out.
    random_state : int, RandomState or None
        Of the first weights, the batches and the shots.

    Attributes
    ----------
    classes_ : ndarray
    circuit_ : Circuit
    observables_ : tuple of Observable
    weights_ : ndarray
        The circuit's weights, then the read-out's.
    loss_curve_ : ndarray, shape (n_iter_,)
    encoder_ : AngleEncoder

    Examples
    --------
    >>> X = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "same", "opposite")
    >>> model = VariationalClassifier(random_state=0).fit(X, y)
    >>> model.predict([[0.5, 0.5], [0.5, -0.5]]).tolist()
    ['same', 'opposite']
    """

    NAME = "variational-classifier"
    CARD = Card(
        title="Variational classifier",
        family="quantum",
        what="Classifies by a circuit whose gates depend on the features and on trained weights; logits "
        "are a linear map of its expectation values.",
        quantum="The circuit and its measurement would run on a quantum computer; here it is simulated "
        "exactly, or with shots or noise. Scaling of the features, the linear read-out and the "
        "optimiser are classical.",
        cost="One qubit per feature (a third with re-uploading, at most max_qubits), gates linear in "
        "qubits times layers, and per training step one circuit per sample and two per weight where"
        " gradients are measured by parameter shifts (SPSA: two in all).",
        avoid="Where accuracy on tabular data is what counts: in the tests of J. Bowles et al., "
        "arXiv:2403.07059, classical models out of the box do better, and leaving the entanglement "
        "out often costs nothing. Use a support vector machine or gradient boosting.",
        source="M. Schuld et al., Phys. Rev. A 101, 032308 (2020); with re-uploading: A. Perez-Salinas et "
        "al., Quantum 4, 226 (2020), in the form of arXiv:2403.07059.",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "ansatz": ["strongly-entangling", "reuploading"],
        "layers": [1, 5, 10],
        "learning_rate": [0.001, 0.01, 0.1],
        "bandwidth": [0.5, 1.0, 2.0],
    }

    def __init__(
        self,
        ansatz: str = "strongly-entangling",
        layers: int = 2,
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
        self.ansatz = ansatz
        self.layers = layers
        self.loss = loss
        self.readout = readout

    def _most_angles(self) -> int:
        return most_angles(self.ansatz, self.max_qubits)

    def _reading(self, angles: int, outputs: int) -> Reading:
        circuit = ansatz(
            self.ansatz, angles, self.layers, self.entangled, wires_for(outputs, self.max_qubits)
        )
        return circuit, measured(self.readout, circuit, range(circuit.qubits), outputs)
