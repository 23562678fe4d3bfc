"""The shared core of classifiers by circuit: classes to read-out, training, probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.models.encoding import AngleEncoder
from noclone.models.losses import CrossEntropy, WeightedFidelity
from noclone.models.parameters import check_parameters
from noclone.models.variational import Variational
from noclone.optimise.gradient import adam
from noclone.quantum.circuit import Circuit
from noclone.quantum.observables import Observable

Floats = NDArray[np.float64]
Reading = tuple[Circuit, tuple[Observable, ...]]


class CircuitClassifier(ABC, ClassifierMixin, Variational):
    """A classifier by circuit; a subclass says which circuit, by `_reading`, and stores `loss`."""

    loss: str
    moments_: tuple[Any, ...]  # Adam's memory, as a plain tuple so that files can hold it

    def _most_angles(self) -> int:
        """Return how many angles the circuit takes."""
        return self.max_qubits

    @abstractmethod
    def _reading(self, angles: int, outputs: int) -> Reading:
        """Return the circuit for this many angles, and what is measured for this many outputs."""

    def example_circuit(self, features: int) -> Circuit:
        """Return the circuit for this many features and two classes."""
        check_parameters(self)
        return self._noisy(self._reading(min(features, self._most_angles()), 1)[0])

    def _loss(self) -> CrossEntropy | WeightedFidelity:
        values, classes = len(self.observables_), len(self.classes_)
        if self.loss == "cross-entropy":
            return CrossEntropy(values, classes)
        if self.loss == "weighted-fidelity" and classes == 2:
            return WeightedFidelity(values)
        problem = f"must be 'cross-entropy', or for two classes 'weighted-fidelity', but is {self.loss!r}"
        raise InvalidInput("loss", problem)

    def _begin(self, data: Floats, classes: NDArray) -> None:
        """Set up everything but the weights."""
        if len(classes) < 2:
            raise ValueError(f"Classifier can't train when only one class is present: {classes}")
        self.classes_ = classes
        self.encoder_ = AngleEncoder(self._most_angles(), self.bandwidth).fit(data)
        self._prepare(*self._reading(self.encoder_.n_angles_, 1 if len(classes) == 2 else len(classes)))

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train from new random weights.

        Parameters
        ----------
        X : array_like, shape (samples, features)
        y : array_like, shape (samples,)
            Labels of at least two classes.
        """
        check_parameters(self)
        data, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self._begin(data, np.unique(labels))
        random, loss = self._random(), self._loss()
        targets = np.searchsorted(self.classes_, labels)
        self._train(loss, self.encoder_.transform(data), targets, self._start(loss, random), random)
        self.moments_ = tuple(adam.Moments.none(len(self.weights_)))
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Go on training with Adam, once through these samples; the first call sets up the model.

        Parameters
        ----------
        X : array_like, shape (samples, features)
            The ranges of the features are learnt in the first call.
        y : array_like, shape (samples,)
        classes : array_like, optional
            All labels that will come; those of the first `y` if not given.

        Raises
        ------
        InvalidInput
            If the optimiser is not Adam, or gradients are not exact because of shots.
        """
        check_parameters(self)
        if self.optimiser != "adam":
            raise InvalidInput("optimiser", f"must be 'adam' for partial_fit, but is {self.optimiser!r}")
        first = not hasattr(self, "weights_")
        data, labels = validate_data(self, X, y, dtype=np.float64, reset=first)
        check_classification_targets(labels)
        random = self._random(past=0 if first else self.n_iter_)
        if first:
            self._begin(data, np.unique(labels if classes is None else np.asarray(classes)))
            self.weights_ = self._start(self._loss(), random)
            self.moments_ = tuple(adam.Moments.none(len(self.weights_)))
            self.loss_curve_ = np.zeros(0)
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise InvalidInput("y", f"must hold labels known from the first call, but holds {unknown[0]!r}")
        angles, targets = self.encoder_.transform(data), np.searchsorted(self.classes_, labels)
        slope_at, plan = self._problem(self._loss(), angles, targets, random).slope(), self._plan()
        moments, losses = adam.Moments(*self.moments_), []
        steps = -(-len(data) // (plan.batch_size or len(data)))
        for rows in np.array_split(random.permutation(len(data)), steps):
            loss, slope = slope_at(self.weights_, rows)
            self.weights_, moments = adam.step(self.weights_, slope, moments, plan.learning_rate)
            losses.append(loss)
        self.moments_ = tuple(moments)
        self.loss_curve_ = np.concatenate([self.loss_curve_, losses])
        self.n_iter_ = len(self.loss_curve_)
        return self

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of each class, shape (samples, classes), in the order of ``classes_``."""
        check_is_fitted(self)
        data = validate_data(self, X, dtype=np.float64, reset=False)
        values = self._values(self.encoder_.transform(data), self.observables_)
        return self._loss().probabilities(values, self._head)

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the likeliest class of each sample."""
        chosen = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])


def wires_for(outputs: int, most: int) -> int:
    """Return the number of wires to read: one per output, or fewer whose parities are enough."""
    return min(outputs, max(most, outputs.bit_length()))
