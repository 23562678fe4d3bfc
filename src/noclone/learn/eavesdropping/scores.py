"""Rows of the leaderboard: what each Eve learns of BB84 at one error rate, beside the most there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from noclone.learn.eavesdropping.circuits import phase_covariant_cloner
from noclone.learn.eavesdropping.interception import Interception
from noclone.learn.eavesdropping.training import RESTARTS, learned_attack
from noclone.learn.statistics import interval
from noclone.protocols.four_states import bb84_declaration
from noclone.rates.individual_attacks import bb84_information, intercept_resend_information

TASK = "optimal-individual-attack"
DISTURBANCE = 0.11
MODELS: dict[str, dict[str, Any]] = {
    f"trained circuit, best of {RESTARTS} starts": {},
    "trained circuit, one start": {"restarts": 1},
    "trained circuit, unentangled": {"restarts": 1, "entangled": False},
}
"""What is trained, by name: the settings of `learned_attack`."""


def leaderboard_rows(seeds: Sequence[int] = (1, 2, 3, 4, 5)) -> Iterator[dict[str, Any]]:
    """Yield one row per model: task, model, score, half_width and ceiling.

    The score is Eve's information on a sifted bit of BB84 at an error rate of 11 %, in bits; the half width
    that of its 95 % interval over the seeds, 0 for what has no seed. The ceiling is that of individual
    attacks and no threshold of security.

    Examples
    --------
    >>> rows = {row["model"]: row for row in leaderboard_rows(seeds=(1, 2))}
    >>> rows["intercept and resend"]["score"], round(rows["intercept and resend"]["ceiling"], 4)
    (0.22, 0.3046)
    """
    ceiling = float(bb84_information(DISTURBANCE))
    cloner = Interception(bb84_declaration(0.5), phase_covariant_cloner())
    known = {
        "phase-covariant cloner": cloner.intercepted([np.arccos(1 - 2 * DISTURBANCE)]).information,
        "intercept and resend": float(intercept_resend_information(DISTURBANCE, 2)),
    }
    for model, score in known.items():
        yield {"task": TASK, "model": model, "score": score, "half_width": 0.0, "ceiling": ceiling}
    for model, settings in MODELS.items():
        scores = [learned_attack("bb84", DISTURBANCE, seed=seed, **settings).information for seed in seeds]
        found = interval(scores, 0.0)
        yield {
            "task": TASK,
            "model": model,
            "score": found.mean,
            "half_width": found.half_width,
            "ceiling": ceiling,
        }
