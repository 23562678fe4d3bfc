"""An Eve that learns from tables when to intercept and when to lie low."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noclone.core.registry import pick
from noclone.core.seeds import stream
from noclone.learn.adaptive import session_kernels
from noclone.learn.adaptive.checkpoints import RANDOM, Checkpoints
from noclone.rates.entropy import binary_entropy

Floats = NDArray[np.float64]

METHODS = {
    "q-learning": session_kernels.Q_LEARNING,
    "sarsa": session_kernels.SARSA,
    "double-q": session_kernels.DOUBLE_Q,
}
"""Watkins 1989; Rummery and Niranjan 1994; van Hasselt 2010."""

_EXPLORATION, _LEAST_RATE = 0.4, 0.01


@dataclass(frozen=True)
class Play:
    """What a policy achieved, means over sessions.

    Attributes
    ----------
    detection : float
        Share of sessions that were stopped.
    bits : float
        Bits of the key that Eve knows at the end of a session, 0 where it was stopped.
    charged_bits : float
        Bits that privacy amplification takes from the same keys: ``h(disclosed error rate)`` per bit of key,
        as in Shor and Preskill, PRL 85, 441 (2000), without statistical margins.
    key_bits : float
        Bits of key before privacy amplification.
    earnings : float
        Bits known, less the cost of alarms: what the learners maximise.
    """

    detection: float
    bits: float
    charged_bits: float
    key_bits: float
    earnings: float


def learn(checkpoints: Checkpoints, method: str, episodes: int = 10_000, seed: int = 1) -> Floats:
    """Learn a policy.

    Parameters
    ----------
    checkpoints : Checkpoints
    method : {"q-learning", "sarsa", "double-q"}
    episodes : int
        Sessions to learn from.
    seed : int

    Returns
    -------
    array, shape (blocks, interval, errors, window + 1)
        1 where she intercepts, else 0; by block, rounds since it began (the last entry for all later ones),
        errors disclosed so far, and how many of the block's last `window` rounds she intercepted.

    Raises
    ------
    InvalidInput
        If the method is unknown.

    Notes
    -----
    Values are not discounted. An interception is a reward of half a bit at once, taken back if it is
    disclosed. The steps of a session are learned from in reverse order. The share of
    random actions falls from 40 % to none.

    Examples
    --------
    >>> policy = learn(Checkpoints(), "q-learning", 3000)
    >>> bool(policy[0, 0, 0, 0]), bool(policy[0, -1, 0, 0])
    (True, False)
    """
    values = session_kernels.learn(
        pick("method", method, METHODS),
        episodes,
        *_session(checkpoints),
        checkpoints.alarm_cost,
        _EXPLORATION,
        _LEAST_RATE,
        stream(seed, f"learning Eve {method}"),
    )
    return np.asarray(values[..., 1] > values[..., 0], float)


def always(checkpoints: Checkpoints, fraction: float = 1.0) -> Floats:
    """Return the policy that intercepts every round with the same probability."""
    errors = int(checkpoints.most_errors().max()) + 1
    return np.full((checkpoints.blocks, checkpoints.interval, errors, checkpoints.window + 1), fraction)


def play(checkpoints: Checkpoints, policy: Floats, sessions: int = 10_000, seed: int = 1) -> Play:
    """Play a policy.

    Examples
    --------
    >>> play(Checkpoints(), always(Checkpoints()), 500).detection
    0.992
    """
    found = session_kernels.play(
        policy, sessions, *_session(checkpoints), stream(seed, "sessions with checkpoints")
    ).astype(float)
    stopped, known, key, disclosed, errors = found.T
    passed = 1 - stopped
    charge = key * binary_entropy(np.minimum(errors / disclosed, 0.5))
    return Play(
        float(stopped.mean()),
        float((passed * known).mean()),
        float((passed * charge).mean()),
        float((passed * key).mean()),
        float((known - checkpoints.alarm_cost * stopped).mean()),
    )


def _session(checkpoints: Checkpoints) -> tuple[int, int, int, bool, float, NDArray[np.int64]]:
    return (
        checkpoints.blocks,
        checkpoints.interval,
        checkpoints.window,
        checkpoints.intervals == RANDOM,
        checkpoints.noise,
        checkpoints.most_errors(),
    )
