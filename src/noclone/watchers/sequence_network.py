"""The shared core of watchers that are neural networks over a window's blocks: scaling and training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput
from noclone.core.extras import need

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleDict

Floats = NDArray[np.float64]

BATCH_ROWS = 64
VALIDATION_SHARE = 0.2
"""Of the training rows, by whose loss training stops."""
PATIENCE_EPOCHS = 8


class SequenceClassifier(ABC, ClassifierMixin, BaseEstimator):
    """A classifier of windows of blocks by a network; a subclass says which. Needs torch.

    Features are standardised, the same for every block of a window. The network is trained with Adam on the
    cross-entropy until the loss on a fifth of the rows, kept apart, has not fallen for 8 epochs; the weights
    of the best epoch are kept.

    Parameters
    ----------
    window : int
        Blocks that stand side by side in a row.
    width : int
        Hidden units or channels.
    learning_rate : float
    max_epochs : int
    random_state : int, RandomState or None
        Of the first weights, the rows kept apart, and the batches.

    Attributes
    ----------
    classes_ : ndarray
    network_ : torch.nn.ModuleDict
    n_epochs_ : int
    """

    def __init__(
        self,
        window: int = 1,
        width: int = 16,
        learning_rate: float = 0.01,
        max_epochs: int = 60,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.window = window
        self.width = width
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.random_state = random_state

    @abstractmethod
    def _network(self, features: int, outputs: int) -> ModuleDict:
        """Return the network with random weights of torch's generator; its part ``head`` reads out."""

    @abstractmethod
    def _hidden(self, network: ModuleDict, blocks: Tensor) -> Tensor:
        """Return (rows, window, width), what the network makes of (rows, window, features)."""

    def _logits(self, network: ModuleDict, blocks: Tensor) -> Tensor:
        # The mean over the blocks, so that evidence adds up over the whole window.
        found: Tensor = network["head"](self._hidden(network, blocks).mean(dim=1))
        return found

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train from new random weights.

        Parameters
        ----------
        X : array_like, shape (rows, window * features)
            All features of a window's first block, then of the second, ….
        y : array_like, shape (rows,)
            Labels of at least two classes.

        Raises
        ------
        InvalidInput
            If rows are not whole windows, or torch is not installed.
        """
        torch = need("torch")
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        if self.window < 1 or rows.shape[1] % self.window:
            raise InvalidInput(
                "X", f"must hold {self.window} blocks in a row, but has {rows.shape[1]} features"
            )
        self.classes_, targets = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier can't train when only one class is present: {self.classes_}")
        blocks = rows.reshape(-1, rows.shape[1] // self.window)
        spread = blocks.std(axis=0)
        self.mean_, self.scale_ = blocks.mean(axis=0), np.where(spread > 0, spread, 1.0)
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network_ = self._network(blocks.shape[1], len(self.classes_))
        self._train(self._tensor(rows), torch.as_tensor(targets), np.random.default_rng(seed))
        return self

    def _train(self, samples: Tensor, targets: Tensor, random: np.random.Generator) -> None:
        torch = need("torch")
        descent = torch.optim.Adam(self.network_.parameters(), lr=self.learning_rate)

        def loss(rows: NDArray[np.intp]) -> Tensor:
            logits = self._logits(self.network_, samples[rows])
            found: Tensor = torch.nn.functional.cross_entropy(logits, targets[rows])
            return found

        order = random.permutation(len(targets))
        cut = int(VALIDATION_SHARE * len(order))
        learned, kept = order[cut:], order[:cut] if cut else order
        best, least, since, self.n_epochs_ = self.network_.state_dict(), np.inf, 0, 0
        while self.n_epochs_ < self.max_epochs and since < PATIENCE_EPOCHS:
            shuffled = random.permutation(learned)
            for rows in np.array_split(shuffled, -(-len(shuffled) // BATCH_ROWS)):
                descent.zero_grad()
                loss(rows).backward()  # type: ignore[no-untyped-call]
                descent.step()
            with torch.no_grad():
                reached = float(loss(kept))
            self.n_epochs_, since = self.n_epochs_ + 1, since + 1
            if reached < least:
                best, least, since = deepcopy(self.network_.state_dict()), reached, 0
        self.network_.load_state_dict(best)

    def _tensor(self, rows: Floats) -> Tensor:
        blocks = rows.reshape(len(rows), self.window, -1)
        tensor: Tensor = need("torch").as_tensor(
            (blocks - self.mean_) / self.scale_, dtype=need("torch").float32
        )
        return tensor

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of each class, shape (rows, classes), in the order of ``classes_``."""
        check_is_fitted(self)
        torch: Any = need("torch")
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        with torch.no_grad():
            logits = self._logits(self.network_, self._tensor(rows))
            return np.asarray(torch.softmax(logits.double(), dim=1).numpy())

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest class of each row."""
        chosen = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])
