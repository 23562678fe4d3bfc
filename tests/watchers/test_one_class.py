"""Watchers that learn normal from normal blocks: the models inside are scikit-learn's, thresholds hold."""

import pickle
from time import process_time

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import OneClassSVM

from noclone.core.errors import InvalidInput
from noclone.watchers import get, watchers
from noclone.watchers.deep_svdd import DeepSVDD
from noclone.watchers.gaussian_mixture import MixtureRisk
from noclone.watchers.isolation_forest import IsolationTrees
from noclone.watchers.knn_distance import NeighbourDistance
from noclone.watchers.one_class_svm import SupportRegion

NAMES = ("knn-distance", "isolation-forest", "one-class-svm", "deep-svdd", "gaussian-mixture")
OWN = (*NAMES, "binomial", "decoy-z", "chi-square", "cusum", "bartlett-spectrum")
COLUMNS = ("a", "b", "c", "d")


def made(name, columns=COLUMNS, window=1, seed=0):
    watch = get(name).estimator("one-class", columns, window)
    names = [key for key in watch.get_params() if key.split("__")[-1] == "random_state"]
    if "n_estimators" in watch.get_params():
        watch.set_params(n_estimators=25)  # enough to test, and faster
    return watch.set_params(**dict.fromkeys(names, seed))


def draw(rng, rows, shift=0.0, window=1):
    """Blocks on scales of their own."""
    blocks = rng.normal(shift, size=(rows * window, 4)) * [1e4, 1e-3, 1.0, 30.0] + [1e6, 0.02, 0.0, -5.0]
    return blocks.reshape(rows, -1)


def area(watch, normal, other):
    labels = np.repeat([0, 1], [len(normal), len(other)])
    return roc_auc_score(labels, -watch.score_samples(np.concatenate([normal, other])))


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize("name", NAMES)
def test_copies_and_files_say_the_same(name, window):
    rng = np.random.default_rng(1)
    normal, fresh = draw(rng, 60, window=window), draw(rng, 9, window=window)
    watch = made(name, window=window)
    fitted = clone(watch).fit(normal)
    decided = fitted.decision_function(fresh)
    assert decided.shape == (9,)
    for other in (clone(fitted).fit(normal), pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(other.decision_function(fresh), decided)
    np.testing.assert_array_equal(fitted.predict(fresh), np.where(decided >= 0, 1, -1))


@pytest.mark.parametrize("name", NAMES)
def test_settings_can_be_set_from_end_to_end(name):
    normal = draw(np.random.default_rng(2), 40)
    few = {"deep-svdd": {"steps": 5}, "isolation-forest": {"n_estimators": 5}}.get(name, {})
    for setting, values in get(name).settings("one-class").items():
        for value in (values[0], values[-1]):
            watch = made(name).set_params(**few).set_params(**{setting: value})
            scores = watch.fit(normal).score_samples(normal)
            assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_thresholds_hold_on_fresh_rows(name):
    """The share beyond an order statistic of n rows spreads by sqrt(p (1 - p) / n)."""
    rng = np.random.default_rng(3)
    repeats, rows, rate = (3, 300, 0.05)
    found = [
        np.mean(
            made(name, seed=seed)
            .set_params(false_alarm_rate=rate)
            .fit(draw(rng, rows))
            .predict(draw(rng, 3000))
            == -1
        )
        for seed in range(repeats)
    ]
    assert np.mean(found) == pytest.approx(rate, abs=3 * np.sqrt(rate * (1 - rate) / (rows * repeats)))


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_that_changes_is_a_deviation_and_one_that_does_not_is_none(name):
    rng = np.random.default_rng(4)
    for value in (0.0, 5.0):
        normal = np.column_stack([rng.normal(size=(80, 2)), np.full(80, value)])
        watch = made(name, columns=COLUMNS[:3]).fit(normal)
        same = watch.decision_function([[0, 0, value], [0, 0, value + 1e-13]])
        assert (same > 0).all()
        assert same[0] == pytest.approx(same[1], rel=1e-3)
        assert watch.predict([[0, 0, value + 0.01], [0, 0, value - 0.01]]).tolist() == [-1, -1]


@pytest.mark.parametrize("name", NAMES)
def test_telemetry_that_teaches_nothing_is_refused_in_one_sentence(name):
    with pytest.raises(InvalidInput, match=r"^telemetry must vary from block to block"):
        made(name).fit(np.ones((30, 4)))
    with pytest.raises(InvalidInput, match=r"^telemetry must hold at least 10 normal rows, but holds 9\.$"):
        made(name).fit(draw(np.random.default_rng(1), 9))
    with pytest.raises(InvalidInput, match="false_alarm_rate"):
        made(name).set_params(false_alarm_rate=0).fit(draw(np.random.default_rng(1), 20))


def test_neighbours_are_scikit_learns():
    rng = np.random.default_rng(5)
    normal, fresh = rng.normal(size=(100, 3)), rng.normal(size=(20, 3)) * 3
    watch = NeighbourDistance(7).fit(normal)
    scaled = [(rows - normal.mean(axis=0)) / normal.std(axis=0, ddof=1) for rows in (normal, fresh)]
    known, _ = NearestNeighbors(n_neighbors=7).fit(scaled[0]).kneighbors(scaled[1])
    np.testing.assert_allclose(watch.score_samples(fresh), -known[:, -1], rtol=1e-12)
    brute = np.sort(np.linalg.norm(scaled[1][:, None] - scaled[0], axis=2), axis=1)[:, 6]
    np.testing.assert_allclose(watch.score_samples(fresh), -brute, rtol=1e-12)


def test_support_region_is_scikit_learns():
    rng = np.random.default_rng(6)
    normal, fresh = rng.normal(size=(100, 3)), rng.normal(size=(20, 3)) * 3
    watch = SupportRegion(nu=0.1, gamma=0.2).fit(normal)
    scaled = [(rows - normal.mean(axis=0)) / normal.std(axis=0, ddof=1) for rows in (normal, fresh)]
    known = OneClassSVM(nu=0.1, gamma=0.2).fit(scaled[0])
    np.testing.assert_allclose(
        watch.score_samples(fresh) * known.offset_, known.score_samples(scaled[1]), rtol=1e-9
    )
    np.testing.assert_array_equal(watch.score_samples(fresh) >= 1, known.predict(scaled[1]) == 1)


@pytest.mark.parametrize("rows", [12, 300])
def test_forest_is_scikit_learns(rows):
    rng = np.random.default_rng(7)
    normal, fresh = rng.normal(size=(rows, 3)), rng.normal(size=(500, 3)) * 3
    watch = IsolationTrees(n_estimators=20, max_samples=64, random_state=3).fit(normal)
    scaled = [(part - normal.mean(axis=0)) / normal.std(axis=0, ddof=1) for part in (normal, fresh)]
    forest = IsolationForest(n_estimators=20, max_samples=min(64, rows), random_state=3)
    known = forest.fit(scaled[0]).score_samples(scaled[1])
    np.testing.assert_allclose(watch.score_samples(fresh), known, rtol=1e-12)


def test_forest_puts_a_changed_constant_below_every_other_row():
    rng = np.random.default_rng(8)
    normal = np.column_stack([rng.normal(size=(50, 2)), np.ones(50)])
    watch = IsolationTrees(random_state=1).fit(normal)
    scores = watch.score_samples([[100.0, -100.0, 1.0], [0.0, 0.0, 1.001], [0.0, 0.0, 1.002]])
    assert scores[0] > -1 > scores[1] > scores[2]


@pytest.mark.parametrize("components", [1, 2, 3])
def test_mixture_finds_the_number_of_its_components(components):
    rng = np.random.default_rng(9)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])[:components]
    normal = rng.normal(size=(400, 2)) + centres[rng.integers(components, size=400)]
    watch = MixtureRisk(random_state=1).fit(normal)
    assert watch.mixture_.n_components == components
    scaled = (normal - normal.mean(axis=0)) / normal.std(axis=0, ddof=1)
    known = GaussianMixture(components, random_state=1).fit(scaled).score_samples(scaled)
    np.testing.assert_allclose(watch.score_samples(normal), known, rtol=1e-9)


def test_risks_of_a_gaussian_are_those_of_its_law():
    """The loss in one dimension is log(2 pi) / 2 + x^2 / 2; beyond q, x^2 has mean 1 + q pdf(q) / sf(q)."""
    normal = np.random.default_rng(10).normal(size=(20_000, 1))
    watch = MixtureRisk(max_components=1, false_alarm_rate=0.05).fit(normal)
    q = norm.isf(0.025)
    beyond = 1 + q * norm.pdf(q) / norm.sf(q)
    constant = np.log(2 * np.pi) / 2
    assert watch.value_at_risk_ == pytest.approx(constant + q**2 / 2, abs=0.06)
    assert watch.conditional_value_at_risk_ == pytest.approx(constant + beyond / 2, abs=0.06)
    assert watch.offset_ == -watch.value_at_risk_
    cautious = clone(watch).set_params(risk="conditional-value-at-risk").fit(normal)
    assert cautious.offset_ == -watch.conditional_value_at_risk_
    with pytest.raises(InvalidInput, match="risk must be value-at-risk or"):
        clone(watch).set_params(risk="none").fit(normal)


def test_p_values_of_normal_batches_are_uniform_and_of_others_small():
    rng = np.random.default_rng(11)
    watch = MixtureRisk(max_components=2, random_state=1).fit(rng.normal(size=(5000, 2)))
    values = [watch.batch_p_value(rng.normal(size=(100, 2))) for _ in range(200)]
    assert abs(np.mean(np.array(values) < 0.1) - 0.1) < 3 * np.sqrt(0.09 / 200)
    assert watch.batch_p_value(rng.normal(1.0, size=(100, 2))) < 1e-4


def test_deep_svdd_tells_a_shift_and_does_so_again():
    rng = np.random.default_rng(12)
    normal = draw(rng, 400)
    start = process_time()
    watch = DeepSVDD(random_state=5).fit(normal)
    assert process_time() - start < 20
    fresh, other = draw(rng, 2000), draw(rng, 2000, shift=2.5)
    assert area(watch, fresh, other) > 0.9
    again, another = (DeepSVDD(random_state=seed).fit(normal) for seed in (5, 6))
    np.testing.assert_array_equal(watch.score_samples(other), again.score_samples(other))
    assert (watch.score_samples(other) != another.score_samples(other)).all()


def test_deep_svdd_draws_normal_rows_to_its_centre_but_not_all_to_a_point():
    normal = np.random.default_rng(13).normal(size=(300, 4))
    watch = DeepSVDD(steps=200, random_state=1).fit(normal)
    assert watch.loss_curve_[-20:].mean() < 0.5 * watch.loss_curve_[:20].mean()
    assert watch.score_samples(normal).std() > 0
    assert (np.abs(watch.centre_) >= 0.1).all()
    with pytest.raises(InvalidInput, match="widths must hold at least one"):
        DeepSVDD(widths=()).fit(normal)


@pytest.mark.parametrize("name", NAMES)
def test_windows_are_seen_by_their_mean(name):
    rng = np.random.default_rng(14)
    shift = 0.8
    single = made(name).fit(draw(rng, 200))
    windows = made(name, window=16).fit(draw(rng, 200, window=16))
    found = [
        area(watch, draw(rng, 500, window=w), draw(rng, 500, shift, window=w))
        for watch, w in ((single, 1), (windows, 16))
    ]
    assert found[1] > max(found[0] + 0.1, 0.95)


def test_all_are_in_the_folder_and_ask_for_nothing_else():
    for name in OWN:
        watcher = watchers()[name]
        assert watcher.name == name
        assert "one-class" in watcher.kinds
        assert set(watcher.space("one-class")) <= set(watcher.make("one-class").get_params())
    assert watchers()["binomial"].kinds == ("one-class", "classification")
