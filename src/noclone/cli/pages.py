"""``noclone pages``: the page of each protocol, written from what the code declares."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.options import Json, output_folder, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(pages)


def pages(
    protocol: Annotated[
        list[str] | None, typer.Argument(metavar="[PROTOCOL]…", help="All protocols by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pages.")] = Path("out/protocols"),
    json: Json = False,
) -> int:
    """Write a page per protocol: steps, formula, security, rate picture, limits."""
    from noclone.core.registry import pick
    from noclone.protocols import protocols
    from noclone.report import write_pages

    for name in protocol or ():
        pick("protocol", name, protocols())
    written = write_pages(output_folder(out), protocol)
    if json:
        print_json({"files": [str(path) for path in written]})
    else:
        print(f"wrote {len(written)} files in {out}")
    return 0
