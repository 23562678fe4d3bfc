"""``noclone experiments``: published experiments beside the models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from noclone.cli.catalogue import table
from noclone.cli.options import Json, print_json
from noclone.core.errors import InvalidInput


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(experiments)


def experiments(
    out: Annotated[Path | None, typer.Option(help="Picture of all experiments (.svg or .png).")] = None,
    json: Json = False,
) -> int:
    """Compare measured figures with the models, and every rate with the capacity of its link."""
    from noclone.agreement import experiments as compare

    if out is not None and out.suffix not in (".svg", ".png"):
        raise InvalidInput(str(out), "must end in .svg or .png")
    rows = compare()
    if out is not None:
        drawn(out)
    if json:
        print_json({"rows": rows})
    else:
        print(table([shown(row) for row in rows]))
        states = [row["passed"] for row in rows]
        print(f"{states.count(True)} hold, {states.count(False)} do not, {states.count(None)} are left open")
    return 1 if any(row["passed"] is False for row in rows) else 0


def shown(row: dict[str, Any]) -> dict[str, str]:
    """Return a row's figures as the cells of a table."""
    state = {True: "yes", False: "NO", None: "open"}[row["passed"]]
    return {name.replace("_", " "): _cell(value) for name, value in row.items()} | {"passed": state}


def drawn(path: Path) -> None:
    """Draw the experiments over the curves of all protocols with today's hardware."""
    import numpy as np

    from noclone.optimise import curves
    from noclone.protocols import protocols
    from noclone.report.experiments_figure import experiments_figure
    from noclone.setup import typical

    names = [name for name, kind in protocols().items() if not kind.BROKEN]
    experiments_figure(curves(typical("decoy-bb84"), names, np.linspace(0, 800, 65)), path)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
