"""Calibration: a watcher fitted to what is normal, and the threshold that gives its false-alarm rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from noclone.core.errors import InvalidInput
from noclone.core.kinds import check_kind
from noclone.core.numbers import real, whole
from noclone.core.seeds import kernel_seed
from noclone.records.telemetry import NORMAL, Telemetry, check_columns, joined
from noclone.watchers import Watcher

Floats = NDArray[np.float64]

ONE_CLASS, CLASSIFICATION = "one-class", "classification"
ATTACK = "attack"
"""Label of whatever is not normal."""


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A watcher that knows what is normal.

    Attributes
    ----------
    watcher : Watcher
    estimator : object
        Fitted.
    kind : str
        ``"one-class"`` or ``"classification"``.
    columns : tuple of str
        What it looks at, of one block.
    window : int
        Blocks that it judges together.
    normal_scores : array, shape (n,), sorted
        Alarm scores of normal rows that it was not fitted to.
    false_alarm_rate : float
        Share of normal rows that raise the alarm, at most: the threshold is the conformal quantile of
        `normal_scores`, which keeps the rate whatever the law of the scores if rows are exchangeable.
    normal : Telemetry
        What it was fitted and calibrated with.
    held : Telemetry
        The rows of it that it was not fitted to.
    namer : object or None
        Of a watcher that learns from attacks: the same kind of estimator, fitted to tell their labels apart.
    """

    watcher: Watcher
    estimator: Any
    kind: str
    columns: tuple[str, ...]
    window: int
    normal_scores: Floats
    false_alarm_rate: float
    normal: Telemetry
    held: Telemetry
    namer: Any = None

    @property
    def threshold(self) -> float:
        """Score above which a row raises the alarm."""
        return float(self.normal_scores[self.rank - 1])

    @property
    def rank(self) -> int:
        """Rank of the threshold among the held-back scores, from 1: the conformal quantile."""
        count = len(self.normal_scores)
        return min(count, math.ceil((count + 1) * (1 - self.false_alarm_rate) - 1e-9))

    def scores(self, telemetry: Telemetry) -> Floats:
        """Return alarm scores, larger where a row looks less normal; one per row of `window` blocks.

        Raises
        ------
        InvalidInput
            If columns are missing.
        """
        return self.scores_of_rows(telemetry.only(self.columns).windows(self.window))

    def scores_of_rows(self, rows: Telemetry) -> Floats:
        """Return the alarm scores of rows that already hold `window` blocks each."""
        return alarm_scores(self.estimator, rows.values)

    def named(self, telemetry: Telemetry) -> NDArray[np.str_] | None:
        """Return what each row looks most like, ``"normal"`` or an attack's label; None if it cannot tell."""
        if self.namer is None:
            return None
        rows = telemetry.only(self.columns).windows(self.window).values
        return np.asarray(self.namer.predict(rows)).astype(str)

    def p_values(self, scores: Floats) -> Floats:
        """Return the share of normal rows with such a score or a larger one, the row itself counted."""
        above = len(self.normal_scores) - np.searchsorted(self.normal_scores, scores, side="left")
        return np.asarray((1 + above) / (1 + len(self.normal_scores)))

    def alarms(self, scores: Floats) -> NDArray[np.bool_]:
        """Return which scores raise the alarm."""
        return np.asarray(scores > self.threshold)


def calibrate(
    watcher: Watcher,
    normal: Telemetry,
    false_alarm_rate: float = 0.01,
    *,
    attacks: Sequence[Telemetry] = (),
    window: int = 1,
    seed: int = 1,
) -> Calibrated:
    """Fit a watcher to normal blocks and set its threshold with others.

    Parameters
    ----------
    watcher : Watcher
    normal : Telemetry
        Blocks without an attack, in order. The first half of the runs (of the blocks, if there is one run)
        fits the watcher, the rest sets the threshold: rows that share drift do not lie on both sides.
    false_alarm_rate : float
        Above 0, at most 0.5.
    attacks : sequence of Telemetry
        Labelled blocks for a watcher that learns from attacks; others ignore them.
    window : int
        Blocks judged together.
    seed : int

    Raises
    ------
    InvalidInput
        If there are too few normal blocks for the rate, columns are missing, every column is constant in
        either half, the watcher needs attacks and there are none or finds no finite threshold, or an argument
        is of another type.

    Examples
    --------
    >>> from noclone.watchers import get
    >>> rng = np.random.default_rng(1)
    >>> normal = Telemetry(("a", "b"), rng.normal(size=(400, 2)))
    >>> calibrated = calibrate(get("chi-square"), normal)
    >>> strange = Telemetry(("a", "b"), [[0.0, 0.0], [9.0, 0.0]])
    >>> calibrated.alarms(calibrated.scores(strange)).tolist()
    [False, True]
    """
    check_kind("watcher", watcher, Watcher)
    check_kind("normal", normal, Telemetry)
    window, seed = whole("window", window, 1), whole("seed", seed, 0)
    rate = real("false_alarm_rate", false_alarm_rate)
    if not 0 < rate <= 0.5:
        raise InvalidInput(
            "false_alarm_rate", f"must be above 0 and at most 0.5, but is {false_alarm_rate!r}"
        )
    columns = normal.columns
    kind = ONE_CLASS if watcher.suits(columns, ONE_CLASS) else CLASSIFICATION
    check_columns(columns, watcher.needs)
    fitted, held = _halves(normal)
    held_rows = held.windows(window)
    least = math.ceil(1 / rate) - 1
    if len(held_rows) < least or len(fitted.windows(window)) < 2:
        raise InvalidInput(
            "normal blocks",
            f"must be at least {2 * least * window} for a false-alarm rate of {rate:g} with half of them "
            f"held back, but are {len(normal)}",
        )
    if np.ptp(normal.values, axis=0).max(initial=0.0) == 0:
        raise InvalidInput("telemetry", "must vary, but every column of the normal blocks is constant")
    for half, part in (("fits the watcher", fitted), ("is held back", held)):
        if np.ptp(part.values, axis=0).max(initial=0.0) == 0:
            raise InvalidInput(
                "telemetry", f"must vary, but is constant in the half of the normal blocks that {half}"
            )
    rows = fitted.windows(window)
    estimator = watcher.estimator(kind, columns, window)
    random = {
        name: int(kernel_seed(seed, "calibration")) % 2**31
        for name in estimator.get_params()
        if name == "random_state" or name.endswith("__random_state")
    }
    estimator.set_params(**random)
    namer = None
    if kind == ONE_CLASS:
        estimator.fit(rows.values)
    else:
        if not attacks:
            raise InvalidInput(f"watcher {watcher.name}", "learns from attacks, but none were given")
        labelled = joined([rows, *(part.only(columns).windows(window) for part in attacks)])
        if len(np.unique(labelled.labels)) > 2:
            namer = clone(estimator).fit(labelled.values, labelled.labels)
        # Whether a block is normal is asked by itself: attacks that look alike need not be told apart for it.
        estimator.fit(labelled.values, np.where(labelled.labels == NORMAL, NORMAL, ATTACK))
    scores = np.sort(alarm_scores(estimator, held_rows.values))
    found = Calibrated(watcher, estimator, kind, columns, window, scores, rate, normal, held_rows, namer)
    if found.threshold == np.inf:  # no row can lie beyond it, so the alarm could never be raised
        raise InvalidInput(
            f"watcher {watcher.name}", "cannot score so many of the normal blocks that it has no threshold"
        )
    return found


def alarm_scores(estimator: Any, X: Floats) -> Floats:
    """Return how little each row looks normal to a fitted estimator: larger is stranger, shape (rows,).

    Where an estimator has no number for a row, because its features are too large to compute with, the row
    is as strange as can be.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return np.nan_to_num(_scores(estimator, X), nan=np.inf, posinf=np.inf, neginf=-np.inf)


def _scores(estimator: Any, X: Floats) -> Floats:
    classes = getattr(estimator, "classes_", None)
    if classes is None or not hasattr(estimator, "predict_proba"):
        decision = np.asarray(estimator.decision_function(X), float)
        if classes is None:
            return -decision
        if decision.ndim == 2:
            return -decision[:, list(classes).index(NORMAL)]
        return -decision if classes[1] == NORMAL else decision
    normal = np.asarray(estimator.predict_proba(X), float)[:, list(classes).index(NORMAL)]
    with np.errstate(
        divide="ignore"
    ):  # a probability of 1 or 0 to rounding: log odds keep what order is left
        return np.asarray(np.log1p(-normal) - np.log(normal))


def _halves(normal: Telemetry) -> tuple[Telemetry, Telemetry]:
    runs = np.unique(normal.runs)
    if len(runs) > 1:
        early = np.isin(normal.runs, runs[: (len(runs) + 1) // 2])
    else:
        early = np.arange(len(normal)) < (len(normal) + 1) // 2
    return normal.rows(early), normal.rows(~early)
