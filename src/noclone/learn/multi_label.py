"""Scores of labels that name several attacks at once, ``"a+b"``: of whole sets, and of attacks one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from noclone.watchers.label_sets import attacks_in, indicators


def subset_accuracy(truth: ArrayLike, told: ArrayLike) -> float:
    """Return the share of rows whose attacks are named without one too few or too many.

    Parameters
    ----------
    truth, told : array_like of str, shape (rows,)
        ``"normal"``, or names of attacks joined with ``+`` in any order.

    Examples
    --------
    >>> subset_accuracy(["a+b", "a", "normal"], ["b+a", "a+b", "normal"])
    0.6666666666666666
    """
    attacks = _all(truth, told)
    return float((indicators(truth, attacks) == indicators(told, attacks)).all(axis=1).mean())


def hamming_loss(truth: ArrayLike, told: ArrayLike, attacks: Sequence[str]) -> float:
    """Return the share of answers that are wrong when every row is asked about every attack.

    Source: G. Tsoumakas, I. Katakis, Int. J. Data Warehousing and Mining 3, 1 (2007).

    Parameters
    ----------
    truth, told : array_like of str, shape (rows,)
    attacks : sequence of str
        What is asked about; the more attacks that never come, the smaller the loss.

    Examples
    --------
    >>> hamming_loss(["a+b", "a", "normal", "b"], ["b+a", "a+b", "normal", "b"], ("a", "b"))
    0.125
    """
    return float((indicators(truth, attacks) != indicators(told, attacks)).mean())


def micro_f1(truth: ArrayLike, told: ArrayLike) -> float:
    """Return the harmonic mean of precision and recall of attacks, counted over all rows together.

    It is 1 where there is no attack and none is named.

    Parameters
    ----------
    truth, told : array_like of str, shape (rows,)

    Examples
    --------
    >>> micro_f1(["a+b", "a", "normal", "b"], ["b+a", "a+b", "normal", "b"])
    0.8888888888888888
    """
    attacks = _all(truth, told)
    there, named = indicators(truth, attacks), indicators(told, attacks)
    either = int(there.sum() + named.sum())
    return 2 * int((there & named).sum()) / either if either else 1.0


def _all(truth: ArrayLike, told: ArrayLike) -> tuple[str, ...]:
    return attacks_in(np.unique([np.asarray(truth, str), np.asarray(told, str)]).tolist())
