"""Labels that name several attacks at once, ``"a+b"``, as a table of zeros and ones and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.records.telemetry import NORMAL

Table = NDArray[np.int64]


def attacks_of(label: str) -> frozenset[str]:
    """Return the attacks that a label names; none for `NORMAL`.

    Examples
    --------
    >>> sorted(attacks_of("saturation+calibration")), sorted(attacks_of("normal"))
    (['calibration', 'saturation'], [])
    """
    return frozenset() if label == NORMAL else frozenset(str(label).split("+"))


def attacks_in(labels: Iterable[str]) -> tuple[str, ...]:
    """Return all attacks that occur in labels, in alphabetical order.

    Examples
    --------
    >>> attacks_in(["normal", "b", "a+b"])
    ('a', 'b')
    """
    return tuple(sorted(frozenset().union(*(attacks_of(label) for label in set(labels)))))


def indicators(labels: ArrayLike, attacks: Sequence[str]) -> Table:
    """Return which label names which attack, shape (labels, attacks); attacks not asked for are left out.

    Examples
    --------
    >>> indicators(["normal", "a+b"], ("a", "b")).tolist()
    [[0, 0], [1, 1]]
    """
    words, places = np.unique(np.asarray(labels, str), return_inverse=True)
    table = [[attack in named for attack in attacks] for named in map(attacks_of, words.tolist())]
    return np.array(table, np.int64).reshape(len(words), len(attacks))[places]


def labels_of(table: ArrayLike, attacks: Sequence[str]) -> NDArray[np.str_]:
    """Return the labels of rows of indicators; names in alphabetical order if `attacks` are.

    Examples
    --------
    >>> labels_of([[0, 0], [1, 1]], ("a", "b")).tolist()
    ['normal', 'a+b']
    """
    named = (
        "+".join(name for name, there in zip(attacks, row, strict=True) if there) for row in np.asarray(table)
    )
    return np.array([each or NORMAL for each in named])
