"""CUSUM: small shifts that last, added up until they cannot be chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from noclone.core.numbers import positive
from noclone.watchers.outliers import Outliers, blocks_of, joint_level
from noclone.watchers.run_length import average_run_length, decision_interval
from noclone.watchers.scale import Scale
from noclone.watchers.watcher import EXACT, Watcher

Floats = NDArray[np.float64]


class CumulativeSum(Outliers):
    """Alarm when the sum of a feature's deviations, less what is normal, rises too far in a window's blocks.

    For each standardised feature and both signs, ``S = max(0, S + z - shift / 2)`` from block to block,
    from 0 on; a row's score is minus the largest S in it. This is the quickest test for a lasting shift of
    the size given (Page, Biometrika 41, 100, 1954; Moustakides, Ann. Stat. 14, 1379, 1986). Its limit is
    that of independent Gaussian blocks: where features drift from block to block, there are more false
    alarms.

    Parameters
    ----------
    window : int
        Blocks in a row.
    shift : float
        Size of the shift to be found soonest, in standard deviations.
    false_alarm_rate : float
        Share of normal rows that raise an alarm; at most, for independent features.

    Attributes
    ----------
    scale_ : Scale
    average_run_length_ : float
        Mean number of normal blocks to a false alarm, where blocks are watched without end.
    offset_ : float
        Minus the limit of S.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> watch = CumulativeSum(window=20).fit(random.normal(size=(50, 20)))
    >>> watch.predict([np.zeros(20), np.full(20, 1.0)]).tolist(), round(watch.average_run_length_)
    ([1, -1], 1226)
    """

    def __init__(self, window: int = 1, shift: float = 1.0, false_alarm_rate: float = 0.01) -> None:
        self.window = window
        self.shift = shift
        self.false_alarm_rate = false_alarm_rate

    def _learn(self, rows: Floats) -> float:
        blocks = blocks_of(rows, self.window)
        features = blocks.shape[2]
        self.scale_ = Scale.of(blocks.reshape(-1, features))
        reference = positive("shift", self.shift) / 2
        sums = 2 * int(np.count_nonzero(~self.scale_.constant))
        limit = decision_interval(reference, self.window, joint_level(self.false_alarm_rate, sums))
        self.average_run_length_ = average_run_length(reference, limit) / sums
        return -limit

    def _scores(self, rows: Floats) -> Floats:
        steps = self.scale_(blocks_of(rows, self.window))
        highest = np.zeros((2, len(rows), steps.shape[2]))
        current = np.zeros_like(highest)
        for block in range(self.window):
            step = steps[:, block]
            current = np.maximum(current + np.stack([step, -step]) - self.shift / 2, 0.0)
            highest = np.maximum(highest, current)
        return np.asarray(-highest.max(axis=(0, 2)))


WATCHER = Watcher(
    name="cusum",
    title="Two-sided CUSUM of every feature over a window's blocks",
    family=EXACT,
    kinds=("one-class",),
    source="E. S. Page, Biometrika 41, 100 (1954)",
    make=lambda kind: CumulativeSum(),
    space=lambda kind: {"shift": [0.5, 1.0, 2.0]},
    sequence=True,
)
