"""The best that any Eve can do against checkpoints, by value iteration over all that she knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.signal import convolve
from scipy.stats import binom

from noclone.learn.adaptive.checkpoints import RANDOM, Checkpoints

Floats = NDArray[np.float64]
_TOL = 1e-10


@dataclass(frozen=True)
class Optimum:
    """What the best policy earns and risks.

    Attributes
    ----------
    earnings : float
        Expected bits known, less the cost of alarms: what no policy exceeds.
    detection : float
        Probability of an alarm under this policy.
    bits : float
        Expected bits of the key that she knows at the end, 0 in a session that is stopped.
    """

    earnings: float
    detection: float
    bits: float


def best_policy(checkpoints: Checkpoints) -> Optimum:
    """Return the optimum over all policies, exactly.

    A state is the block, the rounds disclosed and wrong so far, and which of the last `window` rounds Eve
    intercepted; with fixed intervals also the round. With random ones a block may go on for ever, and its
    values are iterated until they settle. An intercepted round counts half a bit once it can no longer be
    disclosed.

    Examples
    --------
    >>> found = best_policy(Checkpoints(window=2, interval=4, blocks=2))
    >>> round(found.bits, 3), round(found.detection, 6)
    (2.0, 0.000102)
    """
    window, most = checkpoints.window, checkpoints.most_errors()
    codes = 2 << window  # a leading 1, then one bit per round since the block began, at most `window`
    wrong = _error_laws(checkpoints)
    solve = _random_block if checkpoints.intervals == RANDOM else _fixed_block
    # By rounds disclosed and errors so far: earnings, probability of no alarm, bits if none follows.
    ahead = np.zeros((3, len(most), most.max() + 1))
    ahead[1] = 1
    for block in reversed(range(checkpoints.blocks)):
        now = np.zeros_like(ahead)
        for disclosed in range(block * window + 1) if checkpoints.intervals == RANDOM else (block * window,):
            for errors in range(most[disclosed] + 1):
                ends = _block_ends(
                    codes, window, wrong, ahead, disclosed, errors, most, checkpoints.alarm_cost
                )
                now[:, disclosed, errors] = solve(ends, window, checkpoints.interval)
        ahead = now
    earnings, passing, bits = (float(part[0, 0]) for part in ahead)
    return Optimum(earnings, 1 - passing, bits)


def _error_laws(checkpoints: Checkpoints) -> Floats:
    """Return P(errors | rounds disclosed, intercepted among them), three axes of length window + 1."""
    window = checkpoints.window
    laws = np.zeros((window + 1, window + 1, window + 1))
    for disclosed in range(window + 1):
        for attacked in range(disclosed + 1):
            left = disclosed - attacked
            law = convolve(
                binom.pmf(np.arange(attacked + 1), attacked, checkpoints.error_prob),
                binom.pmf(np.arange(left + 1), left, checkpoints.noise),
            )
            laws[disclosed, attacked, : disclosed + 1] = law
    return laws


@njit(cache=True, nogil=True)
def _block_ends(
    codes: int,
    window: int,
    wrong: Floats,
    ahead: Floats,
    disclosed: int,
    errors: int,
    most: NDArray[np.int64],
    alarm_cost: float,
) -> Floats:
    """Return the three values at a checkpoint, by what of the block is disclosed, shape (3, codes)."""
    ends = np.zeros((3, codes))
    for rounds in range(1, window + 1):
        shown = disclosed + rounds
        for recent in range(1 << rounds):
            attacked, rest = 0, recent
            while rest:
                attacked += rest & 1
                rest >>= 1
            for new in range(rounds + 1):
                chance = wrong[rounds, attacked, new]
                if errors + new > most[shown]:
                    ends[0, (1 << rounds) | recent] -= chance * alarm_cost
                else:
                    for part in range(3):
                        ends[part, (1 << rounds) | recent] += chance * ahead[part, shown, errors + new]
    return ends


@njit(cache=True, nogil=True)
def _after(code: int, action: int, window: int) -> tuple[int, float]:
    """Return the code after one more round, and the bits of the round that can no longer be disclosed."""
    longer = 2 * code + action
    full = 1 << window
    if longer < 2 * full:
        return longer, 0.0
    gone = (longer >> window) & 1
    return full | (longer & (full - 1)), 0.5 * gone


@njit(cache=True, nogil=True)
def _step(values: Floats, code: int, window: int, chosen: Floats) -> None:
    """Put into `chosen` the three values before a round that is played in the best way."""
    chosen[0] = -np.inf
    for action in range(2):
        after, bits = _after(code, action, window)
        if bits + values[0, after] > chosen[0]:
            chosen[0] = bits + values[0, after]
            chosen[1] = values[1, after]
            chosen[2] = bits * values[1, after] + values[2, after]


@njit(cache=True, nogil=True)
def _fixed_block(ends: Floats, window: int, interval: int) -> Floats:
    """Return the three values at the beginning of a block of known length."""
    codes, values, chosen = ends.shape[1], ends.copy(), np.zeros(3)
    for played in range(interval - 1, -1, -1):
        before = np.zeros_like(values)
        known = min(played, window)
        for code in range(1 << known, min(2 << known, codes)):
            _step(values, code, window, chosen)
            before[:, code] = chosen
        values = before
    return values[:, 1]


@njit(cache=True, nogil=True)
def _random_block(ends: Floats, window: int, interval: int) -> Floats:
    """Return the three values at the beginning of a block that may end after every round."""
    codes, full, chosen = ends.shape[1], 1 << window, np.zeros(3)
    over = 1 / interval
    start = np.zeros((3, codes))  # before a round
    change = np.inf
    while change > _TOL:
        reached = over * ends + (1 - over) * start
        change = 0.0
        for code in range(full, codes):
            _step(reached, code, window, chosen)
            for part in range(3):
                change = max(change, abs(chosen[part] - start[part, code]))
                start[part, code] = chosen[part]
    for code in range(full - 1, 0, -1):
        for part in range(3):
            for action in range(2):
                after = 2 * code + action
                ends[part, after] = over * ends[part, after] + (1 - over) * start[part, after]
        _step(ends, code, window, chosen)
        start[:, code] = chosen
    return start[:, 1]
