"""What a learning task is: data, how answers are judged, and the best answer that is possible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.registry import modules

CLASSIFICATION, REGRESSION, ONE_CLASS = "classification", "regression", "one-class"
"""Kinds of task. In a one-class task, labels are 1 (normal) and -1; models are fitted to normal rows only."""

_HOMES = ("noclone.learn.datasets", "noclone.learn.tasks")


@dataclass(frozen=True, eq=False)
class Data:
    """Rows of a task.

    Attributes
    ----------
    X : ndarray, shape (n, features)
    y : ndarray, shape (n,)
    groups : ndarray, shape (n,), or None
        Which run each row comes from; no run lies on both sides of a split.
    times : ndarray, shape (n,), or None
        When each row was taken; a split learns from the past only.
    held_out : ndarray of bool, shape (n,), or None
        Which rows are the test part of a collection with a split of its own; nothing is learned from them.
    """

    X: NDArray[np.float64]
    y: NDArray[Any]
    groups: NDArray[Any] | None = None
    times: NDArray[Any] | None = None
    held_out: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Task:
    """A learning task; a module of `learn.datasets` or `learn.tasks` holds one as ``TASK``.

    Attributes
    ----------
    name : str
        Hyphenated, unique.
    title : str
    source : str
        Paper or collection, and what of it was taken.
    kind : str
        ``"classification"``, ``"regression"`` or ``"one-class"``.
    draw : callable
        From a seed to `Data`; a fixed data set ignores the seed.
    ceiling_text : str
        What the best possible score is and how it is known, or why it is not.
    ceiling : callable or None
        From the same seed to the best score that any model can expect.
    metric : str or None
        ``"accuracy"``, ``"r2"`` or ``"roc_auc"``; None for the usual one of its kind.
    models : tuple of str
        Names of the quantum models that are tried on it; empty for the usual ones of its kind.
    columns : tuple of str
        Of a task about telemetry: the features of one block. Every watcher that suits them is tried on it.
    window : int
        Blocks that stand side by side in a row of such a task.
    """

    name: str
    title: str
    source: str
    kind: str
    draw: Callable[[int], Data]
    ceiling_text: str
    ceiling: Callable[[int], float] | None = None
    metric: str | None = None
    models: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    window: int = 1


@cache
def all_tasks() -> dict[str, Task]:
    """Return every task by its name.

    Examples
    --------
    >>> all_tasks()["iris"].kind
    'classification'
    """
    found = [module.TASK for home in _HOMES for module in modules(home) if hasattr(module, "TASK")]
    return {task.name: task for task in sorted(found, key=lambda task: task.name)}
