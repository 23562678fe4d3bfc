"""The codes: degrees, cycles, and the same matrix for everybody."""

import hashlib
import itertools

import numpy as np
import pytest

from noclone.distillation.reconciliation.ldpc.adaptation import COLUMNS, SIZE, code, design_for, designs
from noclone.distillation.reconciliation.ldpc.code import Code, grow, halve

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
        assert row_degrees.max() - row_degrees.min() <= 2
        assert row_degrees.sum() == sum(d * c for d, c in design_for(rows).nodes.items())


def test_no_edge_is_double():
    matrix = dense(grow(SMALL, 8, 7, seed=3))
    assert matrix.max() == 1


def repeated_differences(matrix: Code) -> list[tuple[int, int]]:
    """Return the pairs of block columns that close cycles of length 4."""
    rows_of: dict[int, list[tuple[int, int]]] = {column: [] for column in range(matrix.length // matrix.size)}
    for row in range(matrix.rows):
        for block in range(matrix.row_start[row], matrix.row_start[row + 1]):
            rows_of[int(matrix.columns[block])].append((row, int(matrix.shifts[block])))
    met: dict[tuple[int, int, int], int] = {}
    pairs = []
    for column, edges in rows_of.items():
        for (row_a, shift_a), (row_b, shift_b) in itertools.combinations(edges, 2):
            other = met.setdefault((row_a, row_b, (shift_a - shift_b) % matrix.size), column)
            if other != column:
                pairs.append((other, column))
    return pairs


@pytest.mark.parametrize("rows", [30, 70, 88, 160, 400])
def test_full_size_codes_have_no_cycle_of_length_four(rows):
    assert repeated_differences(code(rows, SIZE)) == []


@pytest.mark.parametrize("rows", [40, 45, 56])
def test_at_the_lowest_leaks_only_wide_columns_close_cycles_of_length_four(rows):
    """From 37 to 66 rows there is no room for all columns of degree 20 and more without any."""
    matrix = code(rows, SIZE)
    degrees = np.bincount(matrix.columns)
    pairs = repeated_differences(matrix)
    assert len(pairs) < 200
    assert all(min(degrees[a], degrees[b]) > 4 for a, b in pairs)


def test_cycles_of_length_four_are_pairs_of_checks_that_share_two_bits():
    for seed in range(6):
        matrix = grow(SMALL, 8, 5, seed)
        full = dense(matrix).astype(int)
        shared = full @ full.T
        np.fill_diagonal(shared, 0)
        assert (shared.max() > 1) == bool(repeated_differences(matrix))


@pytest.mark.parametrize("rows", [24, 44, 75, 163, 253, 400])
def test_columns_of_degree_two_form_a_forest(rows):
    """So none of them close a codeword among themselves."""
    matrix = code(rows, 8)
    tree = list(range(rows))

    def root(row):
        while tree[row] != row:
            row = tree[row]
        return row

    row_of = np.repeat(np.arange(rows), np.diff(matrix.row_start))
    for column in range(design_for(rows).nodes[2]):
        a, b = (root(row) for row in row_of[matrix.columns == column].tolist())
        assert a != b
        tree[a] = b


def test_every_number_of_rows_has_a_design_that_fits():
    for rows in range(20, 720):
        design = design_for(rows)
        assert max(design.nodes) <= rows
        assert design.nodes[2] < rows or design is designs()[0]


def test_the_matrix_is_the_same_everywhere():
    matrix = grow(SMALL, 8, 16, seed=5)
    digest = hashlib.blake2b(digest_size=8)
    for array in (matrix.row_start, matrix.columns, matrix.shifts):
        digest.update(array.astype("<i8").tobytes())
    assert digest.hexdigest() == "1c1e665370e632a0"
    assert not np.array_equal(matrix.shifts, grow(SMALL, 8, 16, seed=6).shifts)


def test_halves_add_up_to_the_old_rows():
    old = grow(SMALL, 8, 7, seed=3)
    new = halve(old, 3)
    old_rows = dense(old).reshape(8, 7, -1)
    new_rows = dense(new).reshape(11, 7, -1)
    np.testing.assert_array_equal(new_rows[0:6:2] + new_rows[1:6:2], old_rows[:3])
    np.testing.assert_array_equal(new_rows[6:], old_rows[3:])
