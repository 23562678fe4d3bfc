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
    return 0 if all(row["passed"] for row in rows) else 1


def shown(row: dict[str, Any]) -> dict[str, str]:
    """Return a row's figures as the cells of a table."""
    return {name.replace("_", " "): _cell(value) for name, value in row.items()}


def drawn(path: Path) -> None:
    """Draw the experiments over the best curves of today's hardware."""
    import numpy as np

    from noclone.optimise import curves
    from noclone.report.experiments_figure import experiments_figure
    from noclone.setup import typical

    names = [
        "decoy-bb84",
        "dps",
        "bbm92",
        "mdi",
        "twin-field",
        "sending-or-not-sending",
        "mode-pairing",
        "gg02",
    ]
    experiments_figure(curves(typical("decoy-bb84"), names, np.linspace(0, 160, 65)), path)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
