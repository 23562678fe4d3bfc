"""``noclone init``: a commented setup file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.options import Json, print_json
from noclone.core.errors import InvalidInput


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file to write; must not exist.")],
    preset: Annotated[str, typer.Option("--from", help="Preset whose values to start from.")] = "lim-2014",
    schema: Annotated[
        bool, typer.Option("--schema", help="Write the JSON Schema of setup files instead.")
    ] = False,
    json: Json = False,
) -> int:
    """Write a setup file in which every field carries its meaning, unit and range."""
    import dataclasses
    import json as json_module

    from noclone.core.files import write_bytes
    from noclone.setup import load, toml

    if file.exists():
        raise InvalidInput(str(file), "exists already; give a new name")
    if schema:
        text = json_module.dumps(toml.schema(), indent=2) + "\n"
    else:
        start = load(preset)
        text = toml.write(dataclasses.replace(start, publication=None, name=file.stem))
    write_bytes(file, text.encode())
    if json:
        print_json({"file": str(file)})
    else:
        print(f"wrote {file}; try: noclone run {file}")
    return 0
