"""The page of the leaderboard, written from the results that are committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from noclone.learn.leaderboard import BUDGET, QUICK, SEEDS, board_table

_HEAD = """# The leaderboard: every watcher, every task, and the best answer there is

Written by `make docs` from `evidence/results/`, which `make evidence` makes. `noclone leaderboard --quick`
makes the columns {quick} again, with the same numbers.

A watcher is a model that looks at a link's telemetry and tells attacks from normal blocks; see
[the watch](watch.md). Each has the same search: {budget} settings (fewer where there are fewer), chosen by
three folds of the training rows, on {seeds} splits; no run lies on both sides of a split where blocks share
drift. Where attacks are to be unknown (AUC), every watcher is taken as it is: settings could only be chosen
by the attack itself. Scores are means on rows never seen, with 95 % intervals corrected for rows that splits
share. Quantum models are simulated, and each has a twin without entangling gates. The *ceiling* is the best
score that any model can expect on fresh rows, so that a mean over a few hundred may lie above it by chance;
where drift makes it incomputable the line is empty.

**How to read it.** A score is a statement about a task's strength of attack and size of blocks, nothing
else. All attacks are simulated: a watcher that is tested on its own generator has not been tested on a link.
What is detected at a fixed rate of false alarms stands in the second table; accuracy alone says little. No
score lengthens a key.

![Scores of all watchers on all tasks beside the ceilings](images/leaderboard.svg)

## Scores
"""


def leaderboard_page(results: Sequence[dict[str, Any]], players: Sequence[dict[str, Any]] = ()) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    results : sequence of dict
        What the files of `noclone.learn.leaderboard` hold.
    players : sequence of dict
        Rows of tasks that are played instead of learned from a table: ``task``, ``model``, ``score``,
        ``half_width``, ``ceiling``, and ``unit``, what the score is.
    """
    head = _HEAD.format(quick=", ".join(f"`{name}`" for name in QUICK), budget=BUDGET, seeds=SEEDS)
    parts = [
        head,
        board_table(results),
        "\n\n## Detection at a fixed rate of false alarms\n",
        _rates(results),
    ]
    if players:
        parts += ["\n\n## Tasks that are played\n", _played(players)]
    parts.append("\n\n## What each task is, and what came of it\n")
    for result in results:
        ceiling = "none" if result["ceiling"] is None else f"{result['ceiling']:.4f}"
        parts.append(
            f"\n### {result['task']}\n{result['title']}. {result['source']}. {result['train_rows']:,} rows "
            f"to learn from and {result['test_rows']:,} to test. Ceiling: {ceiling} "
            f"({result['ceiling_text']}).\n\n{result['verdict']}\n"
        )
        parts += [f"\n{note}\n" for note in result["notes"]]
    parts.append("\n## What the quantum models are\n")
    parts.append(_resources(results))
    return "\n".join(part.rstrip("\n") if part.startswith("|") else part for part in parts) + "\n"


def _rates(results: Sequence[dict[str, Any]]) -> str:
    """Return the share of attacked blocks found at 5 % and 1 % false alarms, where the rows can tell it."""
    lines = [
        "| task | best exact | best one-class | best supervised | best quantum |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        cells = []
        for family in ("exact", "one-class", "supervised", "quantum"):
            rows = [row for row in result["rows"] if row["family"] == family]
            found = []
            for rate in (0.05, 0.01):
                name = f"tpr_at_far_{rate:g}"
                told = [(row[name], row["model"]) for row in rows if row.get(name) is not None]
                if told:
                    share, model = max(told)
                    found.append(f"{model} {share:.3f} at {100 * rate:g} %")
            cells.append("; ".join(found))
        if any(cells):
            lines.append(f"| {result['task']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _played(players: Sequence[dict[str, Any]]) -> str:
    lines = ["| task | player | score | ceiling | what it is |", "|---|---|---|---|---|"]
    for row in players:
        ceiling = "" if row.get("ceiling") is None else f"{row['ceiling']:.4g}"
        score = f"{row['score']:.4g} ± {row['half_width']:.2g}"
        lines.append(f"| {row['task']} | {row['model']} | {score} | {ceiling} | {row.get('unit', '')} |")
    return "\n".join(lines)


def _resources(results: Sequence[dict[str, Any]]) -> str:
    lines = [
        "| watcher | qubits | depth | two-qubit gates | weights | shots | median fit (s) |",
        "|---|---|---|---|---|---|---|",
    ]
    seen = set()
    for result in results:
        for row in result["rows"]:
            if row["qubits"] is None or row["model"] in seen:
                continue
            seen.add(row["model"])
            lines.append(
                f"| {row['model']} | {row['qubits']} | {row['depth']} | {row['two_qubit_gates']} | "
                f"{row['weights']} | {row['shots'] or 'exact'} | {row['fit_s']:.3g} |"
            )
    return "\n".join(lines) + "\n\nOf the first task that each was tried on; fits timed on a shared machine."
