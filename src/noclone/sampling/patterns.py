"""What disturbs detectors, as changes of pattern probabilities: noise, and dead time forced on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def with_noise(patterns: ArrayLike, prob: ArrayLike) -> Floats:
    """Return the patterns when each detector also clicks by itself, independently.

    Parameters
    ----------
    patterns : array, shape (..., 4)
        Pattern probabilities, as in `noclone.link.detection`.
    prob : array, shape (...)
        Probability of such a click, per detector.

    Returns
    -------
    array, shape (..., 4)

    Examples
    --------
    >>> with_noise([1.0, 0.0, 0.0, 0.0], 0.1).round(3).tolist()
    [0.81, 0.09, 0.09, 0.01]
    """
    none, only_0, only_1, both = np.moveaxis(np.asarray(patterns, float), -1, 0)
    noise = np.asarray(prob, float)
    columns = (
        (1 - noise) ** 2 * none,
        (1 - noise) * (only_0 + noise * none),
        (1 - noise) * (only_1 + noise * none),
        both + noise * (only_0 + only_1 + noise * none),
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def with_dead(patterns: ArrayLike, dead_0: ArrayLike, dead_1: ArrayLike) -> Floats:
    """Return the patterns when each detector is dead with a probability of its own.

    Parameters
    ----------
    patterns : array, shape (..., 4)
        Pattern probabilities of ready detectors.
    dead_0, dead_1 : array, shape (...)
        Probability that detector 0, detector 1 is dead, independently.

    Returns
    -------
    array, shape (..., 4)

    Examples
    --------
    >>> with_dead([0.0, 0.5, 0.0, 0.5], 0.0, 1.0).tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    none, only_0, only_1, both = np.moveaxis(np.asarray(patterns, float), -1, 0)
    first, second = np.asarray(dead_0, float), np.asarray(dead_1, float)
    columns = (
        none + first * only_0 + second * only_1 + first * second * both,
        (1 - first) * (only_0 + second * both),
        (1 - second) * (only_1 + first * both),
        (1 - first) * (1 - second) * both,
    )
    return np.stack(np.broadcast_arrays(*columns), axis=-1)
