"""Evasion: Eve knows the watcher and moves what she can of the telemetry one step towards normal.

The fast gradient sign method (Goodfellow, Shlens, Szegedy, arXiv:1412.6572) in the space of features: every
feature that she can move is moved by the same number of standard deviations, each in the direction that
lowers the alarm score. A long step may go too far and raise more alarms than none, above all where features
are correlated and moved against each other: the drop is then negative. An Eve who can compute the score takes
for each window the step with the lowest, or none. Whether some device moves all features so at once is not
asked, and what is left of a watcher's power is what it has against an Eve of one step, not against every Eve.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from noclone.learn.robustness.draws import Draw
from noclone.learn.robustness.training import alarm_share
from noclone.learn.robustness.trials import Trial
from noclone.records.telemetry import Telemetry, joined
from noclone.watching.calibration import Calibrated, alarm_scores

Floats = NDArray[np.float64]

EPSILONS = (0.1, 0.25, 0.5, 1.0)
"""Steps, in standard deviations of normal blocks."""
BEST_STEP = "the best of these steps or none"
PROBES = (0.01, 0.1, 0.5)
"""Distances, in standard deviations, at which the slope is probed: the next where the score is flat at one,
as it is nearly everywhere for trees."""


def directions(
    columns: Sequence[str], movable: Sequence[str], spread: Floats, window: int, by_block: bool
) -> Floats:
    """Return what Eve can move by one standard deviation, shape (moves, window * columns).

    Parameters
    ----------
    columns, movable : sequence of str
    spread : ndarray, shape (columns,)
        Standard deviations of normal blocks.
    window : int
    by_block : bool
        Whether each block is moved by itself. For a watcher that sees a window's mean, one move of all blocks
        is as good.

    Examples
    --------
    >>> directions(("a", "b"), ("b",), np.array([1.0, 0.5]), 2, by_block=False).tolist()
    [[0.0, 0.5, 0.0, 0.5]]
    """
    places = [columns.index(name) for name in movable if name in columns]
    unit = np.diag(spread)[places]
    return np.asarray(np.kron(np.eye(window), unit) if by_block else np.tile(unit, window), float)


def slopes(score: Callable[[Floats], Floats], rows: Floats, moves: Floats) -> Floats:
    """Return the slope of a score along each move, by central differences, shape (rows, moves).

    Parameters
    ----------
    score : callable
        From rows, shape (n, features), to numbers, shape (n,).
    rows : ndarray, shape (rows, features)
    moves : ndarray, shape (moves, features)

    Examples
    --------
    >>> slopes(lambda X: X[:, 0] ** 2, np.array([[1.0, 0.0], [-2.0, 0.0]]), np.eye(2)).round(6).tolist()
    [[2.0, 0.0], [-4.0, 0.0]]
    """
    found = np.zeros((len(rows), len(moves)))
    for probe in PROBES:
        flat = np.nonzero(found == 0)
        if not len(flat[0]):
            break
        here, step = rows[flat[0]], probe * moves[flat[1]]
        # Where both sides are infinite, their difference says nothing.
        with np.errstate(invalid="ignore"):
            difference = score(here + step) - score(here - step)
        found[flat] = np.where(np.isnan(difference), 0.0, difference) / (2 * probe)
    return found


def evasion(calibrated: Calibrated, draw: Draw) -> list[Trial]:
    """Let Eve evade a watcher by steps of several sizes.

    Parameters
    ----------
    calibrated : Calibrated
        Ready, with all single attacks.
    draw : Draw

    Returns
    -------
    list of Trial
        One per attack and step, and for the best step of each window, with the drop of the true-positive
        rate.
    """

    def score(rows: Floats) -> Floats:
        return alarm_scores(calibrated.estimator, rows)

    far = alarm_share(calibrated, draw.fresh["field"])
    rows = _windows(joined(list(draw.attacked["field"].values())), calibrated)
    spread = draw.normal["field"].only(calibrated.columns).values.std(axis=0)
    moves = directions(
        calibrated.columns, draw.link.movable, spread, calibrated.window, by_block=calibrated.watcher.sequence
    )
    downhill = -np.sign(slopes(score, rows.values, moves)) @ moves
    before = score(rows.values)
    after = {f"{each:g} standard deviations": score(rows.values + each * downhill) for each in EPSILONS}
    after[BEST_STEP] = np.minimum.reduce([before, *after.values()])
    trials = []
    for case, scores in after.items():
        for name in draw.attacked["field"]:
            mine = rows.labels == name
            tpr = float(calibrated.alarms(scores)[mine].mean())
            drop = float(calibrated.alarms(before)[mine].mean()) - tpr
            trials.append(Trial("evasion", name, case, tpr, far, {"drop": drop}))
    return trials


def _windows(telemetry: Telemetry, calibrated: Calibrated) -> Telemetry:
    return telemetry.only(calibrated.columns).windows(calibrated.window)
