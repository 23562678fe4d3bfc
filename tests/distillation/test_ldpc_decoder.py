"""Syndromes and decoder against dense, naive calculations."""

import itertools
import math

import numpy as np
import pytest

from noclone.core.seeds import stream
from noclone.distillation.reconciliation.ldpc.adaptation import code
from noclone.distillation.reconciliation.ldpc.code import grow
from noclone.distillation.reconciliation.ldpc.decoder import decode, syndrome

from .test_ldpc_code import SMALL, dense


def naive_decode(matrix, parities, error_rate, iterations):
    """Flooding sum-product in double precision with the exact tanh rule, one edge at a time."""
    rows, columns = np.nonzero(matrix)
    prior = math.log((1 - error_rate) / error_rate)
    to_check = np.full(len(rows), prior)
    for _ in range(iterations):
        tanh = np.tanh(to_check / 2)
        to_bit = np.empty(len(rows))
        for check in range(matrix.shape[0]):
            edges = np.flatnonzero(rows == check)
            sign = 1 - 2 * int(parities[check])
            for edge in edges:
                others = np.prod(tanh[edges[edges != edge]])
                to_bit[edge] = sign * 2 * np.arctanh(np.clip(others, -1 + 1e-15, 1 - 1e-15))
        total = prior + np.bincount(columns, to_bit, matrix.shape[1])
        to_check = total[columns] - to_bit
        pattern = (total <= 0).astype(np.uint8)
        if np.array_equal(matrix @ pattern % 2, parities):
            return pattern
    return None


@pytest.mark.parametrize("size", [1, 2, 7, 16, 33])
def test_syndrome_is_the_matrix_product(size):
    matrix = grow(SMALL, 8, size, seed=2)
    bits = stream(1, "test").integers(0, 2, matrix.length, np.uint8)
    np.testing.assert_array_equal(syndrome(matrix, bits), dense(matrix) @ bits % 2)


def test_decoder_agrees_with_the_naive_one():
    matrix = grow({2: 8, 3: 16, 6: 6, 10: 2}, 12, 11, seed=4)
    full = dense(matrix)
    both = 0
    for frame in range(25):
        errors = (stream(2, "test", frame).random(matrix.length) < 0.03).astype(np.uint8)
        parities = syndrome(matrix, errors)
        prior = np.full(matrix.length, math.log(0.97 / 0.03), np.float32)
        found, iterations = decode(matrix, parities, prior)
        naive = naive_decode(full, parities, 0.03, 60)
        if iterations and naive is not None:
            both += 1
            np.testing.assert_array_equal(found, naive)
    assert both >= 20


def test_every_single_and_double_error_of_a_small_code():
    matrix = grow({3: 24, 5: 8}, 14, 9, seed=1)
    prior = np.full(matrix.length, math.log(99), np.float32)
    picks = [(i,) for i in range(matrix.length)]
    picks += list(itertools.islice(itertools.combinations(range(0, matrix.length, 5), 2), 400))
    for bits in picks:
        errors = np.zeros(matrix.length, np.uint8)
        errors[list(bits)] = 1
        found, iterations = decode(matrix, syndrome(matrix, errors), prior)
        assert iterations > 0
        np.testing.assert_array_equal(found, errors)


def test_full_frames_are_recovered():
    matrix = code(160, 128)
    for frame in range(5):
        errors = (stream(3, "test", frame).random(matrix.length) < 0.025).astype(np.uint8)
        prior = np.full(matrix.length, math.log(0.975 / 0.025), np.float32)
        found, iterations = decode(matrix, syndrome(matrix, errors), prior)
        assert 0 < iterations < 60
        np.testing.assert_array_equal(found, errors)


def test_certain_bits_stay_as_they_are():
    matrix = code(160, 16)
    errors = (stream(4, "test").random(matrix.length) < 0.025).astype(np.uint8)
    errors[::10] = 0
    prior = np.full(matrix.length, math.log(0.97 / 0.03), np.float32)
    prior[::10] = 30.0
    found, iterations = decode(matrix, syndrome(matrix, errors), prior)
    assert iterations > 0
    np.testing.assert_array_equal(found, errors)


def test_a_hopeless_frame_is_reported():
    matrix = code(75, 16)
    errors = (stream(5, "test").random(matrix.length) < 0.2).astype(np.uint8)
    _, iterations = decode(matrix, syndrome(matrix, errors), np.full(matrix.length, 4.0, np.float32))
    assert iterations == 0
