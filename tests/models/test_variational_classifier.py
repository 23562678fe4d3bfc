import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris, make_moons
from sklearn.model_selection import train_test_split
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.variational_classifier import VariationalClassifier
from noclone.optimise.metaheuristics import heuristics

IRIS = train_test_split(*load_iris(return_X_y=True), random_state=0, stratify=load_iris().target)
MOONS = make_moons(80, noise=0.1, random_state=0)
BOWLES = Path(__file__).parent / "bowles_2024"


def test_scikit_learn_contract():
    results = check_estimator(VariationalClassifier(max_iter=50), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


@pytest.mark.parametrize("entangled", [True, False])
def test_iris(entangled):
    train, test, train_labels, test_labels = IRIS
    model = VariationalClassifier(entangled=entangled, random_state=0).fit(train, train_labels)
    assert model.score(test, test_labels) > 0.9
    assert model.predict_proba(test).shape == (38, 3)
    assert model.circuit_.entangling == (8 if entangled else 0)
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0]


def test_published_data_reuploading_row():
    """linearly_separable_4d: test accuracy 1.000 +- 0.000 over five seeds (arXiv:2403.07059, results)."""
    name = "linearly_separable_4d"
    rows = json.loads((BOWLES / "reference.json").read_text())
    row = next(r for r in rows if r[:2] == [name, "DataReuploadingClassifier"])
    data, setting = np.load(BOWLES / f"{name}.npz"), row[6]
    scores = []
    for seed in range(5):
        model = VariationalClassifier(
            "reuploading",
            int(setting["n_layers"]),
            "weighted-fidelity",
            "all",
            learning_rate=float(setting["learning_rate"]),
            batch_size=int(setting["batch_size"]),
            max_iter=10_000,
            tol=0.0,
            patience=200,
            random_state=seed,
        ).fit(data["Xtr"], data["ytr"])
        scores.append(model.score(data["Xte"], data["yte"]))
    assert abs(np.mean(scores) - row[3]) <= row[4]


def test_more_classes_than_wires():
    X, y = load_digits(return_X_y=True)
    X, y = X[:400], y[:400]
    model = VariationalClassifier(max_qubits=4, layers=3, learning_rate=0.1, random_state=0).fit(X, y)
    assert model.circuit_.qubits == 4
    assert len(model.observables_) == 10
    assert model.score(X, y) > 0.5


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs", "natural-gradient", "spsa"])
def test_every_gradient_method_trains(optimiser):
    X, y = MOONS
    model = VariationalClassifier(optimiser=optimiser, max_iter=150, random_state=1).fit(X, y)
    assert model.score(X, y) > 0.8
    assert model.loss_curve_[-10:].mean() < model.loss_curve_[0]


@pytest.mark.parametrize("optimiser", [name for name in heuristics() if name != "cma-es"])
def test_every_heuristic_trains(optimiser):
    X, y = MOONS
    model = VariationalClassifier(layers=1, optimiser=optimiser, max_iter=10, random_state=1).fit(X, y)
    assert len(model.loss_curve_) == 10
    assert model.loss_curve_[-1] < np.log(2)


def test_finite_shots_train_by_spsa_and_predict_near_the_exact_ones():
    X, y = MOONS
    model = VariationalClassifier(optimiser="spsa", shots=200, max_iter=150, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.8
    noisy = model.predict_proba(X)
    np.testing.assert_array_equal(noisy, model.predict_proba(X))
    exact = model.set_params(shots=None).predict_proba(X)
    assert 0 < np.abs(noisy - exact).max() < 0.3
    with pytest.raises(InvalidInput, match="spsa"):
        VariationalClassifier(shots=100).fit(X, y)
    with pytest.raises(InvalidInput, match="shots must be at least 1"):
        VariationalClassifier(shots=0, optimiser="spsa").fit(X, y)


def test_noise_shrinks_expectation_values_and_keeps_training():
    X, y = MOONS
    model = VariationalClassifier(layers=1, noise=("depolarise", 0.02), max_iter=40, random_state=0).fit(X, y)
    assert model.circuit_.noisy
    assert model.score(X, y) > 0.75
    noiseless = VariationalClassifier(layers=1, max_iter=40, random_state=0).fit(X, y)
    noiseless.weights_ = model.weights_
    shrunk = np.abs(model._values(model.encoder_.transform(X), model.observables_))
    whole = np.abs(noiseless._values(model.encoder_.transform(X), model.observables_))
    assert (shrunk <= whole + 1e-12).all()
    drawn = model.set_params(shots=10_000).predict_proba(X)
    assert np.abs(drawn - model.set_params(shots=None).predict_proba(X)).max() < 0.1
    with pytest.raises(InvalidInput, match="not pure"):
        model.set_params(optimiser="natural-gradient").fit(X, y)


def test_partial_fit_goes_on_with_adams_memory():
    X, y = MOONS
    whole = VariationalClassifier(batch_size=None, max_iter=30, tol=0.0, random_state=0).fit(X, y)
    parts = VariationalClassifier(batch_size=None, random_state=0)
    for _ in range(30):
        parts.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(parts.weights_, whole.weights_, rtol=1e-6, atol=1e-9)
    with pytest.raises(InvalidInput, match="known from the first call"):
        parts.partial_fit(X, np.full(len(X), 7))
    with pytest.raises(InvalidInput, match="partial_fit"):
        VariationalClassifier(optimiser="lbfgs").partial_fit(X, y)


def test_the_twin_sees_every_feature():
    twin = VariationalClassifier(entangled=False, max_iter=5, random_state=0).fit(IRIS[0], IRIS[2])
    middle = np.tile(IRIS[0].mean(axis=0), (5, 1))
    middle[np.arange(4), np.arange(4)] += 1
    changed = np.abs(twin.predict_proba(middle) - twin.predict_proba(middle[4:]))
    assert (changed[:4].max(axis=1) > 1e-3).all()


def test_each_partial_fit_shuffles_anew(monkeypatch):
    X, y = MOONS
    batches = []
    problem = VariationalClassifier._problem

    def watched(self, loss, angles, targets, random):
        exact = problem(self, loss, angles, targets, random)

        def gradient(weights, rows):
            batches.append(rows)
            return exact.gradient(weights, rows)

        return replace(exact, gradient=gradient)

    monkeypatch.setattr(VariationalClassifier, "_problem", watched)
    model = VariationalClassifier(batch_size=40, random_state=0)
    for _ in range(3):
        model.partial_fit(X, y)
    assert len({tuple(rows) for rows in batches}) == 6
    for first, second in zip(batches[::2], batches[1::2], strict=True):
        assert sorted([*first, *second]) == list(range(80))
    again = VariationalClassifier(batch_size=40, random_state=0)
    for _ in range(3):
        again.partial_fit(X, y)
    np.testing.assert_array_equal(again.weights_, model.weights_)


def test_the_metric_is_of_samples_from_everywhere():
    """Labels that come sorted must not make it a metric of one class."""
    X = np.repeat([[-1.0, 1.0], [1.0, -1.0]], 50, axis=0)
    model = VariationalClassifier(random_state=0)
    model._begin(X, np.array([0, 1]))
    angles, weights = model.encoder_.transform(X), np.linspace(0.1, 1, 12)
    found = [
        model._problem(model._loss(), rows, np.zeros(len(rows), int), np.random.default_rng(0)).metric(
            np.concatenate([weights, np.zeros(3)]), slice(None)
        )
        for rows in (angles, angles[:50], angles[50:])
    ]
    assert all(np.abs(found[0] - other).max() > 1e-3 for other in found[1:])
    np.testing.assert_allclose(found[0], 0.5 * (found[1] + found[2]), atol=0.1)


def test_single_precision_gives_the_same_curve():
    X, y = MOONS
    double, single = (
        VariationalClassifier(precision=precision, max_iter=30, random_state=0).fit(X, y).loss_curve_
        for precision in ("float64", "float32")
    )
    np.testing.assert_allclose(single, double, atol=1e-4)


def test_faults_are_named():
    X, y = MOONS
    for parameter, value in (
        ("ansatz", "none"),
        ("loss", "hinge"),
        ("readout", "some"),
        ("optimiser", "adagrad"),
        ("layers", 0),
    ):
        with pytest.raises(InvalidInput, match=parameter):
            VariationalClassifier(**{parameter: value}).fit(X, y)
    with pytest.raises(InvalidInput, match="two classes"):
        VariationalClassifier(loss="weighted-fidelity").fit(*load_iris(return_X_y=True))


FRESH = """
import time
import numpy as np
from noclone.models.variational_classifier import VariationalClassifier

X = np.random.default_rng(0).uniform(-1, 1, (256, 4))
y = X[:, 0] * X[:, 1] > 0
model = VariationalClassifier(max_iter=100, batch_size=None, tol=0.0, random_state=0)
clock = time.process_time()
model.fit(X, y)
assert len(model.loss_curve_) == 100 and model.circuit_.qubits == 4
print(time.process_time() - clock, time.process_time())
"""


def test_a_fresh_process_fits_in_time():
    """4 qubits, 256 samples, 100 full-batch steps: first fit < 0.5 s, whole process < 3.5 s.

    In processor time, which other processes do not lengthen much; the first process may have to compile.
    """
    times = []
    for _ in range(3):
        run = subprocess.run(
            [sys.executable, "-c", FRESH], check=True, capture_output=True, text=True, timeout=200
        )
        times.append([float(number) for number in run.stdout.split()])
        if times[-1][0] < 0.5 and times[-1][1] < 3.5:
            return
    raise AssertionError(f"fit and process took {times} s")
