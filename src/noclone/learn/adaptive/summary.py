"""Means over seeds of what was measured of adaptive Eves, and their rows of the leaderboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from noclone.learn.statistics import Interval, interval

Row = Mapping[str, Any]


def means(
    rows: Sequence[Row], names: Sequence[str], columns: Sequence[str]
) -> dict[tuple[Any, ...], dict[str, Interval | None]]:
    """Return means over seeds with their intervals, by the values of `names`; None for what was not measured.

    Examples
    --------
    >>> found = means([{"guard": "a", "seed": 1, "secure": 0.8}, {"guard": "a", "seed": 2, "secure": 0.9}],
    ...               ["guard"], ["secure"])
    >>> print(found["a",]["secure"])
    0.850 ± 0.635
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return {
        key: {
            column: interval([row[column] for row in group], 0.0) if column in group[0] else None
            for column in columns
        }
        for key, group in groups.items()
    }


def leaderboard(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows ``{task, model, score, half_width, ceiling}`` from those of ``evidence/adaptive.py``.

    Of an Eve at checkpoints the score is what she earns, in bits less the cost of alarms, and the ceiling the
    optimum by value iteration. Of a guard the score is the share of the honest finite key that is kept and
    secret against an Eve who knows it; its ceiling is all of it, 1.

    Examples
    --------
    >>> optimum = {"intervals": "fixed", "noise": 0.01, "policy": "optimum", "earnings": 20.0}
    >>> learner = optimum | {"policy": "sarsa", "earnings": 15.0}
    >>> leaderboard([{"part": "checkpoints"} | each for each in (optimum, learner)])[0]["ceiling"]
    20.0
    """
    found = []
    plays = means(
        [row for row in rows if row["part"] == "checkpoints"], ("intervals", "noise", "policy"), ("earnings",)
    )
    for (intervals, noise, policy), columns in plays.items():
        best, score = plays[intervals, noise, "optimum"]["earnings"], columns["earnings"]
        if policy != "optimum" and score is not None and best is not None:
            task = f"eve-at-{intervals}-checkpoints, noise {noise:g}"
            found.append(_row(task, policy, score, best.mean))
    games = means([row for row in rows if row["part"] == "game"], ("hardware", "guard", "rate"), ("secure",))
    for (hardware, guard, rate), columns in games.items():
        score = columns["secure"]
        if score is not None:
            found.append(_row(f"eve-with-{hardware}-hardware", f"{guard}, FAR {rate:g}", score, 1.0))
    return found


def _row(task: str, model: str, score: Interval, ceiling: float) -> dict[str, Any]:
    return {
        "task": task,
        "model": model,
        "score": score.mean,
        "half_width": score.half_width,
        "ceiling": ceiling,
    }
