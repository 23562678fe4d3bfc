"""Unknown attacks: a watcher learns from all attacks but one and is tested by that one."""

from __future__ import annotations

from collections.abc import Mapping

from noclone.learn.robustness.draws import Draw
from noclone.learn.robustness.training import alarm_share, learns_attacks, ready
from noclone.learn.robustness.trials import Trial
from noclone.watchers import Watcher


def unknown(watchers: Mapping[str, Watcher], draw: Draw) -> list[Trial]:
    """Leave one attack out at a time.

    Parameters
    ----------
    watchers : mapping
        By the attack that is left out: the watcher with settings that were chosen without it.
    draw : Draw

    Returns
    -------
    list of Trial
        One per attack.
    """
    trials = []
    calibrated = None
    for left_out, watcher in watchers.items():
        others = [name for name in watchers if name != left_out]
        if calibrated is None or learns_attacks(watcher):  # what sees no attacks is the same without one
            calibrated = ready(watcher, draw, others)
        trials.append(
            Trial(
                "unknown",
                left_out,
                "left out",
                tpr=alarm_share(calibrated, draw.attacked["field"][left_out]),
                far=alarm_share(calibrated, draw.fresh["field"]),
            )
        )
    return trials
