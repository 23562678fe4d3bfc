"""``noclone init``: a commented setup file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noclone.cli.options import Json, print_json
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.setup import Setup


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file to write; must not exist.")],
    preset: Annotated[
        str | None, typer.Option("--from", help="Preset whose values to start from; default: 50 km of fibre.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the JSON Schema of setup files instead.")
    ] = False,
    json: Json = False,
) -> int:
    """Write a setup file in which every field carries its meaning, unit and range."""
    import dataclasses
    import json as json_module

    import noclone as nc
    from noclone.core.files import write_bytes
    from noclone.setup import toml

    if file.exists():
        raise InvalidInput(str(file), "exists already; give a new name")
    if schema:
        text = json_module.dumps(toml.schema(), indent=2) + "\n"
    else:
        start = nc.load(preset) if preset is not None else fibre_link()
        text = toml.write(dataclasses.replace(start, publication=None, name=file.stem))
    write_bytes(file, text.encode())
    if json:
        print_json({"file": str(file)})
    else:
        print(f"wrote {file}; try: noclone run {file}")
    return 0


def fibre_link() -> Setup:
    """Return a setup to start from: the defaults of every part, on 50 km of fibre."""
    import noclone as nc

    link = nc.Link(
        alice=nc.WeakCoherentSource(intensities=(0.5, 0.15, 0.0), clock_rate_hz=1e9),
        channel=nc.Fibre(length_km=50),
        bob=nc.ThresholdDetectors(efficiency=0.2, dark_count_prob=1e-6, misalignment=0.01),
    )
    return nc.Setup(link, nc.DecoyBB84(intensity_probs=(0.6, 0.25, 0.15), basis_prob=0.8))
