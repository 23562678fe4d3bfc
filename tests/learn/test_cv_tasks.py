"""Tasks about attacks on continuous-variable links: their rows, and ceilings against simulated blocks."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from noclone.attacks.local_oscillator_intensity import LocalOscillatorIntensity
from noclone.learn import all_tasks
from noclone.learn.splits import test_splits as splits
from noclone.learn.tasks import cv_attacks_strong, cv_attacks_weak, cv_coexisting_attacks
from noclone.learn.tasks.symbol_features import FeatureLaw, best_roc_auc, telemetry, watched

CLASSES = {
    "cv-attacks-strong": (cv_attacks_strong.ATTACKS, 4),
    "cv-attacks-weak": (cv_attacks_weak.ATTACKS, 4),
    "cv-coexisting-attacks": (cv_coexisting_attacks.ATTACKS, 8),
}
ONE_CLASS = {"cv-unknown-attack": 1, "cv-unknown-attack-weak": 25}


@pytest.mark.parametrize("name", CLASSES)
def test_rows_of_a_classification(name):
    task, (attacks, classes) = all_tasks()[name], CLASSES[name]
    data = task.draw(1)
    assert 400 <= len(data.y) <= 800
    labels, counts = np.unique(data.y, return_counts=True)
    assert set(labels) == {"normal" if attack is None else attack.NAME for attack in attacks}
    assert len(labels) == classes
    assert len(set(counts)) == 1
    for label in labels:
        assert len(np.unique(data.groups[data.y == label])) >= 12
    for group in np.unique(data.groups):
        assert len(set(data.y[data.groups == group])) == 1
    assert (task.draw(2).X != data.X).all()
    assert data.X.shape[1] == len(task.columns) == 4


def test_rows_of_an_alarm():
    task = all_tasks()["cv-unknown-attack"]
    data = task.draw(1)
    assert (task.window, data.X.shape) == (1, (512, 4))
    assert sorted(np.unique(data.y, return_counts=True)[1]) == [256, 256]
    assert len(np.unique(data.groups)) == 32
    weak = all_tasks()["cv-unknown-attack-weak"]
    assert (weak.window, weak.columns) == (25, task.columns)
    few = watched(LocalOscillatorIntensity(kept=0.5), 2, 3, 25, seed=1)
    assert few.X.shape == (12, 100)
    assert few.y.tolist() == ([1] * 3 + [-1] * 3) * 2
    assert (few.X[few.y == -1].reshape(-1, 25, 4)[..., 2] < 0.6e7).all()
    assert len(np.unique(few.groups)) == 4


def test_laws_are_those_of_simulated_blocks():
    for number, attack in enumerate(cv_coexisting_attacks.ATTACKS):
        drawn = telemetry([attack], 40, 8, seed=20 + number).values
        law = FeatureLaw.of(attack)
        covariance = law.block + law.drift
        deviation = np.sqrt(np.diag(covariance))
        spread = np.sqrt(np.diag(law.block) / 320 + np.diag(law.drift) / 40)
        assert np.abs((drawn.mean(axis=0) - law.mean) / spread).max() < 4.5
        assert np.abs(drawn.std(axis=0, ddof=1) / deviation - 1).max() < 0.22
        correlation = covariance / np.outer(deviation, deviation)
        assert np.abs(np.corrcoef(drawn.T) - correlation).max() < 0.28


def test_windows_have_the_density_of_one_large_gaussian():
    law = FeatureLaw.of(None)
    blocks = law.draw(6, 3, np.random.default_rng(1))
    scale = np.tile(np.sqrt(np.diag(law.block)), 3)
    large = np.kron(np.eye(3), law.block) + np.kron(np.ones((3, 3)), law.drift)
    large = large / np.outer(scale, scale)
    off = (blocks - law.mean).reshape(6, -1) / scale
    expected = -np.einsum("ij,jk,ik->i", off, np.linalg.inv(large), off) / 2 - np.linalg.slogdet(large)[1] / 2
    found = law.log_density(blocks)
    np.testing.assert_allclose(found - found[0], expected - expected[0], rtol=1e-7)
    # Between laws the constant counts as well.
    other = FeatureLaw.of(LocalOscillatorIntensity())
    large_other = np.kron(np.eye(3), other.block) + np.kron(np.ones((3, 3)), other.drift)
    large_other = large_other / np.outer(scale, scale)
    off = (blocks - other.mean).reshape(6, -1) / scale
    density = -np.einsum("ij,jk,ik->i", off, np.linalg.inv(large_other), off) / 2
    density -= np.linalg.slogdet(large_other)[1] / 2
    np.testing.assert_allclose(found - other.log_density(blocks), expected - density, rtol=1e-7)


@pytest.mark.parametrize("name", CLASSES)
def test_the_ceiling_is_what_the_known_laws_reach_on_simulated_blocks(name):
    task, (attacks, _) = all_tasks()[name], CLASSES[name]
    data, ceiling = task.draw(5), task.ceiling(5)
    names = np.array(["normal" if attack is None else attack.NAME for attack in attacks])
    densities = [FeatureLaw.of(attack).log_density(data.X[:, None, :]) for attack in attacks]
    right = names[np.argmax(densities, axis=0)] == data.y
    by_run = np.array([right[data.groups == group].mean() for group in np.unique(data.groups)])
    error = max(by_run.std() / np.sqrt(len(by_run)), np.sqrt(ceiling * (1 - ceiling) / len(right)))
    assert right.mean() == pytest.approx(ceiling, abs=3.5 * error)


def test_ceilings():
    # Naive Bayes reached .9990 and .785 on 4000 blocks without drift in a public re-implementation's setting.
    assert all_tasks()["cv-attacks-strong"].ceiling(1) == pytest.approx(0.999, abs=0.001)
    assert all_tasks()["cv-attacks-weak"].ceiling(1) == pytest.approx(0.785, abs=0.015)
    for name in ONE_CLASS:
        assert 0.999 < all_tasks()[name].ceiling(1) <= 1
    # Weak enough for the area to be that of two equal Gaussians: Phi(d / sqrt 2), and .5 without an attack.
    assert best_roc_auc(LocalOscillatorIntensity(kept=1.0), 1, 1) == pytest.approx(0.5, abs=0.01)


def test_the_area_under_the_curve_is_sklearns():
    attack = LocalOscillatorIntensity(kept=0.99)
    normal, attacked = FeatureLaw.of(None), FeatureLaw.of(attack)
    rng = np.random.default_rng(4)
    rows = np.concatenate([law.draw(20_000, 1, rng) for law in (normal, attacked)])
    ratio = normal.log_density(rows) - attacked.log_density(rows)
    area = roc_auc_score(np.repeat([1, 0], 20_000), ratio)
    assert best_roc_auc(attack, 1, 1) == pytest.approx(area, abs=0.01)


@pytest.mark.parametrize("name", ["cv-attacks-strong", "cv-attacks-weak"])
def test_naive_bayes_is_near_the_ceiling_and_not_above(name):
    task = all_tasks()[name]
    data, ceiling = task.draw(3), task.ceiling(3)
    scores, tested = [], 0
    for train, test in splits(data, task.kind, [0, 1, 2, 3]):
        model = make_pipeline(StandardScaler(), GaussianNB()).fit(data.X[train], data.y[train])
        scores.append(model.score(data.X[test], data.y[test]))
        tested = len(test)
        assert not set(data.groups[train]) & set(data.groups[test])
    error = np.sqrt(ceiling * (1 - ceiling) / tested)
    assert np.mean(scores) <= ceiling + 3 * error
    assert np.mean(scores) >= ceiling - 3 * error - 0.01
