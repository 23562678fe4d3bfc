"""Every watcher that learns labels, on thousands of fresh rows: none beats what nobody can beat.

Rows to learn from are few (hundreds) and rows of the test many, both of runs of their own.
"""

import numpy as np
import pytest
from scipy import stats

from noclone.learn import all_tasks
from noclone.learn.splits import rows
from noclone.watchers import watchers

LEARNED, TESTED = 420, 20


def fresh(name, seed):
    """Return rows to learn from, and rows of many other draws of the task to be tested by."""
    task = all_tasks()[name]
    train = task.draw(seed)
    keep = np.random.default_rng(seed).permutation(len(train.y))[:LEARNED]
    tests = [task.draw(1000 + seed + k) for k in range(TESTED)]
    return (
        task,
        rows(train, keep),
        np.vstack([each.X for each in tests]),
        np.concatenate([each.y for each in tests]),
    )


def accuracies(name, seed=3):
    task, train, X, y = fresh(name, seed)
    found = {}
    for watcher in watchers().values():
        if watcher.suits(task.columns, task.kind):
            estimator = watcher.estimator(task.kind, task.columns, task.window)
            seeds = [each for each in estimator.get_params() if each.endswith("random_state")]
            estimator.set_params(**dict.fromkeys(seeds, 1)).fit(train.X, train.y)
            found[watcher.name] = (watcher.family, float(np.mean(estimator.predict(X) == y)))
    return task, found, len(y)


def test_strong_attacks_on_continuous_variables_are_told_apart():
    _, found, _ = accuracies("cv-attacks-strong")
    assert found["naive-bayes"][1] >= 0.995
    best_quantum = max(score for family, score in found.values() if family == "quantum")
    assert best_quantum >= found["naive-bayes"][1] - 0.01


def test_no_model_is_more_than_two_points_above_naive_bayes_on_weak_ones():
    _, found, _ = accuracies("cv-attacks-weak")
    best = max(score for _, score in found.values())
    assert best <= found["naive-bayes"][1] + 0.02


@pytest.mark.parametrize(
    ("name", "ceiling"),
    [
        ("bb84-intercept-200", 0.9580),
        ("bb84-intercept-1000", 0.9862),
        ("bb84-intercept-1000-strong", 0.9999),
    ],
)
def test_intercept_resend_alarms_end_at_the_bayes_ceiling(name, ceiling):
    task, found, tested = accuracies(name)
    assert task.ceiling(1) == pytest.approx(ceiling, abs=5e-5)
    sigma = np.sqrt(ceiling * (1 - ceiling) / tested)
    # Many models, one ceiling: the largest of them may not exceed 3 sigma either.
    assert max(score for _, score in found.values()) <= ceiling + 3 * sigma
    assert max(score for _, score in found.values()) >= ceiling - 3 * sigma


def test_error_rates_alone_are_blind_to_photon_number_splitting():
    """One-class watchers on error rates: the share of attacked blocks that alarm is the false-alarm rate."""
    task = all_tasks()["pns-qber-only"]
    train, test = task.draw(3), task.draw(4)
    for watcher in watchers().values():
        if watcher.suits(task.columns, task.kind) and watcher.family != "quantum":
            estimator = watcher.estimator(task.kind, task.columns, task.window).fit(train.X[train.y == 1])
            scores = [estimator.decision_function(test.X[test.y == label]) for label in (1, -1)]
            assert stats.mannwhitneyu(*scores).pvalue > 1e-3, watcher.name
