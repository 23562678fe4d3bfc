"""The polynomial hash against plain big-integer arithmetic, and the reach of its bound."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.hashing.polynomial import (
    PRIME,
    SEED_BYTES,
    PolynomialHash,
    collision_bound,
    digest_of,
    points_from,
)


def naive(seed: bytes, message: bytes):
    """Sum the monomials with Python integers, as the definition says."""
    values = []
    for half in (seed[:8], seed[8:]):
        k = int.from_bytes(half, "little") % 2**61 % PRIME
        words = [int.from_bytes(message[i : i + 4], "little") for i in range(0, len(message), 4)]
        d = len(words)
        total = len(message) * k + sum(word * pow(k, d + 1 - i, PRIME) for i, word in enumerate(words))
        values.append(total % PRIME)
    return tuple(values)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=SEED_BYTES, max_size=SEED_BYTES), st.binary(max_size=400))
@example(b"\xff" * SEED_BYTES, b"\xff" * 37)
@example(bytes(SEED_BYTES), b"")
def test_equals_the_definition(seed, message):
    assert digest_of(seed, message) == naive(seed, message)


@pytest.mark.parametrize("length", [8188, 8191, 8192, 8193, 16384, 40001])
@pytest.mark.parametrize("fill", ["random", "largest"])
def test_equals_the_definition_around_block_boundaries(length, fill):
    generator = np.random.default_rng(length)
    message = b"\xff" * length if fill == "largest" else generator.bytes(length)
    seed = (b"\xfe" + b"\xff" * 7) * 2 if fill == "largest" else generator.bytes(SEED_BYTES)
    assert digest_of(seed, message) == naive(seed, message)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30_000), max_size=6), st.integers(0, 2**32))
def test_cutting_the_message_changes_nothing(cuts, number):
    generator = np.random.default_rng(number)
    message, seed = generator.bytes(30_000), generator.bytes(SEED_BYTES)
    state = PolynomialHash(points_from(seed))
    for start, stop in pairwise([0, *sorted(cuts), len(message)]):
        state.update(memoryview(message)[start:stop])
        state.digest()
    assert state.digest() == digest_of(seed, message)
    assert state.length_bytes == len(message)


def test_every_kind_of_buffer_is_read_alike():
    seed, message = bytes(range(SEED_BYTES)), bytes(20_000)
    expected = digest_of(seed, message)
    for buffer in (bytearray(message), memoryview(message), np.zeros(5000, np.uint32).data):
        assert digest_of(seed, buffer) == expected


def test_every_single_bit_flip_changes_both_values():
    generator = np.random.default_rng(5)
    seed, message = generator.bytes(SEED_BYTES), bytearray(generator.bytes(67))
    whole = digest_of(seed, bytes(message))
    for position in range(8 * len(message)):
        message[position // 8] ^= 1 << position % 8
        flipped = digest_of(seed, bytes(message))
        message[position // 8] ^= 1 << position % 8
        assert all(a != b for a, b in zip(whole, flipped, strict=True))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40), st.integers(1, 12))
def test_trailing_zeros_and_leading_zeros_count(message, zeros):
    seed = bytes(range(1, SEED_BYTES + 1))
    assert digest_of(seed, message) != digest_of(seed, message + bytes(zeros))
    assert digest_of(seed, message + b"x") != digest_of(seed, bytes(zeros) + message + b"x")


@pytest.mark.parametrize("prime", [13, 31])
def test_differences_are_as_rare_as_claimed_over_a_small_field(prime):
    """Δ-universality by exhaustive count of the same polynomial, one point, words of two values."""
    messages = [m for length in range(4) for m in np.ndindex(*(2,) * length)]

    def value(message, k):
        # One word stands for one byte here; lengths 0..3 count as in the real encoding.
        polynomial = 0
        for word in message:
            polynomial = polynomial * k + word
        return k * (k * polynomial + len(message)) % prime

    for a in messages:
        for b in messages:
            if a != b:
                differences = [(value(a, k) - value(b, k)) % prime for k in range(prime)]
                assert np.bincount(differences).max() <= max(len(a), len(b)) + 1


def test_collision_bound_is_its_formula_and_small_enough():
    assert collision_bound(0) == (2 / 2**61) ** 2
    assert collision_bound(5) == (4 / 2**61) ** 2
    assert collision_bound(2**30) < 2**-64
    assert collision_bound(2**32) < 2.2e-19


def test_a_seed_of_another_length_is_refused():
    with pytest.raises(InvalidInput, match="seed must be 16 bytes, but has 15"):
        points_from(bytes(15))
