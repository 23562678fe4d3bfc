"""Splits into training and test rows, and of training rows into folds, that let nothing leak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.learn.task import REGRESSION, Data

Indices = NDArray[np.intp]
Split = tuple[Indices, Indices]

TEST_PARTS = 4
"""One part of so many is for tests."""
FOLDS = 3
"""Of the training rows, for choosing hyperparameters."""


def test_splits(data: Data, kind: str, states: list[int]) -> list[Split]:
    """Return one split into training and test rows per random state.

    With groups, no group lies on both sides. With times, the second half of the rows is cut into as many
    consecutive windows as there are states; each is tested by what was learned from all rows before it.
    With rows held out by the collection itself, three quarters of the others are learned from and a quarter
    of those held out is for the test. Otherwise rows are drawn at random, classes in proportion.

    Raises
    ------
    InvalidInput
        If the rows do not suffice.
    """
    if data.held_out is not None:
        return [_official(data, kind, state) for state in states]
    if data.times is not None:
        return list(_forward(data.times, len(states), start=0.5))
    return [next(_parts(data, kind, TEST_PARTS, state)) for state in states]


def folds(data: Data, kind: str, state: int) -> list[Split]:
    """Return the folds of training rows that hyperparameters are chosen by; same rules as `test_splits`."""
    if data.times is not None:
        return list(_forward(data.times, FOLDS, start=0.4))
    return list(_parts(data, kind, FOLDS, state))


def rows(data: Data, which: Indices) -> Data:
    """Return some rows of the data."""

    def part(values: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if values is None else values[which]

    return Data(data.X[which], data.y[which], part(data.groups), part(data.times), part(data.held_out))


def _parts(data: Data, kind: str, count: int, state: int) -> Iterator[Split]:
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    groups = data.groups
    places = len(data.y) if groups is None else len(np.unique(groups))
    scarcest = places if kind == REGRESSION else int(np.unique(data.y, return_counts=True)[1].min())
    if min(places, scarcest) < count:
        what = "rows of each class" if groups is None else "groups, and rows of each class,"
        raise InvalidInput("y", f"must have at least {count} {what} in every part, but has fewer")
    if groups is None:
        splitter = (KFold if kind == REGRESSION else StratifiedKFold)(count, shuffle=True, random_state=state)
    else:
        grouped = GroupKFold if kind == REGRESSION else StratifiedGroupKFold
        splitter = grouped(count, shuffle=True, random_state=state)
    yield from splitter.split(data.X, data.y, groups)


def _official(data: Data, kind: str, state: int) -> Split:
    """Return part of the rows that are free to learn from, and part of those held out."""
    held = np.asarray(data.held_out, bool)
    sides = []
    for which, kept in ((np.flatnonzero(~held), 0), (np.flatnonzero(held), 1)):
        part = next(_parts(replace(rows(data, which), held_out=None), kind, TEST_PARTS, state))
        sides.append(which[part[kept]])
    return sides[0], sides[1]


def _forward(times: NDArray[Any], windows: int, start: float) -> Iterator[Split]:
    """Yield windows that follow each other, each with all rows before it; equal times stay together."""
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    cuts = (np.linspace(start, 1, windows + 1)[:-1] * len(order)).astype(int)
    edges = np.append(np.searchsorted(ordered, ordered[cuts]), len(order))
    if edges[0] == 0 or (np.diff(edges) <= 0).any():
        raise InvalidInput("times", f"must have more distinct values than {windows + 1}, evenly spread")
    for low, high in pairwise(edges):
        yield order[:low], order[low:high]
