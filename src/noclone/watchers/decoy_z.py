"""Decoy z-tests: gains, and their ratios to the signal's, in units of what counting allows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from noclone.core.errors import InvalidInput
from noclone.records.telemetry import check_columns
from noclone.watchers.outliers import Outliers, blocks_of, joint_level
from noclone.watchers.scale import Scale
from noclone.watchers.watcher import EXACT, Watcher

Floats = NDArray[np.float64]

NEEDS = ("clicks[0]", "clicks[1]")


class DecoyTest(Outliers):
    """Alarm when a gain, or its ratio to the signal's, is too many standard deviations from normal.

    Clicks are counted per intensity; a standard deviation is that of counting (Poisson's, which for rare
    clicks is the binomial one) or that of normal blocks, whichever is larger. What changes all gains alike,
    such as a loss that drifts, widens the normal spread of the gains but not that of the ratios, in which
    photon-number splitting shows: Eve can keep the signal's gain as it was, but then not the decoys', for
    she cannot tell them apart (Hwang, PRL 91, 057901, 2003).

    Parameters
    ----------
    columns : tuple of str, optional
        Names of the features of one block; ``clicks[k]`` are used. Required to fit.
    window : int
        Blocks in a row; their clicks are added.
    false_alarm_rate : float
        Share of normal rows that raise an alarm; at most, as the z-values are correlated.

    Attributes
    ----------
    means_ : ndarray, shape (intensities,)
        Clicks to be expected.
    spreads_ : ndarray, shape (2 * intensities - 1,)
        Standard deviations of the z-values of normal rows, at least 1: of gains, then of ratios.
    offset_ : float
        Minus the largest z-value that is normal.

    Examples
    --------
    >>> normal = np.random.default_rng(1).poisson([5000, 1000], (100, 2))
    >>> test = DecoyTest(columns=("clicks[0]", "clicks[1]")).fit(normal)
    >>> test.predict([[5000, 1000], [5500, 1100], [5000, 778]]).tolist()
    [1, -1, -1]
    """

    def __init__(
        self, columns: tuple[str, ...] | None = None, window: int = 1, false_alarm_rate: float = 0.01
    ) -> None:
        self.columns = columns
        self.window = window
        self.false_alarm_rate = false_alarm_rate

    def z_values(self, X: ArrayLike) -> Floats:
        """Return the z-values of rows: gains, brightest first, then the others' ratios to it."""
        return np.asarray(self._residuals(self._clicks(np.asarray(X, float))) / self.spreads_)

    def _clicks(self, rows: Floats) -> Floats:
        if self.columns is None:
            raise InvalidInput("columns", "must name the features, but are not given")
        check_columns(self.columns, NEEDS)
        blocks = blocks_of(rows, self.window)
        if blocks.shape[2] != len(self.columns):
            problem = f"must be as many as features, {blocks.shape[2]}, but are {len(self.columns)}"
            raise InvalidInput("columns", problem)
        names = [name for name in self.columns if name.startswith("clicks[")]
        return np.asarray(blocks[:, :, [self.columns.index(name) for name in names]].sum(axis=1))

    def _residuals(self, clicks: Floats) -> Floats:
        """Return deviations in units of the standard deviations of counting."""
        gains = (clicks - self.means_) / np.sqrt(self.means_)
        ratios = self.means_[1:] / self.means_[0]
        bright = clicks[:, :1]
        counting = np.sqrt(ratios * (1 + ratios) * np.maximum(bright, 1))
        return np.concatenate([gains, (clicks[:, 1:] - ratios * bright) / counting], axis=1)

    def _learn(self, rows: Floats) -> float:
        Scale.of(blocks_of(rows, self.window).reshape(-1, rows.shape[1] // self.window))
        clicks = self._clicks(rows)
        # Half a click more: an intensity that never clicked in training may click later.
        self.means_ = (clicks.sum(axis=0) + 0.5) / len(clicks)
        residuals = self._residuals(clicks)
        self.spreads_ = np.maximum(residuals.std(axis=0, ddof=1), 1.0)
        level = joint_level(self.false_alarm_rate, residuals.shape[1])
        # The mean comes from as many rows as the spread: Student's law of one row more.
        return -float(student.isf(level / 2, len(rows) - 1) * np.sqrt(1 + 1 / len(rows)))

    def _scores(self, rows: Floats) -> Floats:
        return np.asarray(-np.abs(self.z_values(rows)).max(axis=1))


WATCHER = Watcher(
    name="decoy-z",
    title="Decoy tests: gains and their ratios in standard deviations",
    family=EXACT,
    kinds=("one-class",),
    source="W.-Y. Hwang, PRL 91, 057901 (2003)",
    make=lambda kind: DecoyTest(),
    needs=NEEDS,
    sequence=True,
)
