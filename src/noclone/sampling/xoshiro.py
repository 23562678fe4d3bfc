"""The xoshiro256++ generator for compiled kernels (Blackman and Vigna, ACM TOMS 47:36, 2021).

A state is four 64-bit words; `seeded` fills them from one word with SplitMix64, as the authors
recommend. Functions change the state in place and are inlined into the kernels that call them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

State = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


@njit(cache=True)
def seeded(seed: np.uint64) -> State:
    """Return the state that a 64-bit seed stands for.

    Examples
    --------
    >>> int(seeded(np.uint64(1234567))[0])
    6457827717110365317
    """
    state = np.empty(4, np.uint64)
    counter = np.uint64(seed)
    for i in range(4):
        counter += _GOLDEN
        word = (counter ^ (counter >> np.uint64(30))) * _MIX_1
        word = (word ^ (word >> np.uint64(27))) * _MIX_2
        state[i] = word ^ (word >> np.uint64(31))
    return state


@njit(inline="always")
def _rotated(word: np.uint64, by: int) -> np.uint64:
    return (word << np.uint64(by)) | (word >> np.uint64(64 - by))


@njit(inline="always")
def next_word(state: State) -> np.uint64:
    """Return the next 64 random bits."""
    result: np.uint64 = _rotated(state[0] + state[3], 23) + state[0]
    shifted = state[1] << np.uint64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = _rotated(state[3], 45)
    return result


@njit(inline="always")
def uniform(state: State) -> float:
    """Return a number strictly between 0 and 1, one of 2^52 equally spaced and likely ones."""
    return (np.float64(next_word(state) >> np.uint64(12)) + 0.5) * 2.0**-52
