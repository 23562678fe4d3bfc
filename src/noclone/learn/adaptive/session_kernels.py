"""Compiled sessions with checkpoints: playing them, and learning from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Q_LEARNING, SARSA, DOUBLE_Q = 0, 1, 2
PASSED, STOPPED = 0, 1


@njit(cache=True, nogil=True)
def _disclose(wrong: Any, caught: Any, length: int, window: int) -> Any:
    """Return how many of a block's last rounds are disclosed, wrong among them, and known to Eve."""
    disclosed = min(window, length)
    errors, known = 0, 0
    for place in range(disclosed):
        slot = (length - 1 - place) % window
        errors += wrong[slot]
        known += caught[slot]
    return disclosed, errors, known


@njit(cache=True, nogil=True)
def _round(taken: Any, noise: float, rng: Any) -> Any:
    """Return whether Bob's bit is wrong, and whether Eve knows Alice's."""
    if taken and rng.random() < 0.5:
        return np.int64(rng.random() < 0.5), np.int64(0)
    return np.int64(rng.random() < noise), np.int64(taken)


@njit(cache=True, nogil=True)
def play(
    policy: NDArray[np.float64],
    sessions: int,
    blocks: int,
    interval: int,
    window: int,
    random: bool,
    noise: float,
    most_errors: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Play sessions with a policy.

    Parameters
    ----------
    policy : array, shape (blocks, interval, errors, window + 1)
        Probability to intercept, by block, rounds since it began (the last entry for all later ones),
        errors disclosed so far, and how many of the block's last `window` rounds she intercepted.
    sessions : int
    blocks, interval, window, random, noise, most_errors
        See `Checkpoints`.
    rng : Generator

    Returns
    -------
    array, shape (sessions, 5)
        Whether the session was stopped; bits of its key that Eve knows; bits of its key; rounds disclosed;
        errors among them. Known bits and key are those before the checkpoint that stopped it.
    """
    found = np.zeros((sessions, 5), np.int64)
    wrong, caught = np.zeros(window, np.int64), np.zeros(window, np.int64)
    taken = np.zeros(window, np.int64)
    for session in range(sessions):
        known, key, disclosed, errors = 0, 0, 0, 0
        for block in range(blocks):
            length, over = 0, False
            taken[:] = 0
            while not over:
                place = length % window
                chance = policy[block, min(length, interval - 1), errors, taken.sum()]
                taken[place] = chance > 0 and rng.random() < chance
                wrong[place], caught[place] = _round(taken[place], noise, rng)
                known += caught[place]
                length += 1
                over = rng.random() * interval < 1 if random else length == interval
            shown, new_errors, lost = _disclose(wrong, caught, length, window)
            known -= lost
            key += length - shown
            disclosed += shown
            errors += new_errors
            if errors > most_errors[disclosed]:
                found[session, 0] = 1
                break
        found[session, 1:] = known, key, disclosed, errors
    return found


@njit(cache=True, nogil=True)
def learn(
    method: int,
    episodes: int,
    blocks: int,
    interval: int,
    window: int,
    random: bool,
    noise: float,
    most_errors: NDArray[np.int64],
    alarm_cost: float,
    exploration: float,
    least_rate: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Learn action values from sessions; states as in `play`, the last axis of the values is the action.

    A step's rate is the visits of its state and action to the power -0.7, but at least `least_rate`. The
    share of random actions falls linearly from `exploration` to 0. The steps of an episode are learned from
    in reverse order, so that what a checkpoint says reaches the rounds before it at once.
    """
    shape = (2, blocks, interval, most_errors.max() + 1, window + 1, 2)
    values, visits = np.zeros(shape), np.zeros(shape, np.int64)
    wrong, taken = np.zeros(window, np.int64), np.zeros(window, np.int64)
    path = np.zeros((50 * blocks * interval, 5), np.int64)
    rewards = np.zeros(len(path))
    for episode in range(episodes):
        explored = exploration * (1 - episode / episodes)
        block, length, disclosed, errors, steps = 0, 0, 0, 0, 0
        taken[:] = 0
        over = False
        while not over and steps < len(path):
            step, place, exposed = min(length, interval - 1), length % window, taken.sum()
            action = _greedy(values, block, step, errors, exposed, method)
            if rng.random() < explored:
                action = np.int64(rng.random() < 0.5)
            path[steps] = block, step, errors, exposed, action
            taken[place] = action
            wrong[place], _ = _round(action, noise, rng)
            rewards[steps] = action / 2
            length += 1
            if rng.random() * interval < 1 if random else length == interval:
                shown, new_errors, lost = _disclose(wrong, taken, length, window)
                rewards[steps] -= lost / 2
                disclosed += shown
                errors += new_errors
                block, length = block + 1, 0
                taken[:] = 0
                over = block == blocks
                if errors > most_errors[disclosed]:
                    rewards[steps] -= alarm_cost
                    over = True
            steps += 1
        for place in range(steps - 1, -1, -1):
            block, step, errors, exposed, action = path[place]
            table = 1 if method == DOUBLE_Q and rng.random() < 0.5 else 0
            ahead = 0.0
            if place + 1 < steps:
                after_block, after, seen, bare, after_action = path[place + 1]
                if method == SARSA:
                    best = after_action
                else:
                    pair = values[table, after_block, after, seen, bare]
                    best = np.int64(pair[1] > pair[0])
                other = 1 - table if method == DOUBLE_Q else table
                ahead = values[other, after_block, after, seen, bare, best]
            visits[table, block, step, errors, exposed, action] += 1
            rate = max(visits[table, block, step, errors, exposed, action] ** -0.7, least_rate)
            values[table, block, step, errors, exposed, action] += rate * (
                rewards[place] + ahead - values[table, block, step, errors, exposed, action]
            )
    learned: NDArray[np.float64] = (values[0] + values[1]) / 2 if method == DOUBLE_Q else values[0]
    return learned


@njit(cache=True, nogil=True)
def _greedy(values: Any, block: int, step: int, errors: int, exposed: int, method: int) -> Any:
    """Return the action of the larger value; passing where they are equal."""
    pair = values[0, block, step, errors, exposed]
    gain = pair[1] - pair[0]
    if method == DOUBLE_Q:
        pair = values[1, block, step, errors, exposed]
        gain += pair[1] - pair[0]
    return np.int64(gain > 0)
