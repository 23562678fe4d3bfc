"""``noclone experiments``: published experiments beside the models."""

from __future__ import annotations

import typer

from noclone.cli.catalogue import table
from noclone.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(experiments)


def experiments(json: Json = False) -> int:
    """Compare measured figures with the models, and every rate with the capacity of its link."""
    from noclone.agree import experiments as compare

    rows = compare()
    if json:
        print_json({"rows": rows})
    else:
        print(table([{name: _show(value) for name, value in row.items()} for row in rows]))
    return 0 if all(row["passed"] for row in rows) else 1


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
