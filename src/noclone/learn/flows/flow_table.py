"""Flows of a network as a table, and the split of a collection into training and test flows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

NORMAL = "normal"
"""Label of a flow that is no attack."""


@dataclass(frozen=True, eq=False)
class Flows:
    """Flows, one per row.

    Attributes
    ----------
    number_names, word_names : tuple of str
        Names of the columns.
    numbers : ndarray, shape (flows, numbers)
    words : ndarray of str, shape (flows, words)
        What is no number: protocol, service, state of the connection.
    labels : ndarray of str, shape (flows,)
        `NORMAL`, or the kind of attack.

    Examples
    --------
    >>> flows = Flows(("bytes",), np.array([[10.0], [20.0]]), ("protocol",), np.array([["tcp"], ["udp"]]),
    ...               np.array(["normal", "flood"]))
    >>> len(flows), flows.rows(flows.attacks).labels.tolist()
    (2, ['flood'])
    """

    number_names: tuple[str, ...]
    numbers: Floats
    word_names: tuple[str, ...]
    words: NDArray[Any]
    labels: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of flows."""
        return len(self.labels)

    @property
    def attacks(self) -> NDArray[np.bool_]:
        """Which flows are attacks, shape (flows,)."""
        return np.asarray(self.labels != NORMAL)

    def rows(self, which: ArrayLike | slice) -> Flows:
        """Return some of the flows, by index, mask or slice."""
        chosen = which if isinstance(which, slice) else np.asarray(which)
        return replace(
            self, numbers=self.numbers[chosen], words=self.words[chosen], labels=self.labels[chosen]
        )


@dataclass(frozen=True)
class SourceFile:
    """A file that flows were read from.

    Attributes
    ----------
    name : str
    sha256 : str
        Of all its bytes.
    published : bool
        Whether that is the checksum of a published file.
    """

    name: str
    sha256: str
    published: bool

    def __str__(self) -> str:
        says = "that of the published file" if self.published else "no published file with it is known"
        return f"{self.name} (sha256 {self.sha256}, {says})"


@dataclass(frozen=True, eq=False)
class FlowSplit:
    """A collection of flows with its own split.

    Attributes
    ----------
    train, test : Flows
        With the same columns.
    files : tuple of SourceFile
    left_out : int
        Flows that were left out because a number of theirs is not finite.
    """

    train: Flows
    test: Flows
    files: tuple[SourceFile, ...]
    left_out: int = 0


def one_hot(train: Flows, others: Flows) -> tuple[tuple[str, ...], Floats, Floats]:
    """Encode words as indicators of the values that occur in the training flows.

    A word that no training flow has is 0 in all of its column's indicators.

    Parameters
    ----------
    train, others : Flows
        With the same columns.

    Returns
    -------
    names : tuple of str
        Numbers first, then ``column=value``.
    X_train, X_others : ndarray, shape (flows, features)

    Examples
    --------
    >>> def flows(*words):
    ...     return Flows((), np.empty((len(words), 0)), ("service",), np.array([[w] for w in words]),
    ...                  np.array(["normal"] * len(words)))
    >>> names, seen, unseen = one_hot(flows("http", "dns"), flows("dns", "ftp"))
    >>> names, unseen.tolist()
    (('service=dns', 'service=http'), [[1.0, 0.0], [0.0, 0.0]])
    """
    names = list(train.number_names)
    columns: tuple[list[Floats], list[Floats]] = ([train.numbers], [others.numbers])
    for place, name in enumerate(train.word_names):
        values = np.unique(train.words[:, place])
        names += [f"{name}={value}" for value in values]
        for side, flows in zip(columns, (train, others), strict=True):
            side.append((flows.words[:, place, None] == values).astype(float))
    return tuple(names), np.hstack(columns[0]), np.hstack(columns[1])
