"""Splits let nothing leak: no row twice, no run on both sides, nothing learned from the future."""

from __future__ import annotations

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.learn.splits import folds, rows, test_splits
from noclone.learn.task import CLASSIFICATION, REGRESSION, Data

test_splits.__test__ = False  # a function of the package, not a test

STATES = [11, 12, 13, 14, 15]


def data(groups=None, times=None, classes=2, count=240):
    draws = np.random.default_rng(1)
    return Data(draws.normal(size=(count, 3)), draws.integers(classes, size=count), groups, times)


def every_split(whole, kind):
    for (train, test), state in zip(test_splits(whole, kind, STATES), STATES, strict=True):
        yield whole, train, test
        inner = rows(whole, train)
        for fit, check in folds(inner, kind, state):
            yield inner, fit, check


@pytest.mark.parametrize("kind", [CLASSIFICATION, REGRESSION])
def test_no_row_is_on_both_sides(kind):
    for _, train, test in every_split(data(), kind):
        assert not set(train) & set(test)
    sizes = {len(test) for _, test in test_splits(data(), kind, STATES)}
    assert sizes == {60}


def test_classes_in_proportion():
    whole = data(classes=3)
    for inner, _, test in every_split(whole, CLASSIFICATION):
        shares = np.bincount(inner.y[test]) / len(test) - np.bincount(inner.y) / len(inner.y)
        assert np.abs(shares).max() < 0.03


@pytest.mark.parametrize("kind", [CLASSIFICATION, REGRESSION])
def test_no_group_is_on_both_sides(kind):
    whole = data(groups=np.arange(240) // 10)
    for inner, train, test in every_split(whole, kind):
        assert not set(inner.groups[train]) & set(inner.groups[test])


def test_the_future_is_never_learned_from():
    times = np.random.default_rng(2).integers(0, 100, 240)
    for inner, train, test in every_split(data(times=times), CLASSIFICATION):
        assert inner.times[train].max() < inner.times[test].min()


def test_windows_of_time_do_not_overlap_and_reach_the_end():
    times = np.random.default_rng(2).permutation(240)
    tests = [test for _, test in test_splits(data(times=times), CLASSIFICATION, STATES)]
    assert len(np.concatenate(tests)) == len(np.unique(np.concatenate(tests))) == 120
    assert times[tests[-1]].max() == 239


@pytest.mark.parametrize(
    "poor", [data(groups=np.arange(240) // 120), data(times=np.zeros(240)), data(count=5)]
)
def test_too_little_data_is_refused(poor):
    with pytest.raises(InvalidInput):
        list(every_split(poor, CLASSIFICATION))
