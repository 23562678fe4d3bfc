"""Density evolution against published thresholds."""

import math
from itertools import pairwise

import numpy as np
import pytest

from noclone.distillation.reconciliation.ldpc.adaptation import COLUMNS, designs
from noclone.distillation.reconciliation.ldpc.density_evolution import (
    Grid,
    concentrated,
    edge_fractions,
    evolve,
    shannon_error_rate,
    threshold,
)
from noclone.rates.entropy import binary_entropy


@pytest.fixture(scope="module")
def grid():
    return Grid(200)


# Richardson and Urbanke, IEEE Trans. Inf. Theory 47, 599 (2001): binary symmetric channel, belief
# propagation.
@pytest.mark.parametrize(
    ("column", "row", "published"),
    [(3, 6, 0.084), (4, 8, 0.076), (5, 10, 0.068), (3, 5, 0.113), (4, 6, 0.116), (3, 4, 0.167)],
)
def test_regular_ensembles(column, row, published, grid):
    found = threshold({column: row}, column, grid)
    assert found == pytest.approx(published, abs=1e-3)


def test_box_plus_of_two_densities_is_the_sampled_one(grid):
    """Rows of degree 3 against exact box-plus of every pair of grid values."""
    density = grid.channel(0.1)
    density = 0.7 * density + 0.3 * grid.channel(0.02)
    sent = grid.rows(density, {3: 1.0})
    values = (np.arange(2 * grid.levels + 1) - grid.levels) * grid.step
    present = np.flatnonzero(density)
    expected_error = expected_mean = 0.0
    for i in present:
        for j in present:
            exact = 2 * math.atanh(math.tanh(values[i] / 2) * math.tanh(values[j] / 2))
            expected_error += density[i] * density[j] * (exact < 0)
            expected_mean += density[i] * density[j] * exact
    assert sent.sum() == pytest.approx(1.0, abs=1e-12)
    assert grid.error(sent) == pytest.approx(expected_error, abs=1e-12)
    assert (values * sent).sum() == pytest.approx(expected_mean, abs=grid.step / 2)


def test_columns_add_ratios(grid):
    incoming = grid.channel(0.1)
    sent = grid.columns(grid.channel(0.05), incoming, [2, 3, 6])
    values = (np.arange(2 * grid.levels + 1) - grid.levels) * grid.step
    step = (values * incoming).sum()
    mean = {degree: (values * density).sum() for degree, density in sent.items()}
    assert mean[3] - mean[2] == pytest.approx(step, rel=1e-9)
    assert mean[6] - mean[2] == pytest.approx(4 * step, rel=1e-6)


@pytest.mark.parametrize("leak", [0.09, 0.3])
def test_shipped_thresholds_lie_where_convergence_ends(leak, grid):
    design = next(design for design in designs() if design.leak == leak)
    columns = edge_fractions(design.nodes)
    rows = concentrated(sum(d * c for d, c in design.nodes.items()) / (leak * COLUMNS))
    assert evolve(columns, rows, 0.988 * design.threshold, grid).converged
    assert not evolve(columns, rows, 1.012 * design.threshold, grid).converged


# Thresholds of the distributions of Elkouss et al. (arXiv:0901.2140) as realised in the matrices
# of LDPC4QKD, by density evolution.
@pytest.mark.parametrize(
    ("leak", "published"), [(0.15, 0.0198), (0.2, 0.0297), (0.3, 0.0505), (0.4, 0.0753), (0.5, 0.1069)]
)
def test_our_degrees_are_no_worse_than_the_published_ones(leak, published):
    design = next(design for design in designs() if design.leak == leak)
    assert published < design.threshold < shannon_error_rate(leak)


def test_thresholds_grow_with_the_leak_and_stay_near_the_limit_from_a_leak_of_one_tenth():
    table = designs()
    assert all(a.threshold < b.threshold for a, b in pairwise(table))
    for design in table:
        if design.leak >= 0.1:
            assert design.leak / float(binary_entropy(design.threshold)) < 1.045
