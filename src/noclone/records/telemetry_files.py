"""Telemetry in files: a Parquet file with its data card inside, and the card again as JSON beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically, write_bytes
from noclone.records.telemetry import Telemetry

SCHEMA = 1
"""Version of the layout, and the only one that is read."""
_KEY = b"noclone.telemetry"
_OWN = {"label": "labels", "run": "runs", "time_s": "times_s"}
"""Columns that are no features, and the fields of `Telemetry` that they hold."""


def write_telemetry(telemetry: Telemetry, path: Path | str) -> Path:
    """Write telemetry as Parquet, whole or not at all, and its card beside it; return the card's path.

    Parameters
    ----------
    telemetry : Telemetry
    path : path-like
        Of the Parquet file; the card gets the same name with ``.card.json``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "normal.parquet"
    >>> write_telemetry(Telemetry(("qber[0]",), [[0.02], [0.03]]), path).name
    'normal.card.json'
    >>> read_telemetry(path).values.tolist()
    [[0.02], [0.03]]
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [*telemetry.columns, *_OWN]
    arrays = [*telemetry.values.T, telemetry.labels.astype(str), telemetry.runs, telemetry.times_s]
    table = pa.table([pa.array(each) for each in arrays], names=names)
    described = card(telemetry)
    table = table.replace_schema_metadata(
        {_KEY: json.dumps({"schema": SCHEMA, "card": dict(telemetry.card)})}
    )
    where = Path(path)
    write_atomically(where, lambda file: pq.write_table(table, file))
    beside = where.with_suffix(".card.json")
    write_bytes(beside, (json.dumps(described, indent=2) + "\n").encode())
    return beside


def card(telemetry: Telemetry) -> dict[str, Any]:
    """Return the data card: what the blocks are, how they came about, and how each column is spread."""
    labels, counts = np.unique(telemetry.labels.astype(str), return_counts=True)
    return {
        "schema": SCHEMA,
        "blocks": len(telemetry),
        "runs": len(np.unique(telemetry.runs)),
        "labels": dict(zip(labels.tolist(), counts.tolist(), strict=True)),
        "columns": {
            name: {
                "mean": float(values.mean()),
                "std": float(values.std()),
                "min": float(values.min()),
                "max": float(values.max()),
            }
            for name, values in zip(telemetry.columns, telemetry.values.T, strict=True)
        },
        "origin": dict(telemetry.card),
        "use": "Simulated blocks show what the simulation knows; a watcher tested on them is tested on its "
        "own model. Blocks of one run share its drift: split by run, not by row.",
    }


def read_telemetry(path: Path | str) -> Telemetry:
    """Read telemetry from Parquet, which noclone need not have written.

    Columns ``label``, ``run`` and ``time_s`` may be missing; all others are features.

    Raises
    ------
    InvalidInput
        One sentence that begins with the path.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    where = Path(path)
    if not where.is_file():
        raise InvalidInput(str(where), "is not a file")
    try:
        table = pq.read_table(where)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(
            str(where), f"is no readable Parquet file ({str(error).splitlines()[0]})"
        ) from error
    origin = _origin(where, (table.schema.metadata or {}).get(_KEY))
    own = {
        field: np.asarray(table.column(name).to_pylist())
        for name, field in _OWN.items()
        if name in table.column_names
    }
    features = [name for name in table.column_names if name not in _OWN]
    values = np.empty((table.num_rows, len(features)))
    for place, name in enumerate(features):
        try:
            values[:, place] = table.column(name).to_numpy()
        except (TypeError, ValueError):
            kind = table.schema.field(name).type
            raise InvalidInput(
                str(where), f"must hold numbers in the column {name}, but holds {kind}"
            ) from None
    try:
        return Telemetry(tuple(features), values, **own, card=origin)
    except InvalidInput as error:
        raise InvalidInput(str(where), f"holds no telemetry: {error}") from None


def _origin(where: Path, text: bytes | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
        if found["schema"] == SCHEMA:
            return dict(found["card"])
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(str(where), "has a data card that cannot be read") from None
    raise InvalidInput(str(where), f"must have the telemetry schema {SCHEMA}, but has {found['schema']!r}")
