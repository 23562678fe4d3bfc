"""Isolation forest: blocks that few random cuts set apart from all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from noclone.core.numbers import whole
from noclone.watchers.outliers import HeldOut
from noclone.watchers.watcher import ONE_CLASS, Watcher

Floats = NDArray[np.float64]


class IsolationTrees(HeldOut):
    """Alarm when few random cuts set a row apart.

    Scikit-learn's isolation forest. No cut goes through a feature that was constant in training, so a row in
    which such a feature changed gets a score below that of any forest: -1 less the change.

    Parameters
    ----------
    n_estimators : int
        Trees.
    max_samples : int
        Normal rows that a tree is grown from, at most.
    false_alarm_rate : float
        Share of normal rows that raise an alarm, as far as they tell.
    random_state : int, RandomState or None

    Attributes
    ----------
    scale_ : Scale
    held_out_scores_ : ndarray, shape (rows,)
        Of normal rows, by copies that were not fitted to them; ascending.
    forest_ : IsolationForest
    offset_ : float
        The lowest score that is normal.

    Examples
    --------
    >>> normal = np.random.default_rng(1).normal(size=(200, 2))
    >>> IsolationTrees(random_state=1).fit(normal).predict([[0.0, 0.0], [4.0, 4.0]]).tolist()
    [1, -1]
    """

    def __init__(
        self,
        n_estimators: int = 100,
        max_samples: int = 256,
        false_alarm_rate: float = 0.01,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.false_alarm_rate = false_alarm_rate
        self.random_state = random_state

    def _draw(self, standard: Floats) -> None:
        self.forest_ = IsolationForest(
            n_estimators=whole("n_estimators", self.n_estimators, 1),
            max_samples=min(whole("max_samples", self.max_samples, 2), len(standard)),
            random_state=self.random_state,
        ).fit(standard)
        self._trees = _SideBySide.of(self.forest_)

    def _place(self, standard: Floats) -> Floats:
        changes = np.abs(standard).max(axis=1, initial=0.0, where=self.scale_.constant)
        return np.where(changes > 1, -1 - changes, self._trees(standard))


@dataclass(frozen=True, eq=False)
class _SideBySide:
    """Trees that rows pass through all at once: scikit-learn, tree by tree, takes longer than a verdict may.

    Attributes
    ----------
    feature, threshold, lower, upper : array, shape (trees, nodes)
        What a node compares, with what, and where it leads to; a leaf leads to itself.
    length : array, shape (trees, nodes)
        Of the path to a leaf and, on average, on to each single row in it.
    depth : int
        Of the deepest leaf.
    usual : float
        Average path to a row among all that a tree was grown from.
    """

    feature: NDArray[np.intp]
    threshold: Floats
    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    length: Floats
    depth: int
    usual: float

    @classmethod
    def of(cls, forest: IsolationForest) -> Self:
        """Return the trees of a fitted forest."""
        trees = [grown.tree_ for grown in forest.estimators_]
        shape = (len(trees), max(tree.node_count for tree in trees))
        feature, lower, upper = (np.zeros(shape, np.intp) for _ in range(3))
        threshold, length = np.zeros(shape), np.zeros(shape)
        for place, tree in enumerate(trees):
            own, leaf = np.arange(tree.node_count), tree.children_left < 0
            part = (place, slice(tree.node_count))
            feature[part] = np.where(leaf, 0, tree.feature)
            threshold[part] = tree.threshold
            lower[part] = np.where(leaf, own, tree.children_left)
            upper[part] = np.where(leaf, own, tree.children_right)
            length[part] = tree.compute_node_depths() - 1 + _average_path(tree.n_node_samples)
        depth = max(tree.max_depth for tree in trees)
        usual = float(_average_path(np.array([forest.max_samples_]))[0])
        return cls(feature, threshold, lower, upper, length, depth, usual)

    def __call__(self, standard: Floats) -> Floats:
        """Return the scores of rows."""
        rows = standard.astype(np.float32)  # as scikit-learn's trees read them
        tree = np.arange(len(self.feature))
        each = np.arange(len(rows))[:, None]
        node = np.zeros((len(rows), len(tree)), np.intp)
        for _ in range(self.depth):
            low = rows[each, self.feature[tree, node]] <= self.threshold[tree, node]
            node = np.where(low, self.lower[tree, node], self.upper[tree, node])
        return np.asarray(-np.exp2(-self.length[tree, node].mean(axis=1) / self.usual))


def _average_path(rows: NDArray[np.integer]) -> Floats:
    """Return the average number of random cuts that set one of so many rows apart; eq. 1 of Liu et al."""
    many = np.maximum(rows, 3).astype(float)
    path = 2 * (np.log(many - 1) + np.euler_gamma) - 2 * (many - 1) / many
    return np.asarray(np.where(rows > 2, path, rows == 2))


WATCHER = Watcher(
    name="isolation-forest",
    title="Isolation forest",
    family=ONE_CLASS,
    kinds=("one-class",),
    source="F. T. Liu, K. M. Ting, Z.-H. Zhou, Proc. IEEE ICDM 413 (2008)",
    make=lambda kind: IsolationTrees(),
    space=lambda kind: {"n_estimators": [50, 100, 200], "max_samples": [64, 256]},
)
