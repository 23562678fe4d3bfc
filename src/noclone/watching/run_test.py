"""How strange a run of several rows is as a whole, beside normal rows that the watcher was not fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom, rankdata, t

from noclone.records.telemetry import Telemetry
from noclone.watching.calibration import Calibrated

Floats = NDArray[np.float64]

SHUFFLES = 4999
"""Random relabellings of a permutation test; its p-value is at least 1 / (1 + SHUFFLES)."""
_AT_A_TIME = 500
_LEAST_RUNS, _LEAST_STRETCHES = 3, 5


def run_p_value(calibrated: Calibrated, rows: Telemetry, scores: Floats) -> float:
    """Return the probability that a normal run looks at least as strange as this one.

    A single row is compared with the held-back normal rows. Several rows are compared as a whole, and the
    least answer of k questions is multiplied by k.

    Where normal blocks come from three or more runs, or from stretches as long as this run, at least five of
    them, a run is one draw of whatever drifts. Two questions, each by a t-test of this run's mean against
    the means of normal stretches: are the scores too high, and has any feature that the watcher reads
    another mean (times the number of features)? They hold as far as means of stretches are Gaussian.

    Otherwise rows are taken as exchangeable, and three questions are asked. Do too many rows alarm? Their
    number has a beta-binomial law, because the threshold was estimated. Are they too strange on the average,
    and has any feature another mean? Permutation tests of ranks.

    Parameters
    ----------
    calibrated : Calibrated
    rows : Telemetry
        The run's, as the watcher judges them.
    scores : array, shape (rows,)

    Examples
    --------
    >>> from noclone.watchers import get
    >>> from noclone.watching.calibration import calibrate
    >>> rng = np.random.default_rng(1)
    >>> calibrated = calibrate(get("chi-square"), Telemetry(("a",), rng.normal(size=(400, 1))))
    >>> fresh, strange = (Telemetry(("a",), rng.normal(size=(50, 1)) + shift) for shift in (0.0, 2.0))
    >>> run_p_value(calibrated, fresh, calibrated.scores(fresh)) > 0.05
    True
    >>> run_p_value(calibrated, strange, calibrated.scores(strange)) < 0.01
    True
    """
    held = len(calibrated.normal_scores)
    if len(rows) == 1:
        return float(calibrated.p_values(scores)[0])
    usual = calibrated.normal.windows(calibrated.window)
    stretches = _stretches(usual.runs, len(rows))
    if len(stretches) >= _LEAST_STRETCHES or len(np.unique(usual.runs)) >= _LEAST_RUNS:
        features = _read(calibrated, usual)
        moved = _gone(_read(calibrated, rows), [features[each] for each in stretches], two_sided=True)
        ranks = calibrated.normal_scores.searchsorted(scores)[:, None].astype(float)
        kept = _stretches(calibrated.held.runs, len(rows))
        usual_scores = calibrated.scores_of_rows(calibrated.held)
        places = calibrated.normal_scores.searchsorted(usual_scores)[:, None].astype(float)
        strange = _gone(ranks, [places[each] for each in kept], two_sided=False)
        return min(1.0, 2 * min(moved, strange))
    alarms = int(calibrated.alarms(scores).sum())
    many = float(betabinom.sf(alarms - 1, len(rows), held + 1 - calibrated.rank, calibrated.rank))
    strange = _permuted(scores[:, None], calibrated.normal_scores[:, None], two_sided=False)
    moved = _permuted(_read(calibrated, rows), _read(calibrated, calibrated.held), two_sided=True)
    return min(1.0, 3 * min(many, strange, moved))


def _stretches(runs: NDArray[np.int64], length: int) -> list[NDArray[np.intp]]:
    """Return the rows of the units that a run of so many rows is compared with.

    The first `length` rows of every run if there are several runs: what drifts is the same within one.
    Stretches of that length that follow each other if there are one or two.
    """
    members = [np.flatnonzero(runs == run) for run in np.unique(runs)]
    if len(members) >= _LEAST_RUNS:
        return [each[:length] for each in members]
    return [
        each[start : start + length] for each in members for start in range(0, len(each) - length + 1, length)
    ]


def _gone(run: Floats, units: list[Floats], *, two_sided: bool) -> float:
    """Return the p-value of the column whose mean is furthest from the means of units, times the columns."""
    if len(units) < 2:
        return 1.0
    means = np.array([unit.mean(axis=0) for unit in units])
    seen, count = run.mean(axis=0), len(means)
    gap = seen - means.mean(axis=0)
    spread = means.std(axis=0, ddof=1) * np.sqrt(1 + 1 / count)
    floor = 1e-12 * np.maximum(np.abs(means.mean(axis=0)), 1.0)
    deviation = np.where(np.abs(gap) <= floor, 0.0, gap / np.maximum(spread, floor))
    tails = 2 * t.sf(np.abs(deviation), count - 1) if two_sided else t.sf(deviation, count - 1)
    return min(1.0, float(tails.min()) * len(tails))


def _read(calibrated: Calibrated, rows: Telemetry) -> Floats:
    """Return the features that the watcher cannot do without, or all of them if it names none."""
    needs = calibrated.watcher.needs
    kept = [place for place, name in enumerate(rows.columns) if not needs or name.split("@")[0] in needs]
    return rows.values[:, kept]


def _permuted(run: Floats, held: Floats, *, two_sided: bool) -> float:
    """Return the p-value of the largest mean rank of any column among relabellings of all rows."""
    count = len(run)
    ranks = np.asarray(rankdata(np.vstack([run, held]), axis=0))
    ranks = (ranks - ranks.mean(axis=0)) / np.maximum(ranks.std(axis=0), 1e-12)

    def largest(sums: Floats) -> Floats:
        return np.asarray((np.abs(sums) if two_sided else sums).max(axis=-1))

    seen = float(largest(ranks[:count].sum(axis=0))) - 1e-9
    rng = np.random.default_rng(count)
    above = done = 0
    while done < SHUFFLES:
        part = min(_AT_A_TIME, SHUFFLES - done)
        keys = rng.random((part, len(ranks)), dtype=np.float32)
        chosen = np.argpartition(keys, count - 1, axis=1)[:, :count]
        marks = np.zeros(keys.shape, np.float32)
        np.put_along_axis(marks, chosen, 1.0, axis=1)
        above += int(np.count_nonzero(largest(marks @ ranks) >= seen))
        done += part
    return (1 + above) / (1 + SHUFFLES)
