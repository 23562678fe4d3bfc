"""Telemetry: what a link shows of itself block by block, as a table with named columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.kinds import check_kind
from noclone.core.numbers import whole

NORMAL = "normal"
"""Label of blocks without an attack; several at once join their names with ``+``, in alphabetical order."""

Floats = NDArray[np.float64]

_BY_DEFAULT: Any = None
"""Stands for a column that follows from the number of blocks."""


@dataclass(frozen=True, eq=False)
class Telemetry:
    """Blocks of a link in the order in which they were taken.

    Parameters
    ----------
    columns : tuple of str
        Names of the features.
    values : array, shape (blocks, columns)
        Finite numbers.
    labels : array of str, shape (blocks,), optional
        What was going on, for training and tests; `NORMAL` everywhere by default.
    runs : array of int, shape (blocks,), optional
        Which run each block belongs to; blocks of one run share its drift. One run by default.
    times_s : array, shape (blocks,), optional
        When each block began, from the start of its run; block numbers by default.
    card : mapping
        How the data came about, as JSON values: setup, seed, attack, drift, pulses per block.

    Raises
    ------
    InvalidInput
        If shapes differ, names repeat, or a value is no number or not finite; the first column and block that
        is not finite are named.

    Examples
    --------
    >>> telemetry = Telemetry(("qber[0]", "clicks[0]"), [[0.02, 900], [0.03, 880]])
    >>> len(telemetry), telemetry.column("qber[0]").tolist(), telemetry.labels.tolist()
    (2, [0.02, 0.03], ['normal', 'normal'])
    """

    columns: tuple[str, ...]
    values: Floats
    labels: NDArray[Any] = _BY_DEFAULT
    runs: NDArray[np.int64] = _BY_DEFAULT
    times_s: Floats = _BY_DEFAULT
    card: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = isinstance(self.columns, Sequence) and not isinstance(self.columns, str)
        if not named or not all(isinstance(name, str) for name in self.columns):
            raise InvalidInput("columns", f"must be a sequence of names, but are {self.columns!r}")
        columns = tuple(self.columns)
        if len(set(columns)) != len(columns) or not columns:
            raise InvalidInput("columns", f"must be different names, at least one, but are {list(columns)}")
        values = _numbers(self.values)
        if values.ndim != 2 or values.shape[1] != len(columns):
            raise InvalidInput(
                "values", f"must have the shape (blocks, {len(columns)}), but has {values.shape}"
            )
        if not np.isfinite(values).all():
            block, bad = (int(each[0]) for each in np.nonzero(~np.isfinite(values)))
            raise InvalidInput(columns[bad], f"must be finite, but is {values[block, bad]} in block {block}")
        blocks = len(values)
        defaults = {
            "labels": np.full(blocks, NORMAL),
            "runs": np.zeros(blocks, np.int64),
            "times_s": np.arange(blocks, dtype=float),
        }
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "values", values)
        for name, default in defaults.items():
            given = getattr(self, name)
            column: NDArray[Any] = default if given is None else np.asarray(given)
            if column.shape != (blocks,):
                raise InvalidInput(name, f"must have the shape ({blocks},), but has {column.shape}")
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.values)

    def column(self, name: str) -> Floats:
        """Return one feature, shape (blocks,)."""
        check_columns(self.columns, (name,))
        return self.values[:, self.columns.index(name)]

    def rows(self, which: ArrayLike) -> Telemetry:
        """Return some of the blocks, by index or mask."""
        chosen = np.asarray(which)
        return replace(
            self,
            values=self.values[chosen],
            labels=self.labels[chosen],
            runs=self.runs[chosen],
            times_s=self.times_s[chosen],
        )

    def only(self, columns: Sequence[str]) -> Telemetry:
        """Return some of the columns, in the order given.

        Raises
        ------
        InvalidInput
            If one is missing.
        """
        check_columns(self.columns, columns)
        places = [self.columns.index(name) for name in columns]
        return replace(self, columns=tuple(columns), values=self.values[:, places])

    def windows(self, length: int) -> Telemetry:
        """Return windows of consecutive blocks of one run and label, side by side in a row.

        Parameters
        ----------
        length : int
            Blocks per window; windows do not overlap, and what is left at the end of a stretch is dropped.

        Returns
        -------
        Telemetry
            With ``length * len(columns)`` columns: all of the first block (``name@0``), then the second, ….

        Examples
        --------
        >>> Telemetry(("a",), [[1.0], [2.0], [3.0]]).windows(2).values.tolist()
        [[1.0, 2.0]]
        """
        if whole("length", length, 1) == 1:
            return self
        breaks = (self.runs[1:] != self.runs[:-1]) | (self.labels[1:] != self.labels[:-1])
        edges = [0, *(np.nonzero(breaks)[0] + 1).tolist(), len(self)]
        starts = [start for low, high in pairwise(edges) for start in range(low, high - length + 1, length)]
        first = np.asarray(starts, int)
        which = first[:, None] + np.arange(length)
        return Telemetry(
            tuple(f"{name}@{step}" for step in range(length) for name in self.columns),
            self.values[which].reshape(len(first), length * len(self.columns)),
            self.labels[first],
            self.runs[first],
            self.times_s[first],
            {**self.card, "window": length},
        )


def _numbers(values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        raise InvalidInput("values", "must be rows of numbers, all equally long, but are not") from None


def joined(parts: Sequence[Telemetry]) -> Telemetry:
    """Return several telemetries, at least one, as one; each keeps its runs apart from the others'.

    Raises
    ------
    InvalidInput
        If there is none or their columns differ.
    """
    if not isinstance(parts, Sequence) or len(parts) == 0:
        raise InvalidInput("telemetry", "must be at least one, but is none")
    for part in parts:
        check_kind("telemetry", part, Telemetry)
    first = parts[0]
    runs, offset = [], 0
    for part in parts:
        check_columns(part.columns, first.columns)
        check_columns(first.columns, part.columns)
        names, numbers = np.unique(part.runs, return_inverse=True)
        runs.append(numbers + offset)
        offset += len(names)
    return Telemetry(
        first.columns,
        np.concatenate([part.only(first.columns).values for part in parts]),
        np.concatenate([part.labels.astype(str) for part in parts]),
        np.concatenate(runs),
        np.concatenate([part.times_s for part in parts]),
        first.card if len(parts) == 1 else {"parts": [dict(part.card) for part in parts]},
    )


def check_columns(present: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse telemetry that lacks columns.

    Raises
    ------
    InvalidInput
        Naming those that are missing.
    """
    missing = [name for name in wanted if name not in present]
    if missing:
        raise InvalidInput(
            "telemetry", f"must have the columns {', '.join(missing)}, but has only {', '.join(present)}"
        )
