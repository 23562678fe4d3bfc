"""One-class support vector machine: the smallest region that holds nearly all normal blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import OneClassSVM

from noclone.watchers.outliers import HeldOut
from noclone.watchers.watcher import ONE_CLASS, Watcher

Floats = NDArray[np.float64]


class SupportRegion(HeldOut):
    """Alarm outside the region that a one-class support vector machine draws round normal rows.

    Scikit-learn's machine with a Gaussian kernel, on standardised features; a row's score is in units of
    that on the machine's own boundary. Far outside, the kernel vanishes and all scores are alike.

    Parameters
    ----------
    nu : float
        Share of the normal rows that may lie outside while the region is drawn.
    gamma : float or "scale"
        Inverse squared width of the kernel; by default 1 over the number of features.
    false_alarm_rate : float
        Share of normal rows that raise an alarm, as far as they tell.

    Attributes
    ----------
    scale_ : Scale
    held_out_scores_ : ndarray, shape (rows,)
        Of normal rows, by copies that were not fitted to them; ascending.
    machine_ : OneClassSVM
    offset_ : float
        The lowest score that is normal.

    Examples
    --------
    >>> normal = np.random.default_rng(1).normal(size=(200, 2))
    >>> SupportRegion().fit(normal).predict([[0.0, 0.0], [4.0, 4.0]]).tolist()
    [1, -1]
    """

    def __init__(
        self, nu: float = 0.05, gamma: float | str = "scale", false_alarm_rate: float = 0.01
    ) -> None:
        self.nu = nu
        self.gamma = gamma
        self.false_alarm_rate = false_alarm_rate

    def _draw(self, standard: Floats) -> None:
        self.machine_ = OneClassSVM(nu=self.nu, gamma=self.gamma).fit(standard)

    def _place(self, standard: Floats) -> Floats:
        return np.asarray(self.machine_.score_samples(standard) / self.machine_.offset_)


WATCHER = Watcher(
    name="one-class-svm",
    title="One-class support vector machine with a Gaussian kernel",
    family=ONE_CLASS,
    kinds=("one-class",),
    source="B. Schoelkopf et al., Neural Comput. 13, 1443 (2001)",
    make=lambda kind: SupportRegion(),
    space=lambda kind: {"nu": [0.01, 0.05, 0.1, 0.3], "gamma": ["scale", 0.01, 0.1, 1.0]},
)
