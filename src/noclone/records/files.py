"""Records in files: Parquet out and in, CSV out and in, and nothing believed unchecked.

The format is specified in ``docs/formats.md``.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, TypeVar

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.records.comma_separated import open_comma_separated, write_comma_separated
from noclone.records.parquet import MAGIC, open_parquet, write_parquet
from noclone.records.record import AliceRecord, BobRecord, Record, Run
from noclone.records.table import SCHEMA, Table, columns_of

AnyRecord = TypeVar("AnyRecord", bound=Record)

_OWNER_ONLY = 0o600  # a record is raw key
_RUN_KEYS = ("run_id", "protocol", "pulses", "clock_rate_hz", "simulated", "provenance")


def write(record: Record, path: Path | str) -> None:
    """Write a record as Parquet, whole or not at all, readable by its owner only.

    Parameters
    ----------
    record : AliceRecord or BobRecord
        What to write.
    path : path-like
        Where; an older file there is replaced when the new one is complete.

    Raises
    ------
    InvalidInput
        If the folder is missing or cannot be written, or the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> run = Run(run_id="monday", protocol="decoy-bb84", pulses=100)
    >>> record = BobRecord(run=run, pulse_index=[3, 17], basis=[0, 1], bit=[1, 1])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "bob.parquet"
    >>> write(record, path)
    >>> read_bob(path) == record
    True
    """
    write_atomically(path, lambda file: write_parquet(record, file), _OWNER_ONLY)


def write_csv(record: Record, path: Path | str) -> None:
    """Write a record as CSV with its metadata, whole or not at all, readable by its owner only.

    Parameters
    ----------
    record : AliceRecord or BobRecord
        What to write.
    path : path-like
        Where; an older file there is replaced when the new one is complete.

    Raises
    ------
    InvalidInput
        If the folder is missing or cannot be written, or the disk is full.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> run = Run(run_id="monday", protocol="decoy-bb84", pulses=100)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "bob.csv"
    >>> write_csv(BobRecord(run=run, pulse_index=[3, 17], basis=[0, 1], bit=[1, 1]), path)
    >>> path.read_text().splitlines()[-3:]
    ['pulse_index,basis,bit', '3,0,1', '17,1,1']
    """
    write_atomically(path, lambda file: write_comma_separated(record, file), _OWNER_ONLY)


def read_alice(
    path: Path | str,
    *,
    run_id: str | None = None,
    protocol: str | None = None,
    pulses: float | None = None,
    clock_rate_hz: float | None = None,
) -> AliceRecord:
    r"""Read Alice's record from a Parquet or CSV file, which noclone need not have written.

    Parameters
    ----------
    path : path-like
        The file. Parquet is recognised by its content; anything else is read as CSV.
    run_id, protocol, pulses, clock_rate_hz : optional
        What the file does not say about its run; see `Run`. The first three must be known
        from one side, and the two sides must not contradict each other.

    Returns
    -------
    AliceRecord
        The record, every value checked.

    Raises
    ------
    InvalidInput
        One sentence that begins with the path.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "alice.csv"
    >>> _ = path.write_text("intensity,bit,basis,pulse_index\n0,1,Z,3\n2,1,X,17\n")
    >>> record = read_alice(path, run_id="monday", protocol="decoy-bb84", pulses=100)
    >>> record.pulse_index.tolist(), record.basis.tolist()
    ([3, 17], [0, 1])
    """
    given = {"run_id": run_id, "protocol": protocol, "pulses": pulses, "clock_rate_hz": clock_rate_hz}
    return _read(Path(path), AliceRecord, given)


def read_bob(
    path: Path | str,
    *,
    run_id: str | None = None,
    protocol: str | None = None,
    pulses: float | None = None,
    clock_rate_hz: float | None = None,
) -> BobRecord:
    r"""Read Bob's record from a Parquet or CSV file, which noclone need not have written.

    Parameters
    ----------
    path, run_id, protocol, pulses, clock_rate_hz
        As for `read_alice`.

    Returns
    -------
    BobRecord
        The record, every value checked.

    Raises
    ------
    InvalidInput
        One sentence that begins with the path.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "bob.csv"
    >>> _ = path.write_text("# pulses: 100\npulse_index,basis,bit\n3,Z,1\n17,X,1\n")
    >>> read_bob(path, run_id="monday", protocol="decoy-bb84").basis.tolist()
    [0, 1]
    """
    given = {"run_id": run_id, "protocol": protocol, "pulses": pulses, "clock_rate_hz": clock_rate_hz}
    return _read(Path(path), BobRecord, given)


def _read(path: Path, kind: type[AnyRecord], given: dict[str, Any]) -> AnyRecord:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # asked first: opening a pipe would wait for ever
            raise InvalidInput(str(path), "is a folder, not a file" if path.is_dir() else "is not a file")
        with path.open("rb") as file:
            try:
                magic = file.read(len(MAGIC))
                file.seek(0)
                if not magic:
                    raise InvalidInput("the file", "is empty")
                if magic != MAGIC and path.suffix == ".parquet":
                    raise InvalidInput("the file", "is not a Parquet file, whatever its name says")
                table = open_parquet(file) if magic == MAGIC else open_comma_separated(file)
                _check_kind(table, kind)
                run = _run(table, given)
                return kind(run=run, **columns_of(table, kind.columns, run))
            except InvalidInput as error:
                raise InvalidInput(f"{path}: {error.field}", error.problem) from error
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read ({error.strerror or error})") from error


def _check_kind(table: Table, kind: type[Record]) -> None:
    schema = table.metadata.get("schema", SCHEMA)
    if schema != SCHEMA:
        raise InvalidInput("schema", f"must be {SCHEMA} for this version of noclone, but is {schema!r}")
    # Only Alice knows the intensities, so that column gives a file without metadata away.
    party = table.metadata.get("party") or (kind.party if "intensity" not in table.names else "alice")
    if party not in ("alice", "bob"):
        raise InvalidInput("party", f"must be alice or bob, but is {party!r}")
    if party != kind.party:
        raise InvalidInput(
            "the file",
            f"is {party.capitalize()}'s record, but {kind.party.capitalize()}'s is needed"
            " (are the two swapped?)",
        )


def _run(table: Table, given: dict[str, Any]) -> Run:
    stated = {key: table.metadata[key] for key in _RUN_KEYS if table.metadata.get(key) is not None}
    for key, value in given.items():
        if value is not None and stated.setdefault(key, value) != value:
            raise InvalidInput(key, f"is {stated[key]!r} in the file, but {value!r} was given")
    for key in ("run_id", "protocol", "pulses"):
        if key not in stated:
            raise InvalidInput(key, "must be known, but the file does not state it and it was not given")
    return Run(**stated)
