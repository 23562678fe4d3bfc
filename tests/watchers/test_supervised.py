"""Supervised watchers: no better than Bayes allows, and nearly as good; networks that see order."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.base import clone

from noclone.core.errors import InvalidInput
from noclone.watchers import get, watchers
from noclone.watchers.long_short_term_memory import LongShortTermMemory
from noclone.watchers.temporal_convolution import TemporalConvolution

COLUMNS = ("clicks[0]", "qber[0]", "asymmetry")
SUPERVISED = [name for name, each in watchers().items() if each.family == "supervised"]
PLAIN = [name for name in SUPERVISED if not get(name).sequence]
NETWORKS = [LongShortTermMemory, TemporalConvolution]
SHIFT = 0.4


def draw(rows, window=1, seed=1):
    """Blocks of independent Gaussians on scales of their own; the attack shifts two of three columns."""
    rng = np.random.default_rng(seed)
    y = np.array(["normal", "time-shift"])[np.arange(rows) % 2]
    blocks = rng.normal(size=(rows, window, 3))
    blocks[y != "normal", :, 1:] += SHIFT / np.sqrt(2)
    return (blocks * [300.0, 0.003, 0.05] + [90_000.0, 0.02, 0.0]).reshape(rows, -1), y


def random_names(estimator):
    return [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]


def made(name, window=1):
    estimator = get(name).estimator("classification", COLUMNS, window)
    return estimator.set_params(**dict.fromkeys(random_names(estimator), 0))


@pytest.mark.parametrize("name", SUPERVISED)
@pytest.mark.parametrize("window", [1, 16])
def test_none_beats_bayes_and_all_come_near(name, window):
    """Equal Gaussians at a distance d are told apart with probability Phi(d / 2); sqrt(window) scales d."""
    ceiling = norm.cdf(SHIFT * np.sqrt(window) / 2)
    X, y = draw(3000, window, seed=2)
    accuracy = made(name, window).fit(*draw(400, window)).score(X, y)
    assert accuracy < ceiling + 3 * np.sqrt(ceiling * (1 - ceiling) / len(y))
    assert accuracy > ceiling - (0.03 if name in ("naive-bayes", "logistic") else 0.07)


@pytest.mark.parametrize("name", SUPERVISED)
def test_every_setting_can_be_set(name):
    space = get(name).settings("classification", window=2)
    assert space
    for setting, values in space.items():
        for value in values:
            estimator = made(name, 2).set_params(**{setting: value})
            assert estimator.get_params()[setting] == value


@pytest.mark.parametrize("name", SUPERVISED)
def test_a_verdict_takes_less_than_5_ms(name):
    X, y = draw(200)
    model = made(name).fit(X, y)
    spent = []
    for row in X[:20]:
        start = time.process_time()
        model.predict(row[None])
        spent.append(time.process_time() - start)
    assert np.median(spent) < 5e-3


@pytest.mark.parametrize("name", [*SUPERVISED])
def test_scale_does_not_matter(name):
    X, y = draw(120)
    scales = np.array([1e7, 1e-3, 1.0])
    one, other = made(name).fit(X, y), made(name).fit(X * scales, y)
    assert np.mean(one.predict(X) == other.predict(X * scales)) > 0.97


def ordered(rows, seed):
    """Every block by itself looks the same; under attack neighbours are alike."""
    rng = np.random.default_rng(seed)
    y = np.array(["normal", "calibration"])[np.arange(rows) % 2]
    series = rng.normal(size=(rows, 25, 2))
    for step in range(1, 25):
        moved = 0.8 * series[:, step - 1] + 0.6 * series[:, step]
        series[:, step] = np.where((y != "normal")[:, None], moved, series[:, step])
    return series.reshape(rows, -1), y


@pytest.mark.parametrize("name", ["long-short-term-memory", "temporal-convolution"])
def test_networks_see_the_order_that_means_hide(name):
    columns = ("clicks[0]", "qber[0]")
    (X, y), (new, truth) = ordered(400, 1), ordered(1000, 2)
    network = get(name).estimator("classification", columns, 25).set_params(random_state=0)
    start = time.process_time()
    assert network.fit(X, y).score(new, truth) > 0.85
    assert time.process_time() - start < 3
    linear = get("logistic").estimator("classification", columns, 25)
    assert linear.fit(X, y).score(new, truth) < 0.6


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_repeat_themselves_and_can_be_stored(network):
    X, y = draw(60, 4)
    model = network(window=4, random_state=3).fit(X, y)
    answers = model.predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), answers)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), answers)
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    assert (network(window=4, random_state=4).fit(X, y).predict_proba(X) != answers).any()


@pytest.mark.parametrize("network", NETWORKS)
def test_networks_leave_torchs_generator_alone(network):
    import torch

    before = torch.get_rng_state()
    network(random_state=0).fit(*draw(20))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("network", NETWORKS)
def test_training_stops_early_and_keeps_the_best_epoch(network):
    rng = np.random.default_rng(0)
    model = network(window=4, width=32, random_state=0, max_epochs=200)
    model.fit(rng.normal(size=(80, 12)), np.arange(80) % 2)
    assert model.n_epochs_ < 50


def test_the_last_block_sees_the_whole_window():
    import torch

    model = TemporalConvolution(window=25, random_state=0).fit(*draw(20, 25))
    blocks = torch.zeros(1, 25, 3, requires_grad=True)
    model._hidden(model.network_, blocks)[0, -1].sum().backward()
    assert (blocks.grad.abs().sum(dim=2) > 0).all()
    blocks = torch.zeros(1, 25, 3, requires_grad=True)
    model._hidden(model.network_, blocks)[0, 10].sum().backward()
    assert (blocks.grad[0, 11:] == 0).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_bad_windows_are_refused(network):
    X, y = draw(20)
    with pytest.raises(InvalidInput, match="X must hold 2 blocks in a row, but has 3 features"):
        network(window=2).fit(X, y)
    with pytest.raises(ValueError, match="one class"):
        network().fit(X, np.full(20, "normal"))


@pytest.mark.parametrize("network", NETWORKS)
def test_constant_features_do_no_harm(network):
    X, y = draw(80)
    X[:, 0] = 7.0
    assert np.isfinite(network(random_state=0).fit(X, y).predict_proba(X)).all()


@pytest.mark.parametrize("name", ["long-short-term-memory", "temporal-convolution"])
def test_without_torch_one_sentence(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InvalidInput, match=r'pip install "noclone\[torch\]"'):
        get(name).estimator("classification", COLUMNS)


def test_listing_watchers_loads_no_torch():
    text = "import sys; from noclone.watchers import watchers; watchers(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0
