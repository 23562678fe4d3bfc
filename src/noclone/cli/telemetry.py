"""``noclone telemetry``: blocks of a link with drift and attack, as a data set with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.options import Changes, Json, Seed, SetupName, load_setup, print_json
from noclone.cli.progress import progress_bar


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(telemetry)


def telemetry(
    setup: SetupName,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks per run and attack.")] = 1000,
    block_size: Annotated[
        float | None, typer.Option(help="Pulses (or symbols) per block; 1e7 (1e4) by default.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs, each with a drift of its own.")] = 1,
    attack: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME:parameter=value,…; NAME+NAME for two at once. Repeatable; normal blocks come first."
        ),
    ] = None,
    drift: Annotated[str, typer.Option(help="steady or field.")] = "field",
    interval_s: Annotated[float, typer.Option(help="Time between blocks, in seconds.")] = 60.0,
    changes: Changes = None,
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(help="The Parquet file; its card lies beside it.")] = Path(
        "telemetry.parquet"
    ),
    json: Json = False,
) -> int:
    """Simulate telemetry of a link, normal and attacked, and write it as a data set."""
    from noclone import attacks
    from noclone.core.registry import pick
    from noclone.records.telemetry_files import card, write_telemetry
    from noclone.simulation.drift import FIELD, STEADY
    from noclone.simulation.link_telemetry import link_telemetry

    loaded = load_setup(setup, changes)
    weather = pick("drift", drift, {"steady": STEADY, "field": FIELD})
    eves = [None, *(attacks.parse(text) for text in attack or ())]
    with progress_bar(quiet=json) as progress:
        found = link_telemetry(
            loaded,
            blocks,
            block_size,
            attacks=eves,
            runs=runs,
            drift=weather,
            interval_s=interval_s,
            seed=seed,
            progress=progress,
        )
    beside = write_telemetry(found, out)
    if json:
        print_json({"file": str(out), "card": card(found)})
    else:
        labels = ", ".join(f"{count:,} {label}" for label, count in card(found)["labels"].items())
        print(
            f"{len(found):,} blocks ({labels}) with {len(found.columns)} features in {out}; card in {beside}"
        )
    return 0
