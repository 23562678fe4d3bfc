"""How strange a run of several rows is as a whole, beside normal rows that the watcher was not fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom, rankdata

from noclone.records.telemetry import Telemetry
from noclone.watching.calibration import Calibrated

Floats = NDArray[np.float64]

SHUFFLES = 4999
"""Random relabellings of a permutation test; its p-value is at least 1 / (1 + SHUFFLES)."""
_AT_A_TIME = 500


def run_p_value(calibrated: Calibrated, rows: Telemetry, scores: Floats) -> float:
    """Return the probability that a normal run looks at least as strange as this one.

    A single row is compared with the held-back normal rows. Several rows are asked three questions, and the
    least answer is tripled:

    - Do too many of them alarm? Their number has a beta-binomial law, because the threshold was estimated
      from the held-back rows.
    - Are they too strange on the average? A permutation test of the mean rank of their scores.
    - Does any feature that the watcher reads have another mean? A permutation test of the largest difference
      of mean ranks. It sees what is small in each row and the same in all.

    All three are exact if the rows of a normal run and the held-back ones are exchangeable.

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
    >>> fresh, strange = (Telemetry(("a",), rng.normal(size=(50, 1)) + shift) for shift in (0.0, 0.8))
    >>> run_p_value(calibrated, fresh, calibrated.scores(fresh)) > 0.1
    True
    >>> run_p_value(calibrated, strange, calibrated.scores(strange)) < 0.01
    True
    """
    held = len(calibrated.normal_scores)
    if len(rows) == 1:
        return float(calibrated.p_values(scores)[0])
    alarms = int(calibrated.alarms(scores).sum())
    many = float(betabinom.sf(alarms - 1, len(rows), held + 1 - calibrated.rank, calibrated.rank))
    strange = _permuted(scores[:, None], calibrated.normal_scores[:, None], two_sided=False)
    moved = _permuted(_read(calibrated, rows), _read(calibrated, calibrated.held), two_sided=True)
    return min(1.0, 3 * min(many, strange, moved))


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
