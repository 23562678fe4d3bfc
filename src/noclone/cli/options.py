"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.setup import Setup

SetupName = Annotated[str, typer.Argument(metavar="SETUP", help="A preset's name, or a TOML file.")]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Change a field, e.g. channel.length_km=20. Repeatable."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same result.")]
Pulses = Annotated[float | None, typer.Option("--pulses", metavar="N", help="Pulses of the block.")]
BoundName = Annotated[str | None, typer.Option("--bound", help="Instead of the protocol's own.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Threads of the simulation.")]


def load_setup(name: str, changes: list[str] | None) -> Setup:
    """Return the setup with the ``--set`` changes made.

    A value is written as in TOML (``50``, ``[0.5, 0.1]``, ``both``); ``50±0.5`` sets an uncertainty.
    """
    import dataclasses

    from noclone.setup import load

    setup = load(name)
    values: dict[str, Any] = {}
    uncertainty = dict(setup.uncertainty)
    for change in changes or ():
        field, equals, text = change.partition("=")
        field = field.strip()
        if not equals or not field:
            raise InvalidInput("--set", f"must be FIELD=VALUE, but is {change!r}")
        value, sigma = parse_value(field, text.strip())
        values[field] = value
        if sigma is not None:
            uncertainty[field] = sigma
    setup = setup.replace(values) if values else setup
    return dataclasses.replace(setup, uncertainty=uncertainty) if uncertainty else setup


def parse_value(field: str, text: str) -> tuple[Any, float | None]:
    """Return a value and, for ``50±0.5``, its standard deviation."""
    for sign in ("±", "+-", "+/-"):
        value, found, sigma = text.partition(sign)
        if found and value:
            try:
                return float(value), float(sigma)
            except ValueError:
                raise InvalidInput(field, f"must be VALUE±SIGMA, but is {text!r}") from None
    try:
        return tomllib.loads(f"value = {text}")["value"], None
    except tomllib.TOMLDecodeError:
        pass
    try:
        return float(text), None
    except ValueError:
        return text, None


def parse_sweep(text: str) -> tuple[str, Any]:
    """Return the field and the values of ``FIELD=START:STOP:COUNT``."""
    import numpy as np

    field, equals, span = text.partition("=")
    parts = span.split(":")
    try:
        start, stop, count = float(parts[0]), float(parts[1]), int(parts[2])
        if (
            not equals
            or len(parts) != 3
            or not 1 <= count <= 10_000_000
            or not np.isfinite([start, stop]).all()
        ):
            raise ValueError
    except (ValueError, IndexError):
        raise InvalidInput("--sweep", f"must be FIELD=START:STOP:COUNT, but is {text!r}") from None
    return field.strip(), np.linspace(start, stop, count)


def output_folder(path: Path) -> Path:
    """Make sure that results can be written to a folder, before the work begins."""
    import os
    import tempfile

    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InvalidInput(f"--out {path}", f"cannot be written ({os.strerror(error.errno or 0)})") from error
    return path


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object; numbers that JSON lacks become null."""
    import json
    import math

    def clean(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: clean(each) for key, each in item.items()}
        if isinstance(item, (list, tuple)):
            return [clean(each) for each in item]
        return None if isinstance(item, float) and not math.isfinite(item) else item

    print(json.dumps(clean(value), allow_nan=False))
