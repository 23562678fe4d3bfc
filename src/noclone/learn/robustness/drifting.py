"""Drift: what becomes of the false-alarm rate when the link drifts farther than while normal was learned."""

from __future__ import annotations

from noclone.learn.robustness.draws import DRIFTS, Draw
from noclone.learn.robustness.training import alarm_share
from noclone.learn.robustness.trials import Trial
from noclone.watching.calibration import Calibrated


def drifting(calibrated: Calibrated, learned: str, draw: Draw) -> list[Trial]:
    """Show a watcher normal and attacked blocks of links that drift more and more.

    Parameters
    ----------
    calibrated : Calibrated
        Ready, its threshold set for 1 % false alarms on a link that drifts as `learned`.
    learned : {"field", "none"}
    draw : Draw

    Returns
    -------
    list of Trial
        One per attack and drift of the test.
    """
    trials = []
    for drift in DRIFTS:
        far = alarm_share(calibrated, draw.fresh[drift])
        trials += [
            Trial(
                "drifting",
                name,
                f"drift {drift}, learned with {learned}",
                alarm_share(calibrated, telemetry),
                far,
            )
            for name, telemetry in draw.attacked[drift].items()
        ]
    return trials
