"""Quantum watchers: few qubits, twins without entanglement, and no attack so strong that it looks normal."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.base import clone

from noclone.learn.contenders import QUANTUM, Contender, twin
from noclone.learn.trial import _resources
from noclone.models.kernel_one_class import QuantumKernelOneClass
from noclone.watchers import get, watchers
from noclone.watchers.within_reach import QUBITS, WithinReach

NAMES = [name for name, each in watchers().items() if each.family == "quantum"]
ONE_CLASS = [name for name in NAMES if get(name).kinds == ("one-class",)]
KINDS = [(name, kind) for name in NAMES for kind in get(name).kinds]


def made(name, kind, features=4, window=1):
    estimator = get(name).estimator(kind, [f"f{i}" for i in range(features)], window)
    names = [each for each in estimator.get_params() if each.split("__")[-1] == "random_state"]
    return estimator.set_params(**dict.fromkeys(names, 0))


def fitted(estimator, kind, features=4, rows=80):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(rows, features))
    return (
        estimator.fit(X)
        if kind == "one-class"
        else estimator.fit(X, np.where(X[:, 0] > 0, "normal", "attack"))
    )


def test_all_seven_are_there():
    assert NAMES == [
        "quantum-autoencoder",
        "quantum-convolution",
        "quantum-neighbours",
        "quantum-one-class",
        "quantum-support-vector",
        "quantum-svdd",
        "quantum-variational",
    ]


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("window", [1, 3])
def test_few_qubits_and_a_twin_without_entanglement(name, kind, window):
    estimator = made(name, kind, 16, window)
    contender = Contender(name, estimator, get(name).settings(kind, window), QUANTUM)
    other = twin(contender)
    for each, entangling in ((estimator, True), (other.estimator, False)):
        cost = _resources(fitted(clone(each), kind, 16 * window))
        qubits = 2 * QUBITS + 1 if name == "quantum-neighbours" and cost.qubits > QUBITS else QUBITS
        assert cost.qubits == qubits
        assert bool(cost.two_qubit_gates) == entangling


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_every_setting_can_be_set_and_stays_within_reach(name, kind):
    space = get(name).settings(kind)
    assert max(space["model__bandwidth"]) <= 1
    for setting, values in space.items():
        for value in values:
            assert made(name, kind).set_params(**{setting: value}).get_params()[setting] == value


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_fit_takes_less_than_2_s_and_a_verdict_less_than_5_ms(name, kind):
    model = fitted(made(name, kind, 6), kind, 6)  # compiles
    start = time.process_time()
    fitted(model, kind, 6, rows=200)
    assert time.process_time() - start < 2
    spent = []
    for row in np.random.default_rng(0).normal(size=(20, 1, 6)):
        start = time.process_time()
        model.predict(row)
        spent.append(time.process_time() - start)
    assert np.median(spent) < 5e-3


def test_a_strong_attack_does_not_come_round_to_look_normal():
    """A shift by four half-ranges turns every angle once, back to where normal blocks are."""
    normal = np.random.default_rng(1).uniform(-1, 1, (200, 2))
    bare = QuantumKernelOneClass(feature_map="angle").fit(normal)
    assert bare.predict([[0.0, 0.0], [4.0, 4.0]]).tolist() == [1, 1]
    watcher = made("quantum-one-class", "one-class", 2).set_params(
        model__feature_map="angle", model__bandwidth=1.0
    )
    assert watcher.fit(normal).predict([[0.0, 0.0], [4.0, 4.0]]).tolist() == [1, -1]


@pytest.mark.parametrize("name", ONE_CLASS)
def test_attacks_of_any_strength_beyond_the_range_are_found(name):
    rng = np.random.default_rng(1)
    model = made(name, "one-class").fit(rng.normal(size=(200, 4)))
    assert np.mean(model.predict(rng.normal(size=(500, 4))) == 1) > 0.75
    for strength in (6.0, 10.0, 17.0, 40.0, 300.0):
        assert np.mean(model.predict(rng.normal(size=(50, 4)) + strength) == -1) > 0.95


@pytest.mark.parametrize(
    "name", ["quantum-support-vector", "quantum-variational", "quantum-convolution", "quantum-neighbours"]
)
def test_none_beats_bayes(name):
    """Equal Gaussians at a distance d are told apart with probability Phi(d / 2)."""
    distance, rng = 1.5, np.random.default_rng(3)
    ceiling = norm.cdf(distance / 2)

    def draw(rows):
        y = np.array(["normal", "blinding"])[np.arange(rows) % 2]
        return rng.normal(size=(rows, 4)) + distance * np.outer(y != "normal", [0, 1, 0, 0]), y

    X, y = draw(2000)
    accuracy = made(name, "classification").fit(*draw(300)).score(X, y)
    assert ceiling - 0.05 < accuracy < ceiling + 3 * np.sqrt(ceiling * (1 - ceiling) / len(y))


def test_reach_is_a_half_turn_from_the_middle_of_the_range():
    reach = WithinReach(2).fit(np.random.default_rng(0).normal(size=(100, 5)))
    angles = reach.transform(np.random.default_rng(1).normal(size=(50, 5)) * 100)
    assert angles.shape == (50, 2)
    assert np.abs(angles).max() == np.pi
    inside = WithinReach().fit_transform([[2.0, 1.0], [3.0, 1.0], [4.0, 1.0]])
    np.testing.assert_allclose(inside, np.pi / 2 * np.array([[-1, 0], [0, 0], [1, 0]]), atol=1e-12)
