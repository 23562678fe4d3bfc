"""The generator against the reference implementation's outputs, as rand_xoshiro's tests quote them."""

import numpy as np
from numba import njit

from noclone.sampling import xoshiro


@njit
def words(state, count):
    return [xoshiro.next_word(state) for _ in range(count)]


@njit
def uniforms(state, count):
    return [xoshiro.uniform(state) for _ in range(count)]


def test_words_are_those_of_the_reference_implementation():
    assert [int(word) for word in words(np.array([1, 2, 3, 4], np.uint64), 10)] == [
        41943041,
        58720359,
        3588806011781223,
        3591011842654386,
        9228616714210784205,
        9973669472204895162,
        14011001112246962877,
        12406186145184390807,
        15849039046786891736,
        10450023813501588000,
    ]


def test_seeds_are_spread_by_splitmix64():
    # First outputs of SplitMix64 for seed 1234567, from the reference implementation.
    assert [int(word) for word in xoshiro.seeded(np.uint64(1234567))] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
    ]


def test_uniforms_stay_inside_the_open_interval():
    # State whose next word is 0, and one whose next word has all bits set.
    assert uniforms(np.array([0, 1, 0, 0], np.uint64), 1) == [2.0**-53]
    ones = np.uint64(2**64 - 1)
    assert uniforms(np.array([0, 1, 0, ones], np.uint64), 1) == [1 - 2.0**-53]
