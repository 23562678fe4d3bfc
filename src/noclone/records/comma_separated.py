"""Records as CSV: ``# key: value`` lines, a header, one line per row."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from noclone.core.errors import InvalidInput
from noclone.records.record import Record
from noclone.records.table import BATCH_ROWS, Table, metadata_of

_LONGEST_LINE = 1 << 24  # a binary file may have no line end at all
_BLOCK_BYTES = 1 << 18
_PLAIN_TEXT = ("party", "run_id", "protocol")
_JSON_VALUES = ("schema", "pulses", "clock_rate_hz", "simulated", "provenance")
_INTEGER = re.compile(r"\s*-?0*[0-9]{1,19}\s*", re.ASCII)
_BASIS = re.compile(r"\s*[01ZX]\s*", re.ASCII)


def write_comma_separated(record: Record, file: BinaryIO) -> None:
    """Write a record to an open file, a batch of rows at a time."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    for key, value in metadata_of(record).items():
        text = value if key in _PLAIN_TEXT else json.dumps(value)
        file.write(f"# {key}: {text}\n".encode())
    file.write(",".join(record.columns).encode() + b"\n")
    for start in range(0, len(record), BATCH_ROWS):
        arrays = [pa.array(getattr(record, name)[start : start + BATCH_ROWS]) for name in record.columns]
        batch = pa.record_batch(arrays, names=list(record.columns))
        pacsv.write_csv(batch, file, pacsv.WriteOptions(include_header=False))


def open_comma_separated(file: BinaryIO) -> Table:
    """Return the table of an open CSV file; its rows are read when they are asked for.

    Raises
    ------
    InvalidInput
        If the file is not text, has no header, or a metadata line cannot be understood.
    """
    metadata: dict[str, Any] = {}
    header_line = 1
    while (line := _text_line(file)).startswith("#"):
        key, colon, value = (part.strip() for part in line[1:].partition(":"))
        if colon and key in _PLAIN_TEXT:
            metadata[key] = value
        elif colon and key in _JSON_VALUES:
            metadata[key] = _json_value(key, value, header_line)
        header_line += 1
    if not line.strip():
        raise InvalidInput("the file", f"has no header: line {header_line} should name the columns")
    names = [name.strip() for name in next(csv.reader([line], skipinitialspace=True))]
    body = file.tell()
    most_rows = _count_line_ends(file) + 1

    def batches(wanted: Sequence[str]) -> Iterator[Any]:
        return _batches(file, body, header_line + 1, names, wanted)

    return Table(metadata, names, most_rows, batches)


def _batches(
    file: BinaryIO, body: int, first_line: int, names: Sequence[str], wanted: Sequence[str]
) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    file.seek(body)
    if not file.read(1):
        return  # a header without rows, which pyarrow would refuse
    file.seek(body)
    try:
        yield from pacsv.open_csv(
            pa.PythonFile(file, "r"),
            pacsv.ReadOptions(column_names=list(names), block_size=_BLOCK_BYTES, use_threads=False),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(wanted),
                column_types={name: pa.string() if name == "basis" else pa.int64() for name in wanted},
                null_values=[],
            ),
        )
    except pa.ArrowException as error:
        # pyarrow does not count the lines before the header, nor say where in a later block
        # it stopped; so the line is looked for again, slowly, in the file that is refused anyway.
        file.seek(body)
        _refuse_first_bad_line(file, first_line, names, wanted)
        raise InvalidInput("the file", f"cannot be read as CSV ({' '.join(str(error).split())})") from error


def _refuse_first_bad_line(
    file: BinaryIO, first_line: int, names: Sequence[str], wanted: Sequence[str]
) -> None:
    rows = csv.reader(io.TextIOWrapper(file, "utf-8", errors="replace", newline=""))
    places = [(name, names.index(name)) for name in wanted]
    try:
        for row in rows:
            line = f"line {first_line + rows.line_num - 1}"
            if row and len(row) != len(names):
                raise InvalidInput(line, f"must have {len(names)} values like the header, but has {len(row)}")
            for name, place in places if row else ():
                text = row[place]
                if name == "basis" and not _BASIS.fullmatch(text):
                    raise InvalidInput(line, f"must have 0, 1, Z or X as its basis, but has {text!r}")
                if name != "basis" and not (_INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63):
                    raise InvalidInput(line, f"must have an integer as its {name}, but has {text!r}")
    except csv.Error as error:
        raise InvalidInput(f"line {first_line + rows.line_num - 1}", f"cannot be read ({error})") from error


def _text_line(file: BinaryIO) -> str:
    line = file.readline(_LONGEST_LINE)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("the file", "is neither Parquet nor CSV text") from error
    if len(line) == _LONGEST_LINE or "\r" in text.rstrip("\r\n"):
        raise InvalidInput("the file", "must end its lines with a line feed, but does not")
    return text


def _json_value(key: str, text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"line {line}", f"must give {key} a JSON value, but has {text!r}") from error


def _count_line_ends(file: BinaryIO) -> int:
    count = 0
    while block := file.read(_BLOCK_BYTES):
        count += block.count(b"\n") + block.count(b"\r")
    return count
