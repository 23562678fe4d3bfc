"""Reading flows from comma-separated files that a user supplies; one sentence says what is wrong with one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from noclone.core.errors import InvalidInput
from noclone.learn.flows.flow_table import NORMAL, Flows, SourceFile


def existing(folder: Path | str, *names: str) -> Path:
    """Return the first of these files that lies in the folder.

    Raises
    ------
    InvalidInput
        If there is no such folder, or none of the files.

    Examples
    --------
    >>> existing("/nowhere", "KDDTest+.txt")
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: /nowhere must be a folder with the data, but there is none.
    """
    home = Path(folder)
    if not home.is_dir():
        raise InvalidInput(str(folder), "must be a folder with the data, but there is none")
    for name in names:
        if (home / name).is_file():
            return home / name
    raise InvalidInput(str(folder), f"must hold the file {' or '.join(names)}, but does not")


def source_file(path: Path, published: Sequence[str]) -> SourceFile:
    """Return a file's name and checksum, and whether it is a published one."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read ({error.strerror or error})") from error
    return SourceFile(path.name, digest, digest in published)


def header(path: Path) -> list[str]:
    """Return the names in a file's first line.

    Raises
    ------
    InvalidInput
        If it cannot be read as text.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            return [name.strip() for name in file.readline().rstrip("\r\n").split(",")]
    except UnicodeDecodeError as error:
        raise InvalidInput(str(path), "must be a comma-separated text file, but is none") from error
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read ({error.strerror or error})") from error


def require(path: Path, names: Sequence[str]) -> list[str]:
    """Return the names in a file's first line, among which these must be.

    Raises
    ------
    InvalidInput
        Naming those that are missing.
    """
    columns = header(path)
    missing = [name for name in names if name not in columns]
    if missing:
        raise InvalidInput(str(path), f"must have the columns {', '.join(missing)}, but does not")
    return columns


def read(
    path: Path,
    columns: Sequence[str],
    numbers: Sequence[str],
    words: Sequence[str],
    label: str,
    *,
    normal: Sequence[str],
    first_line: int,
    gaps: Sequence[str] = (),
    most_rows: int | None = None,
) -> Flows:
    """Read flows from one file.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Names of all columns, in the file's order.
    numbers, words : sequence of str
        Those that are kept, as numbers or as words.
    label : str
        The column with the kind of attack.
    normal : sequence of str
        What it says of a flow that is no attack.
    first_line : {0, 1}
        How many lines of names come before the flows.
    gaps : sequence of str
        What stands in place of a number that is missing, which becomes nan. Without any, all numbers must be
        there and finite.
    most_rows : int, optional
        Only so many from the file's beginning.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or a line has too few columns or what is no number where one
        belongs.
    """
    types = {**dict.fromkeys(numbers, pa.float64()), **dict.fromkeys((*words, label), pa.string())}
    try:
        with pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(column_names=list(columns), skip_rows=first_line),
            convert_options=pa_csv.ConvertOptions(
                column_types=types, include_columns=list(types), null_values=list(gaps)
            ),
        ) as reader:
            batches, count = [], 0
            for batch in reader:
                batches.append(batch)
                count += len(batch)
                if most_rows is not None and count >= most_rows:
                    break
            table = pa.Table.from_batches(batches, reader.schema).slice(0, most_rows)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0].split(":", 1)[-1].strip()
        raise InvalidInput(
            str(path), f"must hold whole lines of {len(columns)} columns, but does not ({reason[:120]})"
        ) from error
    if not len(table):
        raise InvalidInput(str(path), "must hold flows, but is empty")

    def text(name: str) -> np.ndarray[Any, Any]:
        return np.char.strip(np.asarray(table[name].to_pylist(), str))

    labels, values = text(label), np.column_stack([table[name].to_numpy() for name in numbers])
    if not gaps and not np.isfinite(values).all():
        row, column = (int(each[0]) for each in np.nonzero(~np.isfinite(values)))
        raise InvalidInput(
            str(path),
            f"must hold finite numbers, but flow {row + 1} has {numbers[column]} {values[row, column]}",
        )
    return Flows(
        tuple(numbers),
        values,
        tuple(words),
        np.column_stack([text(name) for name in words]) if words else np.empty((len(table), 0), str),
        np.where(np.isin(np.char.lower(labels), [each.lower() for each in normal]), NORMAL, labels),
    )


def joined(parts: Sequence[Flows]) -> Flows:
    """Return flows with the same columns as one table."""
    first = parts[0]
    return Flows(
        first.number_names,
        np.concatenate([part.numbers for part in parts]),
        first.word_names,
        np.concatenate([part.words for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )
