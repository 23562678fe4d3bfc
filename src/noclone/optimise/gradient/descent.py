"""What all descents share: the problem, the plan, the result, minibatches, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput

Floats = NDArray[np.float64]
Rows = slice | NDArray[np.intp]
"""Which samples a loss is the mean of."""
ALL = slice(None)


@dataclass(frozen=True)
class Problem:
    """A mean loss over samples, as a function of weights (W,).

    Attributes
    ----------
    samples : int
    value : callable
        ``value(weights, rows)`` is the loss; may be noisy.
    gradient : callable or None
        ``gradient(weights, rows)`` is the loss and its derivatives (W,); None where only `value` is known.
    metric : callable or None
        ``metric(weights, rows)`` is the Fubini-Study metric (W, W), for the natural gradient.

    Examples
    --------
    >>> data = np.array([1.0, 3.0])
    >>> problem = Problem(2, lambda w, rows: float(np.mean((data[rows] - w) ** 2)))
    >>> problem.value(np.array([0.0]), ALL), problem.value(np.array([0.0]), slice(1))
    (5.0, 1.0)
    """

    samples: int
    value: Callable[[Floats, Rows], float]
    gradient: Callable[[Floats, Rows], tuple[float, Floats]] | None = None
    metric: Callable[[Floats, Rows], Floats] | None = None

    def slope(self) -> Callable[[Floats, Rows], tuple[float, Floats]]:
        """Return `gradient`.

        Raises
        ------
        InvalidInput
            If the problem has none.
        """
        if self.gradient is None:
            raise InvalidInput(
                "optimiser", "must be 'spsa' or a search heuristic, as there is no exact gradient here"
            )
        return self.gradient


@dataclass(frozen=True)
class Plan:
    """How long a descent goes, and in which strides.

    Attributes
    ----------
    learning_rate : float
        Size of a step, in the method's own sense.
    max_iter : int
        Most steps.
    batch_size : int or None
        Samples per step, drawn with replacement; all if None or at least their number.
    tol : float
        The descent has settled when the mean loss of the last `patience` steps differs from that of the
        `patience` steps before by no more than `tol` plus half its own standard error. The second part, on
        its own for ``tol=0``, is the rule that J. Bowles et al., arXiv:2403.07059, train by.
    patience : int
    """

    learning_rate: float = 0.05
    max_iter: int = 100
    batch_size: int | None = None
    tol: float = 1e-4
    patience: int = 20

    def __post_init__(self) -> None:
        for name, least in (("max_iter", 1), ("patience", 2), ("batch_size", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise InvalidInput(name, f"must be at least {least}, but is {value}")
        if not self.learning_rate > 0:
            raise InvalidInput("learning_rate", f"must be above 0, but is {self.learning_rate}")
        if not self.tol >= 0:
            raise InvalidInput("tol", f"must be at least 0, but is {self.tol}")

    def settled(self, losses: Sequence[float]) -> bool:
        """Return whether a loss curve has become flat.

        Examples
        --------
        >>> Plan(patience=5).settled([1.0] * 9), Plan(patience=5).settled([1.0] * 10)
        (False, True)
        """
        if len(losses) < 2 * self.patience:
            return False
        late = np.asarray(losses[-self.patience :])
        early = np.asarray(losses[-2 * self.patience : -self.patience])
        noise = late.std() / np.sqrt(self.patience)
        return bool(abs(early.mean() - late.mean()) <= self.tol + 0.5 * noise)


@dataclass(frozen=True)
class Descent:
    """Where a descent ended, and the way there.

    Attributes
    ----------
    weights : ndarray, shape (W,)
    losses : ndarray, shape (steps,)
        Of each step's samples, before the step.
    settled : bool
        Whether the loss had become flat before the steps ran out.
    """

    weights: Floats
    losses: Floats
    settled: bool


def batches(samples: int, size: int | None, random: np.random.Generator) -> Iterator[Rows]:
    """Yield samples for one step after another, drawn with replacement; all of them if `size` is as large.

    Independent draws make the spread of a loss curve the standard error that `Plan.settled` takes it for.

    Examples
    --------
    >>> next(batches(5, 2, np.random.default_rng(0))).shape, next(batches(5, None, np.random.default_rng(0)))
    ((2,), slice(None, None, None))
    """
    while True:
        if size is None or size >= samples:
            yield ALL
        else:
            yield random.integers(samples, size=size)
