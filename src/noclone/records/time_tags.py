"""Raw time tags: when each detector of one party clicked, and which one; read from and written to files.

A tag file has two columns and one row per click, in the order of time:

``time_ps``
    Reading of the party's own clock in picoseconds, an integer from 0 to 2^62 - 1, never decreasing.
``channel``
    Number of the detector that clicked, an integer from 0 to 255. Two detectors may click in the same
    picosecond; one detector cannot, so that no row may be there twice.

It is Parquet (recognised by its first bytes ``PAR1``), NumPy's ``.npz`` with one array per column
(``PK``), or else CSV with a header. Further columns are ignored. A simulated file says so: Parquet with
``"simulated": true`` in the JSON object under the metadata key ``noclone``, CSV with a line
``# simulated: true`` before the header, ``.npz`` with a third array ``simulated``.
"""

from __future__ import annotations

import json
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numba import njit
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.records.comma_separated import open_comma_separated
from noclone.records.parquet import MAGIC, METADATA_KEY, open_parquet
from noclone.records.record import check_range
from noclone.records.table import BATCH_ROWS, Table

COLUMNS = {"time_ps": 2**62 - 1, "channel": 255}
"""The columns and the largest value of each; the smallest is 0."""

_ZIP = b"PK\x03\x04"
_OWNER_ONLY = 0o600  # tags are raw key


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeTags:
    """What one party's time tagger wrote down.

    Parameters
    ----------
    time_ps : int64 array, shape (tags,)
        When a detector clicked, by the party's own clock, never decreasing.
    channel : uint8 array, shape (tags,)
        Which detector.
    simulated : bool
        True for synthetic tags, whose key protects nothing.

    Other integer types are converted. The columns kept are read-only.

    Raises
    ------
    InvalidInput
        Naming the column, the first bad row (counted from 0), its value and what is allowed.

    Examples
    --------
    >>> len(TimeTags(time_ps=[12, 4095, 4095], channel=[0, 2, 1]))
    3
    >>> TimeTags(time_ps=[4095, 12], channel=[0, 2])
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: time_ps must never decrease, but row 1 is 12 after 4095.
    """

    time_ps: NDArray[np.int64] = field(repr=False)
    channel: NDArray[np.uint8] = field(repr=False)
    simulated: bool = False

    def __post_init__(self) -> None:
        for name, highest in COLUMNS.items():
            values = np.asarray(getattr(self, name))
            if values.ndim != 1 or (values.dtype.kind not in "iu" and len(values)):
                raise InvalidInput(
                    name, f"must be one column of integers, but holds {values.dtype} of shape {values.shape}"
                )
            check_range(name, values, highest)
            column = values.astype(np.int64 if name == "time_ps" else np.uint8, copy=False).view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        if len(self.time_ps) != len(self.channel):
            raise InvalidInput(
                "channel", f"must have {len(self.time_ps)} rows like time_ps, but has {len(self.channel)}"
            )
        if not len(self.time_ps):
            raise InvalidInput("time_ps", "must hold at least one tag, but is empty")
        _check_order(self.time_ps, self.channel)

    def __len__(self) -> int:
        """Return the number of tags."""
        return len(self.time_ps)

    @property
    def duration_ps(self) -> int:
        """Time from the first tag to the last."""
        return int(self.time_ps[-1] - self.time_ps[0])


def write_tags(tags: TimeTags, path: Path | str) -> None:
    """Write tags whole or not at all, readable by their owner only; the ending says in which format.

    Parameters
    ----------
    tags : TimeTags
        What to write.
    path : path-like
        Ends in ``.parquet``, ``.npz`` or ``.csv``.

    Raises
    ------
    InvalidInput
        If the ending is another, the folder cannot be written, or the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "alice.csv"
    >>> write_tags(TimeTags(time_ps=[12, 4095], channel=[0, 2]), path)
    >>> path.read_text().splitlines()
    ['# simulated: false', 'time_ps,channel', '12,0', '4095,2']
    """
    writers = {".parquet": _write_parquet, ".npz": _write_npz, ".csv": _write_csv}
    writer = writers.get(Path(path).suffix.lower())
    if writer is None:
        raise InvalidInput(str(path), f"must end in {', '.join(list(writers)[:-1])} or .csv")
    write_atomically(path, lambda file: writer(tags, file), _OWNER_ONLY)


def read_tags(path: Path | str) -> TimeTags:
    r"""Read one party's tags from a Parquet, ``.npz`` or CSV file, which noclone need not have written.

    Parameters
    ----------
    path : path-like
        The file; its format is recognised by its content.

    Returns
    -------
    TimeTags
        Every value checked.

    Raises
    ------
    InvalidInput
        One sentence that begins with the path.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "alice.csv"
    >>> _ = path.write_text("channel,time_ps\n0,12\n2,4095\n")
    >>> read_tags(path).time_ps.tolist()
    [12, 4095]
    """
    path = Path(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # asked first: opening a pipe would wait for ever
            raise InvalidInput(str(path), "is a folder, not a file" if path.is_dir() else "is not a file")
        with path.open("rb") as file:
            try:
                columns, metadata = _content(file)
                simulated = metadata.get("simulated", False)
                if not isinstance(simulated, bool):
                    raise InvalidInput("simulated", f"must be true or false, but is {simulated!r}")
                return TimeTags(**columns, simulated=simulated)
            except InvalidInput as error:
                raise InvalidInput(f"{path}: {error.field}", error.problem) from error
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read ({error.strerror or error})") from error


def _content(file: BinaryIO) -> tuple[dict[str, NDArray[Any]], Mapping[str, Any]]:
    """Return the two columns and what the file says about itself."""
    magic = file.read(4)
    file.seek(0)
    if not magic:
        raise InvalidInput("the file", "is empty")
    if magic == _ZIP:
        return _read_npz(file)
    table = open_parquet(file) if magic == MAGIC else open_comma_separated(file)
    return _columns(table), table.metadata


def _columns(table: Table) -> dict[str, NDArray[Any]]:
    """Read both columns batch by batch, each value checked before it is narrowed."""
    import pyarrow as pa

    for name in COLUMNS:
        if table.names.count(name) != 1:
            fault = "is there more than once" if name in table.names else "is missing"
            listed = ", ".join(table.names) or "none"
            raise InvalidInput(f"column {name}", f"{fault}; the columns are: {listed}")
    columns: dict[str, NDArray[Any]] = {
        "time_ps": np.empty(table.most_rows, np.int64),
        "channel": np.empty(table.most_rows, np.uint8),
    }
    row = 0
    for batch in table.batches(list(COLUMNS)):
        for name, highest in COLUMNS.items():
            column = batch.column(name)
            if not pa.types.is_integer(column.type) or column.null_count:
                held = f"{column.null_count} gaps" if column.null_count else f"values of type {column.type}"
                raise InvalidInput(
                    name, f"must hold an integer in every row, but has {held} from row {row} on"
                )
            values = column.to_numpy(zero_copy_only=False)
            check_range(name, values, highest, row)
            columns[name][row : row + batch.num_rows] = values
        row += batch.num_rows
    return {name: column[:row] for name, column in columns.items()}


def _read_npz(file: BinaryIO) -> tuple[dict[str, NDArray[Any]], Mapping[str, Any]]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            found = {name: np.asarray(arrays[name]) for name in (*COLUMNS, "simulated") if name in arrays}
            listed = ", ".join(arrays) or "none"
    except (ValueError, EOFError, MemoryError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise InvalidInput(
            "the file", f"cannot be decoded as .npz ({' '.join(str(error).split())})"
        ) from error
    for name in COLUMNS:
        if name not in found:
            raise InvalidInput(f"array {name}", f"is missing; the arrays are: {listed}")
    simulated = found.pop("simulated", np.asarray(False)).tolist()
    return found, {"simulated": simulated}


def _write_npz(tags: TimeTags, file: BinaryIO) -> None:
    np.savez(file, time_ps=tags.time_ps, channel=tags.channel, simulated=np.asarray(tags.simulated))


def _write_csv(tags: TimeTags, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    file.write(f"# simulated: {json.dumps(tags.simulated)}\n{','.join(COLUMNS)}\n".encode())
    table = pa.table({name: getattr(tags, name) for name in COLUMNS})
    pacsv.write_csv(table, file, pacsv.WriteOptions(include_header=False))


def _write_parquet(tags: TimeTags, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: getattr(tags, name) for name in COLUMNS})
    pq.write_table(
        table.replace_schema_metadata({METADATA_KEY: json.dumps({"simulated": tags.simulated})}),
        file,
        row_group_size=BATCH_ROWS,
        compression="zstd",
        use_dictionary=["channel"],
        column_encoding={"time_ps": "DELTA_BINARY_PACKED"},
        write_page_checksum=True,
    )


def _check_order(time_ps: NDArray[np.int64], channel: NDArray[np.uint8]) -> None:
    row = _first_disorder(time_ps, channel)
    if row < 0:
        return
    if time_ps[row] < time_ps[row - 1]:
        raise InvalidInput(
            "time_ps", f"must never decrease, but row {row} is {time_ps[row]} after {time_ps[row - 1]}"
        )
    raise InvalidInput(
        "channel",
        f"{channel[row]} must click once at a time, but clicks twice at {time_ps[row]} ps (row {row})",
    )


@njit(cache=True, nogil=True)
def _first_disorder(time_ps: NDArray[np.int64], channel: NDArray[np.uint8]) -> int:
    """Return the first row that is earlier than the one before or equal to an older one, or -1."""
    for row in range(1, len(time_ps)):
        if time_ps[row] < time_ps[row - 1]:
            return row
        older = row - 1
        while older >= 0 and time_ps[older] == time_ps[row]:
            if channel[older] == channel[row]:
                return row
            older -= 1
    return -1
