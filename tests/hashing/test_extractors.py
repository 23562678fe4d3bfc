"""Each extractor against a naive oracle, and its universality by exhaustive count."""

from collections import Counter
from itertools import combinations

import gmpy2
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.bits import pack, unpack
from noclone.core.errors import InvalidInput
from noclone.hashing import convolution, integer, modified_toeplitz, toeplitz

EXTRACTORS = (integer, toeplitz, modified_toeplitz)
each_extractor = pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda module: module.NAME)


def naive_integer(bits, output_bits, seed_bits):
    n, width = len(bits), len(bits) + output_bits - 1
    number = lambda string: sum(int(bit) << i for i, bit in enumerate(string))  # noqa: E731
    a, b = number(seed_bits[:width]), number(seed_bits[width:])
    value = ((a * number(bits) + b) % 2**width) >> (n - 1)
    return [value >> i & 1 for i in range(output_bits)]


def naive_toeplitz(bits, output_bits, seed_bits):
    n = len(bits)
    return [
        sum(int(seed_bits[i - j + n - 1]) * int(bits[j]) for j in range(n)) % 2 for i in range(output_bits)
    ]


def naive_modified_toeplitz(bits, output_bits, seed_bits):
    m = len(bits) - output_bits
    return [
        (int(bits[i]) + sum(int(seed_bits[i - j + m - 1]) * int(bits[output_bits + j]) for j in range(m))) % 2
        for i in range(output_bits)
    ]


NAIVE = {
    "integer": naive_integer,
    "toeplitz": naive_toeplitz,
    "modified-toeplitz": naive_modified_toeplitz,
}


def spread_toeplitz(bits, output_bits, seed_bits):
    """The same product by one exact integer multiplication, every bit in a 32-bit field of its own."""
    number = lambda string: gmpy2.mpz.from_bytes(string.astype("<u4").tobytes(), "little")  # noqa: E731
    product = number(bits) * number(seed_bits)
    counts = np.frombuffer(product.to_bytes(4 * (len(bits) + len(seed_bits)), "little"), "<u4")
    return (counts[len(bits) - 1 :][:output_bits] & 1).astype(np.uint8)


@st.composite
def sizes(draw):
    n = draw(st.integers(1, 200))
    return n, draw(st.integers(0, n)), draw(st.integers(0, 2**32))


@each_extractor
@settings(max_examples=60, deadline=None)
@given(size=sizes())
def test_is_bit_exact_against_the_naive_oracle(extractor, size):
    n, output_bits, number = size
    generator = np.random.default_rng(number)
    bits = generator.integers(0, 2, n, dtype=np.uint8)
    seed_bits = generator.integers(0, 2, extractor.seed_bits(n, output_bits), dtype=np.uint8)
    output = extractor.extract(pack(bits), n, output_bits, pack(seed_bits).tobytes())
    assert unpack(output, output_bits).tolist() == NAIVE[extractor.NAME](bits, output_bits, seed_bits)
    assert len(output) == -(-output_bits // 8)


@each_extractor
@pytest.mark.parametrize(("n", "output_bits"), [(2000, 1), (1999, 700), (1500, 1500)])
def test_is_bit_exact_at_two_thousand_bits(extractor, n, output_bits):
    generator = np.random.default_rng(n)
    bits = generator.integers(0, 2, n, dtype=np.uint8)
    seed_bits = generator.integers(0, 2, extractor.seed_bits(n, output_bits), dtype=np.uint8)
    output = extractor.extract(pack(bits), n, output_bits, pack(seed_bits).tobytes())
    assert unpack(output, output_bits).tolist() == NAIVE[extractor.NAME](bits, output_bits, seed_bits)


def all_outputs(extractor, n, output_bits):
    """Return every function of the family as a table; shape (seeds, inputs)."""
    seed_bits = extractor.seed_bits(n, output_bits)
    length = -(-seed_bits // 8)
    return np.array(
        [
            [
                extractor.extract(np.array([x], np.uint8), n, output_bits, seed.to_bytes(length, "little"))[0]
                for x in range(2**n)
            ]
            for seed in range(2**seed_bits)
        ]
    )


@pytest.mark.parametrize(("n", "output_bits"), [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_integer_hash_is_strongly_universal_by_count(n, output_bits):
    table = all_outputs(integer, n, output_bits)
    for x, y in combinations(range(2**n), 2):
        pairs = Counter(zip(table[:, x].tolist(), table[:, y].tolist(), strict=True))
        assert len(pairs) == 4**output_bits
        assert set(pairs.values()) == {len(table) // 4**output_bits}


@pytest.mark.parametrize("extractor", [toeplitz, modified_toeplitz], ids=lambda module: module.NAME)
@pytest.mark.parametrize(("n", "output_bits"), [(2, 1), (3, 2), (4, 2), (4, 3), (4, 4)])
def test_toeplitz_hashes_are_2_universal_by_count(extractor, n, output_bits):
    table = all_outputs(extractor, n, output_bits)
    for x, y in combinations(range(2**n), 2):
        assert np.count_nonzero(table[:, x] == table[:, y]) * 2**output_bits <= len(table)


def test_without_the_added_constant_the_integer_hash_is_not_universal():
    """The count above has the power to fail: a·x alone collides too often."""
    n, output_bits = 4, 2
    width = n + output_bits - 1
    worst = max(
        sum(((a * x) % 2**width) >> (n - 1) == ((a * y) % 2**width) >> (n - 1) for a in range(2**width))
        for x, y in combinations(range(2**n), 2)
    )
    assert worst * 2**output_bits > 2**width


@pytest.mark.parametrize("fill", ["random", "ones"])
@pytest.mark.parametrize(("n", "rows"), [(5000, 3000), (3000, 5000), (4097, 100), (1, 700), (700, 1)])
def test_blocks_of_any_shape_give_the_same_product(monkeypatch, fill, n, rows):
    monkeypatch.setattr(convolution, "LONGEST_TRANSFORM", 512)
    monkeypatch.setattr(convolution, "ROWS_AT_ONCE", 3)
    generator = np.random.default_rng(rows)
    draw = (lambda size: np.ones(size, np.uint8)) if fill == "ones" else (
        lambda size: generator.integers(0, 2, size, dtype=np.uint8)
    )  # fmt: skip
    taps, bits = draw(n + rows - 1), draw(n)
    np.testing.assert_array_equal(convolution.window_parity(taps, bits), spread_toeplitz(bits, rows, taps))


@pytest.mark.parametrize("fill", ["random", "ones"])
def test_long_product_equals_an_exact_integer_multiplication(fill):
    n, rows = 1_200_000, 600_000
    generator = np.random.default_rng(3)
    taps, bits = (
        np.ones(size, np.uint8) if fill == "ones" else generator.integers(0, 2, size, dtype=np.uint8)
        for size in (n + rows - 1, n)
    )
    np.testing.assert_array_equal(convolution.window_parity(taps, bits), spread_toeplitz(bits, rows, taps))


def test_rounding_error_stays_far_below_its_proven_bound():
    n, transform = 2**18, 2**19
    x, taps = np.ones(n), np.ones(transform - n)
    counts = scipy.fft.irfft(scipy.fft.rfft(x, transform) * scipy.fft.rfft(taps, transform), transform)
    exact = np.minimum(np.arange(1, transform + 1), np.arange(transform - 1, -1, -1))
    assert np.abs(counts - exact).max() < convolution.rounding_bound(n, n, transform) < 0.25


def test_longest_allowed_input_keeps_the_bound_and_a_longer_one_is_refused():
    block = convolution.LONGEST_TRANSFORM // 2
    assert convolution.rounding_bound(1000 * block, block, convolution.LONGEST_TRANSFORM) < 0.25
    with pytest.raises(InvalidInput, match="too long for an exact Toeplitz hash"):
        convolution.window_parity(np.zeros(1001 * block + block, np.uint8), np.zeros(1001 * block, np.uint8))


@each_extractor
def test_no_output_bits_need_no_seed(extractor):
    assert extractor.seed_bits(9, 0) == 0
    assert extractor.extract(np.array([1, 1], np.uint8), 9, 0, b"").size == 0


@each_extractor
@pytest.mark.parametrize(
    ("packed", "n", "output_bits", "surplus", "field"),
    [
        ([1], 0, 0, 0, "input_bits"),
        ([1], 8, 9, 0, "output_bits"),
        ([1], 8, -1, 0, "output_bits"),
        ([1, 1], 8, 4, 0, "packed"),
        ([255], 7, 4, 0, "packed"),
        ([1], 8, 4, 1, "seed"),
        ([1], 8, 4, -1, "seed"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(extractor, packed, n, output_bits, surplus, field):
    seed = bytes(max(-(-extractor.seed_bits(n, output_bits) // 8) + surplus, 0))
    with pytest.raises(InvalidInput) as caught:
        extractor.extract(np.array(packed, np.uint8), n, output_bits, seed)
    assert caught.value.field == field
