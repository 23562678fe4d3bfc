"""A Record: what one party's devices wrote down in one run, as columns of equal length.

Alice and Bob each hold their own; nothing here ever needs both except `check_same_run`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput

_MOST_PULSES = 2**63 - 1
_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Run:
    """The run that a record belongs to; both parties' records of one run say the same.

    Parameters
    ----------
    run_id : str
        Name of the run, printable, the same in Alice's and Bob's record.
    protocol : str
        Name of the protocol, e.g. ``"decoy-bb84"``.
    pulses : int
        Pulses that Alice sent, at least 1; a whole number written as a float is taken.
    clock_rate_hz : float or None
        Pulses per second, above 0; None if it is not known.
    simulated : bool
        True for a simulated run, whose key protects nothing.
    provenance : mapping
        Anything else worth keeping, as JSON values: ``{"seed": 7, "attack": None}``.

    Raises
    ------
    InvalidInput
        If a field has another type or is out of range.

    Examples
    --------
    >>> Run(run_id="monday", protocol="decoy-bb84", pulses=1e9).pulses
    1000000000
    """

    run_id: str
    protocol: str
    pulses: int
    clock_rate_hz: float | None = None
    simulated: bool = False
    provenance: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in ("run_id", "protocol"):
            text = getattr(self, name)
            if not (isinstance(text, str) and text and text.isprintable() and text == text.strip()):
                raise InvalidInput(
                    name, f"must be printable text without spaces at its ends, but is {text!r}"
                )
        object.__setattr__(self, "pulses", _whole_pulses(self.pulses))
        object.__setattr__(self, "clock_rate_hz", _clock_rate(self.clock_rate_hz))
        if not isinstance(self.simulated, bool):
            raise InvalidInput("simulated", f"must be true or false, but is {self.simulated!r}")
        object.__setattr__(self, "provenance", _json_object(self.provenance))


def _whole_pulses(pulses: object) -> int:
    whole = isinstance(pulses, (int, np.integer)) or (isinstance(pulses, float) and pulses.is_integer())
    if not whole or isinstance(pulses, bool) or not 1 <= pulses <= _MOST_PULSES:  # type: ignore[operator]
        raise InvalidInput("pulses", f"must be a whole number from 1 to 2^63 - 1, but is {pulses!r}")
    return int(pulses)  # type: ignore[call-overload, no-any-return]


def _clock_rate(rate: object) -> float | None:
    if rate is None:
        return None
    number = isinstance(rate, (int, float, np.number)) and not isinstance(rate, bool)
    if not number or not 0 < rate < math.inf:  # type: ignore[operator]
        raise InvalidInput("clock_rate_hz", f"must be a finite number above 0, but is {rate!r}")
    return float(rate)  # type: ignore[arg-type]


def _json_object(provenance: object) -> dict[str, Any]:
    # One trip through JSON, so that a record equals what its file gives back.
    try:
        result = json.loads(json.dumps(provenance, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput("provenance", f"must hold JSON values only ({error})") from error
    if not isinstance(result, dict):
        raise InvalidInput("provenance", f"must map names to JSON values, but is {provenance!r}")
    return result


@dataclass(frozen=True, eq=False, kw_only=True)
class Record:
    """The columns that both parties' records have; see `AliceRecord` and `BobRecord`."""

    run: Run
    pulse_index: NDArray[np.int64] = field(repr=False)  # raw key: it must not get into a log
    basis: NDArray[np.uint8] = field(repr=False)
    bit: NDArray[np.uint8] = field(repr=False)

    party: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ("pulse_index", "basis", "bit")

    def __post_init__(self) -> None:
        for name in self.columns:
            values = _integer_column(name, getattr(self, name))
            check_range(name, values, highest_value(name, self.run))
            column = values.astype(np.int64 if name == "pulse_index" else np.uint8, copy=False).view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        rows = len(self.pulse_index)
        for name in self.columns[1:]:
            if len(getattr(self, name)) != rows:
                raise InvalidInput(
                    name, f"must have {rows} rows like pulse_index, but has {len(getattr(self, name))}"
                )
        _check_increasing(self.pulse_index)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.pulse_index)

    def __eq__(self, other: object) -> bool:
        """Say whether the other record is of the same party and equal in every value."""
        if type(other) is not type(self):
            return NotImplemented
        return all(
            np.array_equal(getattr(self, each.name), getattr(other, each.name)) for each in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False, kw_only=True)
class AliceRecord(Record):
    """What Alice's devices wrote down: at least every pulse that Bob detected.

    Parameters
    ----------
    run : Run
        The run it belongs to.
    pulse_index : int64 array, shape (rows,)
        Index of the pulse in the run, strictly increasing, from 0 to ``run.pulses - 1``.
    basis : uint8 array, shape (rows,)
        The basis she sent in: 0 is Z, 1 is X.
    bit : uint8 array, shape (rows,)
        The bit she sent.
    intensity : uint8 array, shape (rows,)
        Index into the protocol's intensities in descending order: 0 is the brightest.

    Other integer types are converted. The columns kept are read-only; a column that already
    has its type is kept without a copy.

    Raises
    ------
    InvalidInput
        Naming the column, the first bad row (counted from 0), its value and what is allowed.

    Examples
    --------
    >>> run = Run(run_id="monday", protocol="decoy-bb84", pulses=100)
    >>> len(AliceRecord(run=run, pulse_index=[3, 17], basis=[0, 1], bit=[1, 1], intensity=[0, 2]))
    2
    >>> AliceRecord(run=run, pulse_index=[17, 3], basis=[0, 1], bit=[1, 1], intensity=[0, 2])
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: pulse_index must be strictly increasing, but row 1 is 3 after 17.
    """

    intensity: NDArray[np.uint8] = field(repr=False)

    party: ClassVar[str] = "alice"
    columns: ClassVar[tuple[str, ...]] = (*Record.columns, "intensity")


@dataclass(frozen=True, eq=False, kw_only=True)
class BobRecord(Record):
    """What Bob's devices wrote down: his detections, after his double-click rule.

    Parameters
    ----------
    run : Run
        The run it belongs to.
    pulse_index : int64 array, shape (rows,)
        Index of the detected pulse, strictly increasing, from 0 to ``run.pulses - 1``.
    basis : uint8 array, shape (rows,)
        The basis he measured in: 0 is Z, 1 is X.
    bit : uint8 array, shape (rows,)
        The bit he measured.

    Other integer types are converted. The columns kept are read-only; a column that already
    has its type is kept without a copy.

    Raises
    ------
    InvalidInput
        Naming the column, the first bad row (counted from 0), its value and what is allowed.

    Examples
    --------
    >>> run = Run(run_id="monday", protocol="decoy-bb84", pulses=100)
    >>> BobRecord(run=run, pulse_index=[3, 17], basis=[0, 1], bit=[1, 2])
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: bit must lie between 0 and 1, but row 1 is 2.
    """

    party: ClassVar[str] = "bob"


def highest_value(column: str, run: Run) -> int:
    """Return the largest value that a column of a record of `run` may hold; the smallest is 0.

    Examples
    --------
    >>> highest_value("pulse_index", Run(run_id="a", protocol="decoy-bb84", pulses=100))
    99
    """
    return {"pulse_index": run.pulses - 1, "basis": 1, "bit": 1, "intensity": 255}[column]


def check_range(column: str, values: NDArray[Any], highest: int, first_row: int = 0) -> None:
    """Refuse a value outside 0 to `highest`.

    Parameters
    ----------
    column : str
        Name of the column, for the message.
    values : integer or boolean array, shape (rows,)
        The column, or a part of it that starts at `first_row`.
    highest : int
        The largest value allowed.
    first_row : int
        Row of the first value, for the message.

    Raises
    ------
    InvalidInput
        Naming the first row that is out of range, and its value.

    Examples
    --------
    >>> check_range("bit", np.array([0, 1, -1]), 1)
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: bit must lie between 0 and 1, but row 2 is -1.
    """
    if len(values) and (values.min() < 0 or values.max() > highest):
        row = int(np.argmax((values < 0) | (values > highest)))
        raise InvalidInput(
            column, f"must lie between 0 and {highest}, but row {first_row + row} is {values[row]}"
        )


def check_same_run(alice: AliceRecord, bob: BobRecord) -> None:
    """Refuse two records that cannot be Alice's and Bob's of one run.

    Parameters
    ----------
    alice, bob : AliceRecord, BobRecord
        The two records. A clock rate that only one of them states is no contradiction.

    Raises
    ------
    InvalidInput
        If they are swapped, their runs differ, or Bob detected a pulse that Alice's record
        lacks; the first such pulse is named.

    Examples
    --------
    >>> run = Run(run_id="monday", protocol="decoy-bb84", pulses=100)
    >>> alice = AliceRecord(run=run, pulse_index=[3, 17], basis=[0, 1], bit=[1, 1], intensity=[0, 2])
    >>> check_same_run(alice, BobRecord(run=run, pulse_index=[17], basis=[1], bit=[1]))
    """
    for name, record, kind in (("alice", alice, AliceRecord), ("bob", bob, BobRecord)):
        if not isinstance(record, kind):
            raise InvalidInput(
                name, f"must be {_owner(kind)}, but is {_owner(type(record))} (are the two swapped?)"
            )
    for name in ("run_id", "protocol", "pulses", "clock_rate_hz", "simulated"):
        hers, his = getattr(alice.run, name), getattr(bob.run, name)
        if hers != his and None not in (hers, his):
            raise InvalidInput(
                name, f"must be the same in both records, but is {hers!r} in Alice's and {his!r} in Bob's"
            )
    missing = _first_missing(bob.pulse_index, alice.pulse_index)
    if missing is not None:
        raise InvalidInput(
            "pulse_index", f"of Bob's record has pulse {missing}, which is not in Alice's record"
        )


def _owner(kind: type) -> str:
    return f"{kind.party.capitalize()}'s record" if issubclass(kind, Record) else f"a {kind.__name__}"


def _first_missing(wanted: NDArray[np.int64], present: NDArray[np.int64]) -> int | None:
    # Both increase, so each block of `wanted` is looked up in a short stretch of `present`
    # that stays in the cache; memory does not grow with the record.
    for start in range(0, len(wanted), _BLOCK):
        block = wanted[start : start + _BLOCK]
        low, high = np.searchsorted(present, (block[0], block[-1] + 1))
        stretch = present[low:high]
        if np.array_equal(stretch, block):
            continue
        if not len(stretch):
            return int(block[0])
        missing = stretch.take(np.searchsorted(stretch, block), mode="clip") != block
        if missing.any():
            return int(block[np.argmax(missing)])
    return None


def _integer_column(name: str, values: object) -> NDArray[Any]:
    column = np.asarray(values)
    if column.size == 0 and not isinstance(values, np.ndarray):
        column = column.astype(np.uint8)  # an empty list has no type of its own
    if column.ndim != 1:
        raise InvalidInput(name, f"must be one-dimensional, but has shape {column.shape}")
    if column.dtype.kind in "iu" or (column.dtype.kind == "b" and name != "pulse_index"):
        return column
    row = 0
    if column.dtype.kind == "f" and len(column):
        row = int(np.argmax(~np.isfinite(column) | (column != np.floor(column))))
    example = f" (row {row} is {column[row]!s})" if len(column) else ""
    raise InvalidInput(name, f"must hold integers, but holds {column.dtype}{example}")


def _check_increasing(pulse_index: NDArray[np.int64]) -> None:
    falls = pulse_index[1:] <= pulse_index[:-1]
    if falls.any():
        row = int(np.argmax(falls)) + 1
        raise InvalidInput(
            "pulse_index",
            f"must be strictly increasing, but row {row} is {pulse_index[row]} after {pulse_index[row - 1]}",
        )
