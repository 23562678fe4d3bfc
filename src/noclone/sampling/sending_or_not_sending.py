"""Windows of sending or not sending, one by one: what both send, and which bits Bob pairs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]


def drawn_pulses(
    windows: int,
    window_probs: Sequence[float],
    sending_probs: tuple[float, float],
    vacuum: int,
    rng: np.random.Generator,
) -> tuple[Whole, Bools]:
    """Draw what both parties send, and whether they say so.

    Parameters
    ----------
    windows : int
    window_probs : sequence of K floats
        Share of Z windows, then of windows for each other intensity.
    sending_probs : tuple of two floats
        Probability that Alice, and Bob, sends in a Z window.
    vacuum : int
        Which intensity stands for not sending.
    rng : numpy.random.Generator

    Returns
    -------
    sent : ndarray, shape (2, windows)
        Which intensity Alice, and Bob, sends.
    disclosed : ndarray, shape (windows,)
        Not a Z window of both.

    Examples
    --------
    >>> sent, disclosed = drawn_pulses(4, (1.0, 0.0, 0.0), (1.0, 0.0), 2, np.random.default_rng(1))
    >>> sent.tolist(), disclosed.any()
    ([[0, 0, 0, 0], [2, 2, 2, 2]], np.False_)
    """
    kinds = rng.choice(len(window_probs), (2, windows), p=window_probs)
    silent = rng.random((2, windows)) >= np.reshape(sending_probs, (2, 1))
    return np.where((kinds == 0) & silent, vacuum, kinds), (kinds != 0).any(axis=0)


def paired_bits(alice: Bools, bob: Bools, rng: np.random.Generator) -> tuple[int, int]:
    """Pair each of Bob's rarer bits with a random one of the other value; return pairs kept, pairs wrong.

    Parameters
    ----------
    alice, bob : ndarray, shape (n,)
        Raw bits.
    rng : numpy.random.Generator

    Examples
    --------
    >>> alice, bob = np.array([[True, False, True, True], [True, False, False, True]])
    >>> paired_bits(alice, bob, np.random.default_rng(1))
    (1, 0)
    """
    zeros, ones = (rng.permutation(np.flatnonzero(bob == value)) for value in (False, True))
    pairs = min(zeros.size, ones.size)
    zeros, ones = zeros[:pairs], ones[:pairs]
    odd = alice[zeros] != alice[ones]
    return int(np.count_nonzero(odd)), int(np.count_nonzero(odd & alice[zeros]))
