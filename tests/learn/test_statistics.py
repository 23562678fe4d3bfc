"""Intervals and tests: SciPy's where no correction is made, and the correction's definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from noclone.learn.statistics import holm, interval, paired

FIRST, SECOND = [0.91, 0.87, 0.95, 0.90, 0.89, 0.93], [0.88, 0.88, 0.90, 0.86, 0.87, 0.90]


def test_without_correction_it_is_the_paired_t_test():
    found = paired(FIRST, SECOND, 0.0)
    wanted = stats.ttest_rel(FIRST, SECOND)
    low, high = wanted.confidence_interval()
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-9)
    assert found.difference.mean == pytest.approx((low + high) / 2)
    assert found.difference.half_width == pytest.approx((high - low) / 2)
    assert found.p_wilcoxon == stats.wilcoxon(np.round(np.subtract(FIRST, SECOND), 12)).pvalue


def test_correction_widens_by_the_ratio_of_test_to_training_rows():
    plain, corrected = paired(FIRST, SECOND, 0.0), paired(FIRST, SECOND, 1 / 3)
    factor = np.sqrt((1 / 6 + 1 / 3) / (1 / 6))
    assert corrected.difference.half_width == pytest.approx(factor * plain.difference.half_width)
    t = stats.ttest_rel(FIRST, SECOND).statistic / factor
    assert corrected.p == pytest.approx(2 * stats.t.sf(t, 5), rel=1e-9)


def test_equal_models_and_constant_differences():
    same = paired(FIRST, FIRST, 0.3)
    assert (same.p, same.p_wilcoxon, same.difference.mean) == (1.0, 1.0, 0.0)
    ahead = paired(np.add(SECOND, 0.05), SECOND, 0.3)
    assert ahead.p == ahead.p_wilcoxon == 2**-5


def test_false_alarms_of_the_corrected_test_stay_near_their_level():
    """Models that differ by noise only, on overlapping splits of the same 120 rows."""
    draws, alarms, plain = np.random.default_rng(1), 0, 0
    for _ in range(400):
        right = draws.uniform(size=(2, 120)) < 0.8
        tests = [draws.permutation(120)[:30] for _ in range(5)]
        one, other = ([row[test].mean() for test in tests] for row in right)
        corrected, naive = (interval(np.subtract(one, other), ratio) for ratio in (1 / 3, 0.0))
        alarms += abs(corrected.mean) > corrected.half_width
        plain += abs(naive.mean) > naive.half_width
    assert alarms / 400 < 0.09 < plain / 400


def test_interval_of_one_score_has_no_width():
    assert np.isnan(interval([0.5], 0.3).half_width)


def test_holm_of_the_textbook():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
