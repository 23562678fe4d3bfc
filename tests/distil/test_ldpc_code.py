"""The codes: degrees, cycles, and the same matrix for everybody."""

import hashlib

import numpy as np
import pytest
from scipy import sparse

from noclone.distil.reconciliation.ldpc.adaptation import COLUMNS, SIZE, code, design_for, designs
from noclone.distil.reconciliation.ldpc.code import Code, grow, halve

SMALL = {2: 5, 3: 9, 6: 4, 8: 2}


def dense(matrix: Code) -> np.ndarray:
    """Write the matrix out, circulant by circulant, from the class's definition."""
    full = np.zeros((matrix.checks, matrix.length), np.uint8)
    for row in range(matrix.rows):
        for block in range(matrix.row_start[row], matrix.row_start[row + 1]):
            for i in range(matrix.size):
                bit = matrix.columns[block] * matrix.size + (i + matrix.shifts[block]) % matrix.size
                full[row * matrix.size + i, bit] += 1
    return full


def test_every_column_has_its_degree_and_rows_are_even():
    for rows in (44, 75, 160, 400):
        matrix = code(rows, SIZE)
        degrees = np.bincount(np.bincount(matrix.columns, minlength=COLUMNS))
        assert {d: c for d, c in enumerate(degrees.tolist()) if c} == design_for(rows).nodes
        row_degrees = np.diff(matrix.row_start)
        assert row_degrees.max() - row_degrees.min() <= 1
        assert row_degrees.sum() == sum(d * c for d, c in design_for(rows).nodes.items())


def test_no_edge_is_double():
    matrix = dense(grow(SMALL, 8, 7, seed=3))
    assert matrix.max() == 1


@pytest.mark.parametrize("rows", [44, 60, 75, 88, 160, 240, 400])
def test_full_size_codes_have_no_cycle_of_length_four(rows):
    matrix = code(rows, SIZE)
    blocks = np.repeat(np.arange(rows), np.diff(matrix.row_start))
    i = np.arange(SIZE)
    checks = blocks[:, None] * SIZE + i
    bits = matrix.columns[:, None] * SIZE + (i + matrix.shifts[:, None]) % SIZE
    lifted = sparse.csr_array(
        (np.ones(checks.size, np.int32), (checks.ravel(), bits.ravel())), (matrix.checks, matrix.length)
    )
    shared = lifted[: 4 * SIZE] @ lifted.T if rows > 100 else lifted @ lifted.T
    shared.setdiag(0)
    assert shared.max() == 1


def test_columns_of_degree_two_form_a_forest():
    for design in designs():
        rows = round(design.leak * COLUMNS)
        matrix = code(rows, 8)
        tree = list(range(rows))

        def root(row, tree=tree):
            while tree[row] != row:
                row = tree[row]
            return row

        row_of = np.repeat(np.arange(rows), np.diff(matrix.row_start))
        for column in range(design.nodes.get(2, 0)):
            a, b = (root(row) for row in row_of[matrix.columns == column].tolist())
            assert a != b
            tree[a] = b


def test_the_matrix_is_the_same_everywhere():
    matrix = grow(SMALL, 8, 16, seed=5)
    digest = hashlib.blake2b(digest_size=8)
    for array in (matrix.row_start, matrix.columns, matrix.shifts):
        digest.update(array.astype("<i8").tobytes())
    assert digest.hexdigest() == "GOLDEN"
    assert not np.array_equal(matrix.shifts, grow(SMALL, 8, 16, seed=6).shifts)


def test_halves_add_up_to_the_old_rows():
    old = grow(SMALL, 8, 7, seed=3)
    new = halve(old, 3)
    old_rows = dense(old).reshape(8, 7, -1)
    new_rows = dense(new).reshape(11, 7, -1)
    np.testing.assert_array_equal(new_rows[0:6:2] + new_rows[1:6:2], old_rows[:3])
    np.testing.assert_array_equal(new_rows[6:], old_rows[3:])
