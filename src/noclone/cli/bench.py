"""``noclone bench``: speed of the stages on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from noclone.cli.catalogue import table
from noclone.cli.options import Json, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    pulses: Annotated[float, typer.Option(min=1e6, max=1e11, help="Pulses of the end-to-end run.")] = 1e9,
    json: Json = False,
) -> int:
    """Time each stage end to end on this machine; `make bench` runs the peers beside them."""
    from noclone.pipeline.benchmark import stages

    rows = stages(int(pulses))
    if json:
        print_json({"rows": rows})
    else:
        print(
            table(
                [{name: f"{v:.4g}" if isinstance(v, float) else v for name, v in row.items()} for row in rows]
            )
        )
    return 0
