"""What training minimises: from expectation values and a few numbers beside the circuit to a mean loss.

Each loss has ``start()``, the numbers beside the circuit (its head) to begin with, and
``of(values, head, targets)``, which returns the mean loss over the samples and its derivatives by the values
(B, V) and by the head (H,).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Slopes = tuple[float, Floats, Floats]


class Loss(Protocol):
    """A loss with its head."""

    def start(self) -> Floats:
        """Return the head to begin with, shape (H,)."""

    def of(self, values: Floats, head: Floats, targets: NDArray) -> Slopes:
        """Return the mean loss and its derivatives by `values` and by `head`."""


@dataclass(frozen=True)
class Linear:
    """A linear map of expectation values with offsets: what classifiers and regressors read out.

    Attributes
    ----------
    values, outputs : int

    Examples
    --------
    >>> read_out = Linear(values=3, outputs=2)
    >>> read_out.apply(np.array([[1.0, 0.5, 0.5]]), read_out.start()).tolist()
    [[0.75, 0.5]]
    """

    values: int
    outputs: int

    def start(self) -> Floats:
        """Return a map that shares the values out among the outputs in turn, and no offsets."""
        matrix = np.arange(self.values)[:, None] % self.outputs == np.arange(self.outputs)
        return np.concatenate([(matrix / np.maximum(matrix.sum(axis=0), 1)).ravel(), np.zeros(self.outputs)])

    def _matrix(self, head: Floats) -> Floats:
        return head[: -self.outputs].reshape(self.values, self.outputs)

    def apply(self, values: Floats, head: Floats) -> Floats:
        """Return the outputs, shape (B, outputs)."""
        return np.asarray(values @ self._matrix(head) + head[-self.outputs :])

    def pull(self, values: Floats, head: Floats, slope: Floats) -> tuple[Floats, Floats]:
        """Return the derivatives by values and head of a loss with this `slope` by the outputs."""
        by_head = np.concatenate([(values.T @ slope).ravel(), slope.sum(axis=0)])
        return slope @ self._matrix(head).T, by_head


@dataclass(frozen=True)
class CrossEntropy:
    """Mean of ``-log p(label)``: logistic with one output for two classes, softmax for more.

    Targets are class indices.

    Examples
    --------
    >>> loss = CrossEntropy(values=1, classes=2)
    >>> loss.probabilities(np.zeros((1, 1)), loss.start()).tolist()
    [[0.5, 0.5]]
    """

    values: int
    classes: int

    @property
    def read_out(self) -> Linear:
        """The map to logits."""
        return Linear(self.values, 1 if self.classes == 2 else self.classes)

    def start(self) -> Floats:
        """Return the read-out's start."""
        return self.read_out.start()

    def probabilities(self, values: Floats, head: Floats) -> Floats:
        """Return the probability of each class, shape (B, classes)."""
        logits = self.read_out.apply(values, head)
        if self.classes == 2:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def of(self, values: Floats, head: Floats, targets: NDArray) -> Slopes:
        """Return the mean loss and its derivatives."""
        chances, samples = self.probabilities(values, head), np.arange(len(targets))
        mean = -float(np.mean(np.log(np.maximum(chances[samples, targets], 1e-300))))
        chances[samples, targets] -= 1.0
        slope = (chances[:, 1:] if self.classes == 2 else chances) / len(targets)
        return mean, *self.read_out.pull(values, head, slope)


@dataclass(frozen=True)
class WeightedFidelity:
    """Half the squared distance of each wire's weighted fidelities with 0 and 1 from those of its class.

    For two classes; values are ``<Z>`` of wires, and every wire has a trainable weight for each class.
    Predictions use the fidelities without the weights. Source: A. Perez-Salinas et al., Quantum 4, 226
    (2020), eq. (23), as used by J. Bowles et al., arXiv:2403.07059.
    """

    values: int

    def start(self) -> Floats:
        """Return weights of 1, those of class 0 first."""
        return np.ones(2 * self.values)

    def probabilities(self, values: Floats, head: Floats) -> Floats:
        """Return the mean fidelity with each class's state, shape (B, 2)."""
        mean = values.mean(axis=1)
        return np.stack([(1 - mean) / 2, (1 + mean) / 2], axis=1)

    def of(self, values: Floats, head: Floats, targets: NDArray) -> Slopes:
        """Return the mean loss and its derivatives."""
        weights = head.reshape(2, 1, self.values)
        fidelities = np.stack([(1 - values) / 2, (1 + values) / 2])
        wanted = np.stack([1.0 - targets, targets])[:, :, None]
        gaps = weights * fidelities - wanted
        slope = gaps / len(targets)
        by_values = (slope[1] * weights[1] - slope[0] * weights[0]) / 2
        return float((gaps**2).sum() / 2 / len(targets)), by_values, (slope * fidelities).sum(axis=1).ravel()


@dataclass(frozen=True)
class SquaredError:
    """Mean squared distance of one output from the targets."""

    values: int

    @property
    def read_out(self) -> Linear:
        """The map to the prediction."""
        return Linear(self.values, 1)

    def start(self) -> Floats:
        """Return the read-out's start."""
        return self.read_out.start()

    def of(self, values: Floats, head: Floats, targets: NDArray) -> Slopes:
        """Return the mean loss and its derivatives."""
        gaps = self.read_out.apply(values, head) - targets[:, None]
        return float(np.mean(gaps**2)), *self.read_out.pull(values, head, 2 * gaps / len(targets))


@dataclass(frozen=True)
class Infidelity:
    """One minus the mean of a single value, which is a fidelity; no head and no targets.

    Source: J. Romero, J. P. Olson, A. Aspuru-Guzik, Quantum Sci. Technol. 2, 045001 (2017).
    """

    def start(self) -> Floats:
        """Return nothing."""
        return np.zeros(0)

    def of(self, values: Floats, head: Floats, targets: NDArray) -> Slopes:
        """Return the mean loss and its derivatives."""
        return 1 - float(values.mean()), np.full(values.shape, -1.0 / len(values)), head


@dataclass(frozen=True)
class SquaredRadius:
    """Mean squared distance of the values from a centre; no head and no targets.

    Source: H. Oh, D. K. Park, arXiv:2310.06375.

    Attributes
    ----------
    centre : tuple of float
    """

    centre: tuple[float, ...]

    def start(self) -> Floats:
        """Return nothing."""
        return np.zeros(0)

    def of(self, values: Floats, head: Floats, targets: NDArray) -> Slopes:
        """Return the mean loss and its derivatives."""
        gaps = values - np.array(self.centre)
        return float((gaps**2).sum() / len(values)), 2 * gaps / len(values), head
