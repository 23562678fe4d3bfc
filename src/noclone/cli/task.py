"""``noclone task``: a learning task, quantum and classical models on it, and its ceiling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.catalogue import list_things
from noclone.cli.options import Json, Seed, output_folder, print_json
from noclone.cli.progress import progress_bar
from noclone.core.errors import InvalidInput


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(task)


def task(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The task; --list shows all.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the tasks.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A look: few rows, splits and settings.")] = False,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,…",
            help="Quantum models, or watchers of a task about telemetry, instead of the usual ones.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with your files of an intrusion collection: nsl-kdd, unsw-nb15, cic-iot."),
    ] = None,
    budget: Annotated[int, typer.Option(min=1, max=1000, help="Settings per model and split.")] = 8,
    seeds: Annotated[int, typer.Option(min=3, max=100, help="Splits; at least 5 unless --quick.")] = 5,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes.")] = 1,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the table and the picture.")] = None,
    json: Json = False,
) -> int:
    """Compare quantum and classical models on a learning task, with equal search and a ceiling."""
    from noclone.core.registry import pick
    from noclone.learn import all_tasks, run_task

    if listed:
        return list_things("tasks", json)
    if name is None:
        raise InvalidInput("task", "must be named; noclone task --list shows all")
    if data is None:
        chosen = pick("task", name, all_tasks())
    else:
        from noclone.learn.flows.intrusion import intrusion_task

        chosen = intrusion_task(name, data)
    folder = None if out is None else output_folder(out)
    with progress_bar(quiet=json) as progress:
        found = run_task(
            chosen,
            None if models is None else [part.strip() for part in models.split(",") if part.strip()],
            budget,
            seeds,
            quick=quick,
            seed=seed,
            workers=workers,
            progress=progress,
        )
    if folder is not None:
        from noclone.core.files import write_bytes
        from noclone.report.learning_scores import scores_figure

        write_bytes(folder / f"{name}.txt", f"{found}\n".encode())
        scores_figure(found, folder / f"{name}.svg")
    if json:
        print_json(
            {
                "task": name,
                "kind": found.kind,
                "metric": found.metric,
                "ceiling": found.ceiling,
                "ceiling_text": chosen.ceiling_text,
                "seeds": found.seeds,
                "budget": found.budget,
                "quick": found.quick,
                "rows": found.rows,
                "notes": list(found.notes),
                "advantage": found.advantage,
                "verdict": found.verdict,
            }
        )
    else:
        print(chosen.source)
        print(f"ceiling: {chosen.ceiling_text}")
        print(found)
    return 0
