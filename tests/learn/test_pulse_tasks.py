"""The watch's tasks on discrete pulses: ceilings known exactly, reached, and not passed."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from noclone.attacks.photon_number_splitting import PhotonNumberSplitting
from noclone.learn import all_tasks
from noclone.learn.intercepted_bits import best_accuracy
from noclone.learn.split_photons import ATTACK, PULSES, SETUP, blocks, click_probs
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.watchers import get, watchers

INTERCEPT = {
    "bb84-intercept-200": (200, 0.2, 0.9580),
    "bb84-intercept-1000": (1000, 0.1, 0.9862),
    "bb84-intercept-1000-strong": (1000, 0.2, 0.9999),
}
SPLITTING = ("pns-qber-only", "pns-decoys")


def fitted(name, task, data):
    watch = get(name).estimator(task.kind, task.columns, task.window)
    if "n_estimators" in watch.get_params():
        watch.set_params(n_estimators=25)  # enough to test, and faster
    return watch.fit(data.X, data.y) if task.kind == "classification" else watch.fit(data.X[data.y == 1])


def area(watch, data):
    return roc_auc_score(data.y == -1, -watch.decision_function(data.X))


def spread(area, rows):
    """Standard deviation of an area, by rows of each sort; Hanley and McNeil, Radiology 143, 29 (1982)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    return np.sqrt((area * (1 - area) + (rows - 1) * (q1 + q2 - 2 * area**2)) / rows**2)


@pytest.mark.parametrize("name", [*INTERCEPT, *SPLITTING])
def test_rows_are_fixed_by_the_seed_and_come_in_runs(name):
    task = all_tasks()[name]
    data, again, other = task.draw(1), task.draw(1), task.draw(2)
    assert data.X.shape[1] == len(task.columns)
    assert 400 <= len(data.X) <= 800
    np.testing.assert_array_equal(data.X, again.X)
    assert (data.X != other.X).any()
    labels, counts = np.unique(data.y, return_counts=True)
    assert len(labels) == 2
    assert counts[0] == counts[1]
    for run in np.unique(data.groups):
        assert len(set(data.y[data.groups == run])) == 1


@pytest.mark.parametrize("name", INTERCEPT)
def test_ceilings_are_the_published_ones(name):
    sifted, fraction, known = INTERCEPT[name]
    task = all_tasks()[name]
    assert task.ceiling(1) == best_accuracy(sifted, fraction)
    assert task.ceiling(1) == pytest.approx(known, abs=5e-5)
    data = task.draw(3)
    assert (data.X[:, 0] == sifted).all()
    assert set(data.y) == {"normal", "intercept-resend"}
    rates = [data.X[data.y == label, 1].mean() for label in ("normal", "intercept-resend")]
    for rate, prob in zip(rates, (0.02, 0.02 + 0.25 * fraction * 0.96), strict=True):
        assert abs(rate - prob) < 4 * np.sqrt(prob * (1 - prob) / (400 * sifted))


@pytest.mark.parametrize("name", INTERCEPT)
def test_the_binomial_rule_reaches_the_ceiling_and_nothing_passes_it(name):
    task = all_tasks()[name]
    ceiling, train = task.ceiling(1), task.draw(4)
    tests = [task.draw(seed) for seed in range(5, 10)]
    rows = sum(len(test.y) for test in tests)
    margin = 3 * np.sqrt(ceiling * (1 - ceiling) / rows)
    for watcher in ("binomial", "naive-bayes", "logistic", "gradient-boosting"):
        watch = fitted(watcher, task, train)
        accuracy = np.mean([np.mean(watch.predict(test.X) == test.y) for test in tests])
        assert accuracy < ceiling + margin
        if watcher == "binomial":
            assert accuracy > ceiling - margin


def test_click_probabilities_are_the_textbook_gains():
    """Q = 1 - (1 - Y0) exp(-eta mu), errors Y0 / 2 + e (1 - exp(-eta mu)); half the bases are equal."""
    mean, dark = 0.01 * np.array([0.5, 0.1]), 1e-6
    gain = 1 - (1 - dark) * np.exp(-mean)
    found = click_probs(None)
    np.testing.assert_allclose(found.sum(axis=1), gain / 2, rtol=1e-3)
    np.testing.assert_allclose(found[:, 1:].sum(axis=1), gain / 4, rtol=1e-3)
    np.testing.assert_allclose(found[:, 2], (dark / 2 + 0.02 * (1 - np.exp(-mean))) / 4, rtol=1e-2)


def test_click_probabilities_under_attack_are_those_of_full_splitting_in_proportion():
    honest, full, part = (click_probs(eve) for eve in (None, PhotonNumberSplitting(), ATTACK))
    np.testing.assert_allclose(part, 0.7 * honest + 0.3 * full, rtol=1e-9)
    ratio = full.sum(axis=1) / honest.sum(axis=1)
    assert ratio[0] == pytest.approx(1, abs=1e-3)
    # Only pulses of several photons and dark counts click; the former make up for the signal's gain.
    dark = 1e-6
    several = [1 - (1 + mu) * np.exp(-mu) for mu in (0.5, 0.1)]
    gains = [1 - (1 - dark) * np.exp(-0.01 * mu) for mu in (0.5, 0.1)]
    decoy = dark + several[1] * (gains[0] - dark) / several[0]
    assert ratio[1] == pytest.approx(decoy / gains[1], rel=1e-3)
    assert ratio[1] == pytest.approx(0.26, abs=0.005)


def test_telemetry_follows_the_law_of_the_ceiling():
    columns = ("clicks[0]", "clicks[1]", "sifted[0]", "sifted[1]")
    data = blocks(columns, 11)
    for sort, attack in ((1, None), (-1, ATTACK)):
        probs = click_probs(attack)
        expected = PULSES * np.concatenate([probs.sum(axis=1), probs[:, 1:].sum(axis=1)])
        rows = data.X[data.y == sort]
        assert (np.abs(rows.mean(axis=0) - expected) < 4 * np.sqrt(expected / len(rows))).all()


def test_errors_of_signals_are_blind_to_splitting_for_every_watcher():
    task = all_tasks()["pns-qber-only"]
    assert task.ceiling(1) == pytest.approx(0.5, abs=0.005)
    train, test = task.draw(12), task.draw(13)
    tried = 0
    for watcher in watchers().values():
        if watcher.suits(task.columns, task.kind) and watcher.family in ("exact", "one-class"):
            assert abs(area(fitted(watcher.name, task, train), test) - 0.5) < 3.5 * spread(0.5, 320)
            tried += 1
    assert tried >= 8


def test_decoys_see_it_as_well_as_their_counts_allow():
    task = all_tasks()["pns-decoys"]
    ceiling = task.ceiling(1)
    # The decoy's hundred clicks lose 22.2 %: two Poisson laws, nearly Gaussian.
    honest, attacked = PULSES * click_probs(None)[1].sum(), PULSES * click_probs(ATTACK)[1].sum()
    assert ceiling == pytest.approx(norm.cdf((honest - attacked) / np.sqrt(honest + attacked)), abs=0.005)
    train, test = task.draw(14), task.draw(15)
    found = {
        name: area(fitted(name, task, train), test)
        for name in ("decoy-z", "chi-square", "binomial", "knn-distance")
    }
    assert max(found.values()) < ceiling + 3 * spread(ceiling, 320)
    assert found["decoy-z"] > 0.8
    assert abs(found["binomial"] - 0.5) < 0.1


def test_where_the_decoys_settle_it_the_errors_still_say_nothing():
    """With 2.5e6 decoys in a block: ten standard deviations; the errors raise as many alarms as without."""
    pulses, columns = 5_000_000, all_tasks()["pns-decoys"].columns
    draws = [
        pulse_telemetry(SETUP, 2000, pulses, attack=eve, seed=seed).only(columns).values
        for seed, eve in ((16, None), (17, None), (18, ATTACK))
    ]
    decoy = get("decoy-z").estimator("one-class", columns).fit(draws[0])
    values = decoy.z_values(draws[2]).mean(axis=0)
    assert abs(values[0]) < 0.5
    assert values[1] < -10
    assert (decoy.predict(draws[2]) == -1).all()
    errors = get("binomial").estimator("one-class", columns[2::2]).set_params(false_alarm_rate=0.05)
    errors.fit(draws[0][:, 2::2])
    false, true = (np.mean(errors.predict(rows[:, 2::2]) == -1) for rows in draws[1:])
    pooled = (false + true) / 2
    assert abs(true - false) < 3 * np.sqrt(2 * pooled * (1 - pooled) / 2000)
