"""The alias table yields exactly the distribution it was made from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from noclone.core.errors import InvalidInput
from noclone.sampling import alias, xoshiro


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=200).filter(any), st.integers(0, 100))
def test_the_table_holds_the_distribution(weights, offset):
    weights = np.array(weights)
    values = np.arange(len(weights)) + offset
    table = alias.alias_table(values, weights)
    share = table.threshold / 2.0**48 / len(table.threshold)
    held = np.bincount(table.own, share, minlength=values[-1] + 1)
    held += np.bincount(table.other, 1 / len(table.threshold) - share, minlength=values[-1] + 1)
    np.testing.assert_allclose(held[offset:], weights / weights.sum(), atol=1e-14)


def test_draws_follow_the_table():
    @njit
    def drawn(table, count):
        state = xoshiro.seeded(np.uint64(5))
        return np.array([alias.draw(state, table) for _ in range(count)])

    probs = np.array([0.5, 0.0, 0.3, 0.15, 0.05])
    counts = np.bincount(drawn(alias.alias_table(np.arange(5), probs), 10**6), minlength=5)
    assert counts[1] == 0
    z = (counts - 1e6 * probs) / np.sqrt(1e6 * np.maximum(probs * (1 - probs), 1e-9))
    assert np.abs(z).max() < 4.5


def test_too_many_outcomes_are_refused():
    with pytest.raises(InvalidInput, match="65536 outcomes"):
        alias.alias_table(np.arange(65537), np.ones(65537))
