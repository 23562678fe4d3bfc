"""Records as Parquet: delta-encoded indices, one bit for basis and bit, checksummed pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.records.record import Record
from noclone.records.table import BATCH_ROWS, Table, metadata_of

MAGIC = b"PAR1"
"""The first and the last four bytes of every Parquet file."""

METADATA_KEY = b"noclone"
"""The key of the file's key-value metadata whose value is a JSON object about the run."""

_BUFFER_BYTES = 1 << 18  # read at a time, instead of a whole row group


def write_parquet(record: Record, file: BinaryIO) -> None:
    """Write a record to an open file, a batch of rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"pulse_index": pa.int64(), "basis": pa.bool_(), "bit": pa.bool_(), "intensity": pa.uint8()}
    schema = pa.schema(
        [pa.field(name, types[name], nullable=False) for name in record.columns],
        metadata={METADATA_KEY: json.dumps(metadata_of(record)).encode()},
    )
    with pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        use_dictionary=["intensity"],
        # RLE for the bits too: readers notice a damaged page header, which no checksum covers.
        column_encoding={"pulse_index": "DELTA_BINARY_PACKED", "basis": "RLE", "bit": "RLE"},
        write_page_checksum=True,
    ) as writer:
        for start in range(0, len(record), BATCH_ROWS):
            batch = [getattr(record, name)[start : start + BATCH_ROWS] for name in record.columns]
            arrays = [
                pa.array(values.view(np.bool_) if types[name] == pa.bool_() else values)
                for name, values in zip(record.columns, batch, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def open_parquet(file: BinaryIO) -> Table:
    """Return the table of an open Parquet file; its rows are read when they are asked for.

    Raises
    ------
    InvalidInput
        If the file is truncated, cannot be decoded, or its metadata is not a JSON object.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file.seek(-len(MAGIC), 2)
    if file.tell() < 2 * len(MAGIC) or file.read() != MAGIC:
        raise InvalidInput("the file", "is a truncated Parquet file: its end is missing")
    file.seek(0)
    try:
        parquet = pq.ParquetFile(
            file, pre_buffer=False, buffer_size=_BUFFER_BYTES, page_checksum_verification=True
        )
        schema = parquet.schema_arrow
        names = schema.names
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise _undecodable(error) from error
    return Table(
        metadata=_json_metadata((schema.metadata or {}).get(METADATA_KEY)),
        names=names,
        most_rows=parquet.metadata.num_rows,
        batches=lambda names: _batches(parquet, names),
    )


def _batches(parquet: Any, names: Sequence[str]) -> Iterator[Any]:
    import pyarrow as pa

    promised, rows = parquet.metadata.num_rows, 0
    if promised == 0:
        return  # no row group to read from
    try:
        for batch in parquet.iter_batches(BATCH_ROWS, columns=list(names), use_threads=False):
            rows += batch.num_rows
            if rows > promised:
                break
            yield batch
    except (OSError, pa.ArrowException) as error:
        raise _undecodable(error) from error
    if rows != promised:
        raise InvalidInput("the file", f"is damaged: its end promises {promised} rows, which are not there")


def _undecodable(error: Exception) -> InvalidInput:
    return InvalidInput("the file", f"cannot be decoded as Parquet ({' '.join(str(error).split())})")


def _json_metadata(text: bytes | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError):
        metadata = None
    if not isinstance(metadata, dict):
        raise InvalidInput(f"metadata {METADATA_KEY.decode()}", "must be a JSON object, but is not")
    return metadata
