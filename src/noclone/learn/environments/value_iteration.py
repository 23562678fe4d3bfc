"""Optimal values of a small Markov decision process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def value_iteration(
    transitions: Floats, rewards: Floats, discount: float = 1.0, tol: float = 1e-12, max_iter: int = 100_000
) -> Floats:
    """Return the optimal action values, by repeated Bellman updates from zero.

    Parameters
    ----------
    transitions : ndarray, shape (states, actions, states)
        Probability of the next state; a row that sums to less than 1 ends the episode with the rest.
    rewards : ndarray, shape (states, actions)
    discount : float
    tol : float
        Largest change of a value at which to stop.
    max_iter : int

    Returns
    -------
    ndarray, shape (states, actions)
        The optimal value of a state is the largest of its row.

    Raises
    ------
    ArithmeticError
        If the values have not settled after `max_iter` updates, as where an episode need not end.

    Notes
    -----
    Source: R. S. Sutton, A. G. Barto, "Reinforcement Learning" (2nd ed., 2018), section 4.4.

    Examples
    --------
    >>> value_iteration(np.array([[[0.0], [0.5]]]), np.array([[1.0, 1.0]])).round(9).tolist()
    [[1.0, 2.0]]
    """
    values = np.zeros(len(rewards))
    for _ in range(max_iter):
        by_action = rewards + discount * transitions @ values
        after = by_action.max(axis=1)
        if np.abs(after - values).max() <= tol:
            return np.asarray(by_action)
        values = after
    raise ArithmeticError(f"values did not settle within {max_iter} updates")
