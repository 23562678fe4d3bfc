"""Two attacks at once: watchers that learned from single attacks meet pairs that they were never shown."""

from __future__ import annotations

from typing import Any

from noclone.learn.multi_label import hamming_loss, micro_f1, subset_accuracy
from noclone.learn.robustness.draws import Draw
from noclone.learn.robustness.training import alarm_share
from noclone.learn.robustness.trials import Trial
from noclone.watching.calibration import Calibrated


def coexisting(calibrated: Calibrated, namer: Any, draw: Draw) -> list[Trial]:
    """Show a watcher pairs of attacks.

    Parameters
    ----------
    calibrated : Calibrated
        Ready, with all single attacks.
    namer : estimator or None
        The same watcher, taught which single attack is which; None for one that cannot name attacks.
    draw : Draw

    Returns
    -------
    list of Trial
        One per pair; with a namer also what share of pairs is named in full, the share of wrong answers
        about single attacks, and their F1. A watcher whose classes are the labels it has seen cannot name a
        pair: its first score is 0.
    """
    far = alarm_share(calibrated, draw.fresh["field"])
    singles = tuple(attack.NAME for attack in draw.link.attacks)
    trials = []
    for name, telemetry in draw.both.items():
        extras = {}
        if namer is not None:
            rows = telemetry.windows(calibrated.window)
            told = namer.predict(rows.values)
            extras = {
                "subset_accuracy": subset_accuracy(rows.labels, told),
                "hamming_loss": hamming_loss(rows.labels, told, singles),
                "micro_f1": micro_f1(rows.labels, told),
            }
        trials.append(Trial("coexisting", name, "both", alarm_share(calibrated, telemetry), far, extras))
    return trials
