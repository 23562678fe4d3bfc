"""``noclone leaderboard``: every watcher on every task about telemetry, beside the ceiling."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.options import Json, output_folder, print_json
from noclone.cli.progress import progress_bar
from noclone.core.errors import InvalidInput


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(leaderboard)


def leaderboard(
    quick: Annotated[
        bool, typer.Option("--quick", help="Three tasks; the same numbers as in the full board.")
    ] = False,
    tasks: Annotated[str | None, typer.Option(metavar="A,B,…", help="Only these tasks.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    out: Annotated[
        Path, typer.Option(help="Folder for a file per task; what is there is not done again.")
    ] = Path("out/leaderboard"),
    json: Json = False,
) -> int:
    """Compare all watchers on all tasks about telemetry, with equal search, beside the ceiling."""
    from noclone.learn.leaderboard import QUICK, board_table, board_tasks
    from noclone.learn.leaderboard import leaderboard as run_board

    if quick and tasks is not None:
        raise InvalidInput("--quick", "must not be given together with --tasks; either chooses the tasks")
    folder = output_folder(out)
    if tasks is not None:
        chosen = [part.strip() for part in tasks.split(",") if part.strip()]
    else:
        chosen = list(QUICK if quick else board_tasks())
    with progress_bar(quiet=json) as progress:
        rows = run_board(folder, chosen, workers=workers, progress=progress)
    if json:
        print_json({"rows": rows})
    else:
        print(board_table([json_text.loads((folder / f"{name}.json").read_text()) for name in chosen]))
        print(f"\nfiles       {folder}")
    return 0
