"""A file's content before it is believed: what both formats give and what a record is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.records.record import Record, Run, check_range, highest_value

SCHEMA = 1
"""Version of the columns and metadata keys that noclone writes, and the only one it reads."""

BATCH_ROWS = 1 << 18
"""Rows that are decoded or encoded at a time; what is temporary is a few of these."""


@dataclass(frozen=True)
class Table:
    """An open file as its format's reader sees it, nothing checked yet.

    Parameters
    ----------
    metadata : mapping
        What the file says about its run, empty if nothing.
    names : sequence of str
        The file's columns in its order.
    most_rows : int
        At least the number of rows.
    batches : callable
        Called with the columns wanted, yields ``pyarrow.RecordBatch`` in the file's order.
    """

    metadata: Mapping[str, Any]
    names: Sequence[str]
    most_rows: int
    batches: Callable[[Sequence[str]], Iterator[Any]]


def metadata_of(record: Record) -> dict[str, Any]:
    """Return what a file says about its record, as JSON values."""
    run = record.run
    return {
        "schema": SCHEMA,
        "party": record.party,
        "run_id": run.run_id,
        "protocol": run.protocol,
        "pulses": run.pulses,
        "clock_rate_hz": run.clock_rate_hz,
        "simulated": run.simulated,
        "provenance": dict(run.provenance),
    }


def columns_of(table: Table, names: Sequence[str], run: Run) -> dict[str, NDArray[Any]]:
    """Read the columns `names`, each value checked before it is narrowed to the record's type.

    Raises
    ------
    InvalidInput
        If a column is missing, doubled, has gaps or another type, or a value is out of range.
    """
    for name in names:
        if table.names.count(name) != 1:
            fault = "is there more than once" if name in table.names else "is missing"
            hint = ", which Alice's record must have (is this Bob's file?)" if name == "intensity" else ""
            listed = ", ".join(table.names) or "none"
            raise InvalidInput(f"column {name}", f"{fault}{hint or f'; the columns are: {listed}'}")
    try:
        columns: dict[str, NDArray[Any]] = {
            name: np.empty(table.most_rows, np.int64 if name == "pulse_index" else np.uint8) for name in names
        }
    except (MemoryError, ValueError) as error:
        raise InvalidInput(
            "the file", f"needs more memory than there is for its {table.most_rows} rows"
        ) from error
    row = 0
    for batch in table.batches(names):
        for name in names:
            values = _integers(name, batch.column(name), row)
            check_range(name, values, highest_value(name, run), row)
            columns[name][row : row + batch.num_rows] = values
        row += batch.num_rows
    return {name: column[:row] for name, column in columns.items()}


def _integers(name: str, column: Any, first_row: int) -> NDArray[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if name == "basis" and column.type in (pa.string(), pa.large_string()):
        text = pc.ascii_trim_whitespace(column.cast(pa.string()))
        place = pc.index_in(text, value_set=pa.array(["0", "Z", "1", "X"]))
        if place.null_count:
            row = _first_null(place)
            raise InvalidInput(
                name, f"must be 0, 1, Z or X, but row {first_row + row} is {column[row].as_py()!r}"
            )
        return place.to_numpy() // 2  # type: ignore[no-any-return]
    truth = pa.types.is_boolean(column.type) and name != "pulse_index"
    if not truth and not pa.types.is_integer(column.type):
        raise InvalidInput(name, f"must be a column of integers, but is one of {column.type}")
    if column.null_count:
        raise InvalidInput(
            name, f"must have a value in every row, but row {first_row + _first_null(column)} has none"
        )
    return column.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _first_null(column: Any) -> int:
    return int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
