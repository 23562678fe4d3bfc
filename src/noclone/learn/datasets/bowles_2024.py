"""The published samples of arXiv:2403.07059: one generator, walked from 2 features upwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Draws = np.random.Generator | np.random.RandomState
"""Where random numbers come from; the published data were drawn from NumPy's legacy generator."""
Split = tuple[Floats, Labels, Floats, Labels]

SAMPLES = 300
"""Rows of a data set there; 240 to learn from, 60 to test."""


def published(draw: Callable[[Draws, int], tuple[Floats, Labels]], seed: int, features: int) -> Split:
    """Return the data set with this many features of a published series.

    Each data set of a series starts where the generator stood after the one before was drawn and split.

    Parameters
    ----------
    draw : callable
        From a generator and a number of features to ``X, y``.
    seed : int
        The series' seed.
    features : int
        At least 2.

    Returns
    -------
    tuple of ndarray
        ``X_train, y_train, X_test, y_test`` with 240 and 60 rows.
    """
    from sklearn.model_selection import train_test_split

    draws = np.random.RandomState(seed)
    for count in range(2, features + 1):
        X, y = draw(draws, count)
        X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=draws)
    return X_train, y_train, X_test, y_test
