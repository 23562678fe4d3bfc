"""Deep support vector data description: a network that draws normal blocks together."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from noclone.core.errors import InvalidInput
from noclone.core.extras import need
from noclone.core.numbers import positive, real, whole
from noclone.watchers.outliers import HeldOut
from noclone.watchers.watcher import ONE_CLASS, Watcher

Floats = NDArray[np.float64]

_LEAK = 0.1
"""Slope of the activation below 0: one that is flat anywhere could hide a deviation."""
_LEAST_CENTRE = 0.1
"""Of each coordinate of the centre, so that weights of 0 are no solution."""


class DeepSVDD(HeldOut):
    """Alarm when a network puts a row far from where it puts normal rows.

    A small perceptron without bias terms and with an unbounded activation is trained to draw the standardised
    normal rows to a centre, their mean under the first weights; biases or a bounded activation would allow it
    to send everything to the centre. A row's score is minus its squared distance from there. Needs PyTorch to
    fit, not to score.

    Parameters
    ----------
    widths : tuple of int
        Neurons of each layer, the output last.
    steps : int
        Of training.
    learning_rate : float
        Of Adam.
    weight_decay : float
        Factor of the squared weights in the loss.
    batch_size : int
        Rows per step.
    false_alarm_rate : float
        Share of normal rows that raise an alarm, as far as they tell.
    random_state : int, RandomState or None

    Attributes
    ----------
    scale_ : Scale
    held_out_scores_ : ndarray, shape (rows,)
        Of normal rows, by copies that were not fitted to them; ascending.
    weights_ : list of ndarray
        Of each layer, shape (inputs, outputs).
    centre_ : ndarray, shape (outputs,)
    loss_curve_ : ndarray, shape (steps,)
        Mean squared distance from the centre of each step's rows.
    offset_ : float
        Minus the largest squared distance that is normal.

    Examples
    --------
    >>> normal = np.random.default_rng(1).normal(size=(200, 3))
    >>> watch = DeepSVDD(random_state=1).fit(normal)
    >>> watch.predict([[0.0, 0.0, 0.0], [6.0, 6.0, 6.0]]).tolist()
    [1, -1]
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 16),
        steps: int = 100,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-4,
        batch_size: int = 64,
        false_alarm_rate: float = 0.01,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.widths = widths
        self.steps = steps
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.false_alarm_rate = false_alarm_rate
        self.random_state = random_state

    def _draw(self, standard: Floats) -> None:
        if not self.widths:
            raise InvalidInput("widths", "must hold at least one number of neurons, but is empty")
        sizes = [standard.shape[1], *(whole("widths", width, 1) for width in self.widths)]
        random = check_random_state(self.random_state)
        self.weights_ = [
            random.normal(scale=np.sqrt(2 / inputs), size=(inputs, outputs))
            for inputs, outputs in pairwise(sizes)
        ]
        centre = self._mapped(standard).mean(axis=0)
        self.centre_ = np.where(centre < 0, -1.0, 1.0) * np.maximum(np.abs(centre), _LEAST_CENTRE)
        self._train(standard, random)

    def _train(self, standard: Floats, random: np.random.RandomState) -> None:
        torch = need("torch")
        weights = [torch.tensor(weight, requires_grad=True) for weight in self.weights_]
        data, centre = torch.tensor(standard), torch.tensor(self.centre_)
        optimiser = torch.optim.Adam(
            weights,
            lr=positive("learning_rate", self.learning_rate),
            weight_decay=real("weight_decay", self.weight_decay),
        )
        size = min(whole("batch_size", self.batch_size, 1), len(standard))
        losses = []
        for _ in range(whole("steps", self.steps, 1)):
            mapped = data[torch.tensor(random.choice(len(standard), size, replace=False))]
            for weight in weights[:-1]:
                mapped = torch.nn.functional.leaky_relu(mapped @ weight, _LEAK)
            loss = ((mapped @ weights[-1] - centre) ** 2).sum(dim=1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        self.weights_ = [weight.detach().numpy() for weight in weights]
        self.loss_curve_ = np.array(losses)

    def _mapped(self, standard: Floats) -> Floats:
        """Return what the network makes of standardised rows, shape (rows, outputs)."""
        for weight in self.weights_[:-1]:
            standard = standard @ weight
            standard = np.maximum(standard, _LEAK * standard)
        return np.asarray(standard @ self.weights_[-1])

    def _place(self, standard: Floats) -> Floats:
        return -np.asarray(np.square(self._mapped(standard) - self.centre_).sum(axis=1))


def _make(kind: str) -> DeepSVDD:
    need("torch")  # whether it is there is told now, not in the midst of a comparison
    return DeepSVDD()


WATCHER = Watcher(
    name="deep-svdd",
    title="Deep support vector data description",
    family=ONE_CLASS,
    kinds=("one-class",),
    source="L. Ruff et al., Proc. ICML 80, 4393 (2018); J. Liu et al., arXiv:2508.12749",
    make=_make,
    space=lambda kind: {
        "widths": [(16, 8), (32, 16), (64, 32, 16)],
        "steps": [50, 100, 200],
        "learning_rate": [1e-3, 1e-2],
    },
)
