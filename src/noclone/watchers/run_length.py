"""How long a cumulative sum of standard normal steps runs before it reaches its limit, by a Markov chain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

STATES = 80
"""Of the chain that stands for the sum's continuous values."""
_LEAST = 1e-6
"""Smallest limit: any rise of the sum counts."""


def average_run_length(reference: float, decision: float, shift: float = 0.0) -> float:
    """Return the mean number of steps until a one-sided cumulative sum that starts at 0 reaches its limit.

    Brook and Evans, Biometrika 59, 539 (1972).

    Parameters
    ----------
    reference : float
        What is taken off every step, in standard deviations.
    decision : float
        The limit, in standard deviations.
    shift : float
        Mean of the steps.

    Examples
    --------
    >>> round(average_run_length(0.5, 4.0) / 2)  # two-sided; 168 in Montgomery's table
    168
    """
    stays = _chain(reference, decision, shift)
    return float(np.linalg.solve(np.eye(STATES) - stays, np.ones(STATES))[0])


def alarm_prob(reference: float, decision: float, steps: int) -> float:
    """Return the probability that a one-sided sum of normal steps reaches its limit within this many.

    Examples
    --------
    >>> float(round(alarm_prob(0.5, 4.0, 1) / norm.sf(4.5), 6))
    1.0
    """
    stays = _chain(reference, decision, 0.0)
    # The chain's loss, step by step: 1 minus what is left would lose the digits of a small probability.
    leaves = norm.sf(decision + reference - _levels(decision))
    state, lost = np.eye(STATES)[0], 0.0
    for _ in range(steps):
        lost += float(state @ leaves)
        state = state @ stays
    return lost


def decision_interval(reference: float, steps: int, prob: float) -> float:
    """Return the limit that a one-sided sum of normal steps reaches within this many with a probability.

    Where even the smallest rise is less probable, the limit is next to 0.

    Examples
    --------
    >>> limit = decision_interval(0.5, 25, 1e-3)
    >>> round(alarm_prob(0.5, limit, 25), 9)
    0.001
    """
    low, high = _LEAST, 1.0
    if alarm_prob(reference, low, steps) <= prob:
        return low
    while alarm_prob(reference, high, steps) > prob:
        low, high = high, 2 * high
    return float(brentq(lambda limit: alarm_prob(reference, limit, steps) - prob, low, high, xtol=1e-12))


def _levels(decision: float) -> NDArray[np.float64]:
    """Return the values of the states: 0, then the middles of cells as wide as the distance between them."""
    return np.arange(STATES) * 2 * decision / (2 * STATES - 1)


def _chain(reference: float, decision: float, shift: float) -> NDArray[np.float64]:
    """Return P(next state | state) of the sum while it is below its limit, shape (states, states)."""
    levels = _levels(decision)
    edges = levels + decision / (2 * STATES - 1)
    below = norm.cdf(edges - levels[:, None] + reference - shift)
    return np.diff(below, axis=1, prepend=0.0)
