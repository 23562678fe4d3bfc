"""Regression by a trained circuit."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.models.ansatz import ansatz, measured, most_angles
from noclone.models.card import Card
from noclone.models.encoding import AngleEncoder
from noclone.models.losses import SquaredError
from noclone.models.parameters import check_parameters
from noclone.models.variational import Variational
from noclone.quantum.circuit import Circuit
from noclone.quantum.observables import Observable

Floats = NDArray[np.float64]

MOST = 1e300
"""Largest target: predictions, which may overshoot, then stay finite."""
CONSTANT = 1e-12
"""Targets whose spread is a smaller share of the largest are constant, but for rounding."""


class VariationalRegressor(RegressorMixin, Variational):
    """Regressor whose prediction is a linear map of expectation values of a trainable circuit.

    ``<Z>`` of every wire is measured, or of wire 0 only. The target is standardised for training.

    Parameters
    ----------
    ansatz : {"strongly-entangling", "hardware-efficient", "reuploading"}
    layers : int
    readout : {"all", "few"}
        With "few" the unentangled twin sees the features of wire 0 only.
    optimiser, learning_rate, max_iter, batch_size, tol, patience, shots, noise, precision, threads
    max_qubits, bandwidth, entangled, random_state
        As in `VariationalClassifier`.

    Attributes
    ----------
    circuit_ : Circuit
    observables_ : tuple of Observable
    weights_ : ndarray
        The circuit's weights, then the read-out's.
    loss_curve_ : ndarray, shape (n_iter_,)
        Mean squared errors in units of the target's variance.
    target_mean_, target_scale_ : float
        The scale is 0 where the target is constant, which is then predicted as it is.
    encoder_ : AngleEncoder

    Examples
    --------
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> model = VariationalRegressor(random_state=0).fit(X, np.sin(3 * X[:, 0]))
    >>> bool(model.score(X, np.sin(3 * X[:, 0])) > 0.95)
    True
    """

    NAME = "variational-regressor"
    CARD = Card(
        title="Variational regressor",
        family="quantum",
        what="Predicts a number by a circuit whose gates depend on the features and on trained weights. "
        "As a function of the angles it is a truncated Fourier series, with one more frequency per "
        "repeated encoding of a feature.",
        quantum="The circuit and its measurement would run on a quantum computer; here it is simulated "
        "exactly, or with shots or noise. Scaling of features and target, the linear read-out and "
        "the optimiser are classical.",
        cost="One qubit per feature (a third with re-uploading, at most max_qubits), gates linear in "
        "qubits times layers, and per training step one circuit per sample and two per weight where"
        " gradients are measured by parameter shifts (SPSA: two in all).",
        avoid="Where the function is not a short Fourier series of its features, and wherever gradient "
        "boosting, a Gaussian process or a cubic polynomial fits: they train in a fraction of the "
        "time.",
        source="K. Mitarai et al., Phys. Rev. A 98, 032309 (2018); the Fourier series: M. Schuld, R. "
        "Sweke, J. J. Meyer, Phys. Rev. A 103, 032430 (2021).",
    )
    SPACE: ClassVar[dict[str, list]] = {
        "ansatz": ["strongly-entangling", "reuploading"],
        "layers": [1, 5, 10],
        "learning_rate": [0.001, 0.01, 0.1],
        "bandwidth": [0.5, 1.0, 2.0],
    }

    def __init__(
        self,
        ansatz: str = "reuploading",
        layers: int = 2,
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
        self.readout = readout

    def _reading(self, angles: int) -> tuple[Circuit, tuple[Observable, ...]]:
        """Return the circuit for this many angles, and what is measured of it."""
        circuit = ansatz(self.ansatz, angles, self.layers, self.entangled)
        return circuit, measured(self.readout, circuit, (0,), 1)

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit for this many features."""
        check_parameters(self)
        return self._noisy(self._reading(min(features, most_angles(self.ansatz, self.max_qubits)))[0])

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train from new random weights.

        Parameters
        ----------
        X : array_like, shape (samples, features)
        y : array_like, shape (samples,)

        Raises
        ------
        InvalidInput
            A parameter that cannot be used, or a target beyond 1e300.
        """
        check_parameters(self)
        data, targets = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        targets = targets.astype(np.float64)
        largest = float(np.abs(targets).max()) or 1.0
        if largest > MOST:
            raise InvalidInput("y", f"must stay within {MOST:g} of 0, but reaches {largest:g}")
        shares = targets / largest  # whose squares neither overflow nor vanish
        mean, spread = float(shares.mean()), float(shares.std())
        if spread < CONSTANT:
            spread = 0.0
        self.target_mean_, self.target_scale_ = largest * mean, largest * spread
        self.encoder_ = AngleEncoder(most_angles(self.ansatz, self.max_qubits), self.bandwidth).fit(data)
        self._prepare(*self._reading(self.encoder_.n_angles_))
        random, loss = self._random(), SquaredError(len(self.observables_))
        scaled = (shares - mean) / (spread or np.inf)
        self._train(loss, self.encoder_.transform(data), scaled, self._start(loss, random), random)
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return predictions, shape (samples,)."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        values = self._values(self.encoder_.transform(data), self.observables_)
        output = SquaredError(len(self.observables_)).read_out.apply(values, self._head)[:, 0]
        return self.target_mean_ + self.target_scale_ * output
