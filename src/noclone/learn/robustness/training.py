"""Watchers made ready: settings chosen on attacks they may know, thresholds on held-out normal blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ParameterGrid, ParameterSampler

from noclone.learn.robustness.draws import Draw
from noclone.learn.robustness.links import WINDOW
from noclone.records.telemetry import joined
from noclone.watchers import Watcher
from noclone.watching.calibration import Calibrated, calibrate

FALSE_ALARM_RATE = 0.01
BUDGET = 3
"""Settings tried of a watcher that learns from attacks, the one as given included."""


def learns_attacks(watcher: Watcher) -> bool:
    """Return whether a watcher can only be asked for labels, so that it needs attacks to learn from."""
    return "one-class" not in watcher.kinds


def ready(watcher: Watcher, draw: Draw, attacks: Sequence[str], drift: str = "field") -> Calibrated:
    """Fit a watcher to normal blocks and these attacks, and set its threshold at a false-alarm rate of 1 %.

    Parameters
    ----------
    watcher : Watcher
    draw : Draw
    attacks : sequence of str
        Those that a watcher which learns from attacks is shown; others see normal blocks only.
    drift : {"field", "none"}
        How the link drifts meanwhile.
    """
    return calibrate(
        watcher,
        draw.normal[drift],
        FALSE_ALARM_RATE,
        attacks=[draw.known[drift][name] for name in attacks],
        window=WINDOW,
        seed=draw.seed,
    )


def taught(watcher: Watcher, draw: Draw, attacks: Sequence[str]) -> Any:
    """Return a watcher's estimator that tells these attacks from each other, fitted to labelled windows."""
    learned = [draw.normal["field"], *(draw.known["field"][name] for name in attacks)]
    rows = joined([part.windows(WINDOW) for part in learned])
    estimator = watcher.estimator("classification", learned[0].columns, WINDOW)
    random = [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]
    return estimator.set_params(**dict.fromkeys(random, draw.seed)).fit(rows.values, rows.labels)


def tuned(watcher: Watcher, draw: Draw, attacks: Sequence[str]) -> Watcher:
    """Return a watcher with the best of a few settings, judged by these attacks alone.

    Parameters
    ----------
    watcher : Watcher
        One that learns from attacks.
    draw : Draw
        Of a seed that no test uses.
    attacks : sequence of str
    """
    space = dict(watcher.space("classification"))
    count = min(BUDGET - 1, len(ParameterGrid(space))) if space else 0
    settings = [{}, *(ParameterSampler(space, count, random_state=draw.seed) if count else ())]
    candidates = [_with(watcher, each) for each in settings]
    found = [_area(ready(each, draw, attacks), draw, attacks) for each in candidates]
    return candidates[int(np.argmax(found))]


def _with(watcher: Watcher, setting: Mapping[str, Any]) -> Watcher:
    return replace(watcher, make=lambda kind: watcher.make(kind).set_params(**setting))


def _area(calibrated: Calibrated, draw: Draw, attacks: Sequence[str]) -> float:
    normal = calibrated.scores(draw.fresh["field"])
    attacked = calibrated.scores(joined([draw.attacked["field"][name] for name in attacks]))
    truth = np.repeat([0, 1], [len(normal), len(attacked)])
    return float(roc_auc_score(truth, rankdata(np.concatenate([normal, attacked]))))  # scores may be infinite


def alarm_share(calibrated: Calibrated, telemetry: Any) -> float:
    """Return the share of windows that raise the alarm."""
    return float(calibrated.alarms(calibrated.scores(telemetry)).mean())
