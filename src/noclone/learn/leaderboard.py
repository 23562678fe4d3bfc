"""The leaderboard: every watcher on every task about telemetry, with equal search, beside the ceiling."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from noclone.core.errors import InvalidInput
from noclone.core.files import write_bytes
from noclone.core.progress import Progress, silent
from noclone.core.registry import pick
from noclone.learn.task import ONE_CLASS, Task, all_tasks

BUDGET, SEEDS, SEED = 6, 5, 2
"""Hyperparameter settings per watcher and split, splits, and what everything random follows from.

Defaults of some watchers were chosen by a look at scores with seed 1; the board is drawn with another.
"""
QUICK = ("bb84-intercept-1000", "cv-attacks-weak", "pns-decoys")
"""Tasks of the quick board: the same numbers as in the full one."""


def board_tasks() -> dict[str, Task]:
    """Return the tasks about telemetry, by name.

    Examples
    --------
    >>> "cv-attacks-weak" in board_tasks()
    True
    """
    return {name: task for name, task in all_tasks().items() if task.columns}


def leaderboard(
    folder: Path | str,
    tasks: Iterable[str] | None = None,
    *,
    budget: int = BUDGET,
    seeds: int = SEEDS,
    seed: int = SEED,
    workers: int = 1,
    progress: Progress = silent,
) -> list[dict[str, Any]]:
    """Run watchers on tasks and return a row per task and watcher; what is done already is not done anew.

    Where attacks are to be unknown, nothing is searched: settings could only be chosen by the attack itself.

    Parameters
    ----------
    folder : path-like
        Holds a file per task, ``NAME.json``; it must exist. A file made with other settings, watchers or data
        is made anew.
    tasks : iterable of str, optional
        Names; all tasks about telemetry by default.
    budget, seeds, seed, workers
        As for `run_task`.
    progress : callable
        Called with the task's name and the share of it that is done.

    Returns
    -------
    list of dict
        As `noclone.learn.Comparison.rows`, with ``task``, ``kind`` and ``family`` besides.

    Raises
    ------
    InvalidInput
        If a task is unknown or a file cannot be written or read.
    """
    known = board_tasks()
    chosen = list(known) if tasks is None else [pick("task", name, known).name for name in tasks]
    rows = []
    for name in chosen:
        task = known[name]
        tried = 1 if task.kind == ONE_CLASS else budget
        settings = {"budget": tried, "seeds": seeds, "seed": seed}
        path = Path(folder) / f"{name}.json"
        made_of = {**settings, "models": _names(task), "data": _digest(task, seed)}
        found = _done(path, made_of)
        if found is None:
            result = _run(task, settings, workers, partial(_of_task, progress, name))
            found = {**result, "settings": made_of}
            write_bytes(path, (json.dumps(found, indent=1) + "\n").encode())
        progress(name, 1.0)
        rows += found["rows"]
    return rows


def _of_task(progress: Progress, name: str, stage: str, done: float) -> None:
    progress(name, done)


def _names(task: Task) -> list[str]:
    from noclone.learn.watch_contenders import watch_contenders

    return [contender.name for contender in watch_contenders(task)[0]]


def _digest(task: Task, seed: int) -> str:
    """Return a fingerprint of a task's data, which other attacks in the folder change."""
    data = task.draw(seed)
    labels = json.dumps(data.y.tolist()).encode()
    return hashlib.blake2b(data.X.tobytes() + labels, digest_size=8).hexdigest()


def _run(task: Task, settings: dict[str, int], workers: int, progress: Progress) -> dict[str, Any]:
    from noclone.learn.benchmark import run_task
    from noclone.watchers import watchers

    outcome = run_task(
        task,
        budget=settings["budget"],
        seeds=settings["seeds"],
        seed=settings["seed"],
        workers=workers,
        progress=progress,
    )
    families = {name: watcher.family for name, watcher in watchers().items()}
    rows = [
        {
            "task": task.name,
            "kind": task.kind,
            "family": families.get(row["model"], row["side"]),
            **row,
        }
        for row in outcome.rows
    ]
    return {
        "task": task.name,
        "title": task.title,
        "source": task.source,
        "metric": outcome.metric,
        "ceiling": outcome.ceiling,
        "ceiling_text": task.ceiling_text,
        "train_rows": outcome.train_rows,
        "test_rows": outcome.test_rows,
        "notes": list(outcome.notes),
        "verdict": outcome.verdict,
        "rows": rows,
    }


def _done(path: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a file holds, if it was made in this way."""
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
        same = found["settings"] == settings and isinstance(found["rows"], list)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(str(path), f"holds no results of the leaderboard; remove it ({error})") from error
    return found if same else None


def board_table(results: Sequence[dict[str, Any]]) -> str:
    """Return one Markdown table of all watchers and tasks, the ceilings in its last line.

    Parameters
    ----------
    results : sequence of dict
        What the files of `leaderboard` hold.

    Examples
    --------
    >>> row = {"model": "binomial", "family": "exact", "score": 0.95, "half_width": 0.01}
    >>> print(board_table([{"task": "a", "metric": "accuracy", "ceiling": 0.96, "rows": [row]}]))
    | watcher | family | a (accuracy) |
    |---|---|---|
    | binomial | exact | **.950** ± .010 |
    | *ceiling* |  | .960 |
    """
    order = {"exact": 0, "one-class": 1, "supervised": 2, "quantum": 3, "unentangled": 4}
    models: dict[str, str] = {}
    for result in results:
        models |= {row["model"]: row["family"] for row in result["rows"]}
    names = sorted(models, key=lambda name: (order.get(models[name], 5), name))
    heads = [f"{result['task']} ({_METRICS.get(result['metric'], result['metric'])})" for result in results]
    lines = [f"| watcher | family | {' | '.join(heads)} |", "|---" * (len(heads) + 2) + "|"]
    best = [max(row["score"] for row in result["rows"]) for result in results]
    for name in names:
        cells = []
        for result, top in zip(results, best, strict=True):
            row = next((row for row in result["rows"] if row["model"] == name), None)
            cells.append("" if row is None else _cell(row, top))
        lines.append(f"| {name} | {models[name]} | {' | '.join(cells)} |")
    ceilings = ["" if result["ceiling"] is None else _short(result["ceiling"]) for result in results]
    lines.append(f"| *ceiling* |  | {' | '.join(ceilings)} |")
    return "\n".join(lines)


_METRICS = {"roc_auc": "AUC", "accuracy": "accuracy"}


def _cell(row: dict[str, Any], top: float) -> str:
    score = _short(row["score"])
    return f"{f'**{score}**' if row['score'] == top else score} ± {_short(row['half_width'])}"


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if 0 <= value < 0.9995 else f"{value:.3f}"
