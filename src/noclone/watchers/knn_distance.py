"""Distance to the k-th nearest normal block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from noclone.core.numbers import whole
from noclone.watchers.outliers import HeldOut
from noclone.watchers.watcher import ONE_CLASS, Watcher

Floats = NDArray[np.float64]


class NeighbourDistance(HeldOut):
    """Alarm when even the k-th nearest of the normal rows is far away.

    Parameters
    ----------
    n_neighbors : int
        k; fewer where there are fewer normal rows.
    false_alarm_rate : float
        Share of normal rows that raise an alarm, as far as they tell.

    Attributes
    ----------
    scale_ : Scale
    held_out_scores_ : ndarray, shape (rows,)
        Of normal rows, by copies that were not fitted to them; ascending.
    neighbours_ : NearestNeighbors
    offset_ : float
        Minus the largest distance that is normal, in standard deviations.

    Examples
    --------
    >>> normal = np.random.default_rng(1).normal(size=(200, 2))
    >>> NeighbourDistance().fit(normal).predict([[0.0, 0.0], [4.0, 4.0]]).tolist()
    [1, -1]
    """

    def __init__(self, n_neighbors: int = 5, false_alarm_rate: float = 0.01) -> None:
        self.n_neighbors = n_neighbors
        self.false_alarm_rate = false_alarm_rate

    def _draw(self, standard: Floats) -> None:
        nearest = min(whole("n_neighbors", self.n_neighbors, 1), len(standard))
        self.neighbours_ = NearestNeighbors(n_neighbors=nearest).fit(standard)

    def _place(self, standard: Floats) -> Floats:
        return np.asarray(-self.neighbours_.kneighbors(standard)[0][:, -1])


WATCHER = Watcher(
    name="knn-distance",
    title="Distance to the k-th nearest normal block",
    family=ONE_CLASS,
    kinds=("one-class",),
    source="S. Ramaswamy, R. Rastogi, K. Shim, Proc. ACM SIGMOD 427 (2000)",
    make=lambda kind: NeighbourDistance(),
    space=lambda kind: {"n_neighbors": [1, 5, 10, 20, 50]},
)
