import json
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from noclone.models.kernel_classifier import QuantumKernelClassifier

PUBLISHED = Path(__file__).parent / "bowles_2024"


def rows(model):
    """Published rows of a model on the data sets that are here."""
    for name, who, train, test, _, _, chosen in json.loads((PUBLISHED / "reference.json").read_text()):
        if who == model and (PUBLISHED / f"{name}.npz").exists():
            yield pytest.param(name, train, test, chosen, id=name)


def accuracies(model, name):
    data = np.load(PUBLISHED / f"{name}.npz")
    model.fit(data["Xtr"], data["ytr"])
    return [round(model.score(data[f"X{part}"], data[f"y{part}"]), 4) for part in ("tr", "te")]


ONE_REPEAT = [row for row in rows("IQPKernelClassifier") if row.values[3]["repeats"] == "1"]


def test_there_are_five_rows_with_one_repeat():
    assert len(ONE_REPEAT) == 5


@pytest.mark.parametrize(("name", "train", "test", "chosen"), ONE_REPEAT)
def test_published_iqp_kernel_rows(name, train, test, chosen):
    model = QuantumKernelClassifier(C=float(chosen["C"]), max_qubits=10)
    assert accuracies(model, name) == [round(train, 4), round(test, 4)]


@pytest.mark.parametrize(("name", "train", "test", "chosen"), list(rows("SeparableKernelClassifier")))
def test_published_separable_kernel_rows_are_the_unentangled_tilted_map(name, train, test, chosen):
    model = QuantumKernelClassifier(
        C=float(chosen["C"]),
        feature_map="tilted",
        layers=int(chosen["encoding_layers"]),
        max_qubits=10,
        entangled=False,
    )
    assert accuracies(model, name) == [round(train, 4), round(test, 4)]


@pytest.mark.parametrize(("name", "train", "test", "chosen"), list(rows("SVC")))
def test_published_classical_rows(name, train, test, chosen):
    model = SVC(C=float(chosen["C"]), gamma=float(chosen["gamma"]))
    assert accuracies(model, name) == [round(train, 4), round(test, 4)]


def test_the_unentangled_twin_on_a_product_kernel():
    data, labels = load_iris(return_X_y=True)
    twin = QuantumKernelClassifier(entangled=False).fit(data, labels)
    low, high = data.min(axis=0), data.max(axis=0)
    angles = np.pi * ((data - low) / (high - low) - 0.5)
    product = (np.cos((angles[:, None] - angles) / 2) ** 2).prod(axis=2)
    expected = SVC(kernel="precomputed").fit(product, labels)
    assert twin.decision_function(data) == pytest.approx(expected.decision_function(product), abs=1e-6)


def test_shots_repeat():
    data, labels = load_iris(return_X_y=True)
    exact = QuantumKernelClassifier().fit(data, labels)
    runs = [QuantumKernelClassifier(shots=20, random_state=0).fit(data, labels) for _ in range(2)]
    assert (runs[0].predict(data) == runs[1].predict(data)).all()
    assert (runs[0].decision_function(data) != exact.decision_function(data)).any()
    assert runs[0].score(data, labels) > 0.9


def test_in_the_tools_of_scikit_learn(tmp_path):
    data, labels = load_iris(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), QuantumKernelClassifier()),
        {"quantumkernelclassifier__kernel": ["fidelity", "projected"], "quantumkernelclassifier__C": [1, 10]},
        cv=3,
    ).fit(data, labels)
    assert search.best_score_ > 0.9
    model = search.best_estimator_
    copies = [pickle.loads(pickle.dumps(model)), clone(model).fit(data, labels)]
    joblib.dump(model, tmp_path / "model.joblib")
    copies.append(joblib.load(tmp_path / "model.joblib"))
    for copy in copies:
        assert (copy.predict(data) == model.predict(data)).all()
    with joblib.parallel_config("threading"):
        scores = cross_val_score(model, data, labels, cv=3, n_jobs=2)
    assert scores == pytest.approx(cross_val_score(model, data, labels, cv=3))


@pytest.mark.parametrize(
    "model",
    [
        QuantumKernelClassifier(),
        QuantumKernelClassifier(kernel="projected", feature_map="angle"),
        QuantumKernelClassifier(entangled=False, layers=2),
        QuantumKernelClassifier(shots=100),
    ],
)
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)


def test_the_example_circuit_is_the_one_that_runs():
    data, labels = load_iris(return_X_y=True)
    model = QuantumKernelClassifier(max_qubits=3, layers=2).fit(data, labels)
    assert model.circuit_ == model.example_circuit(4)
    assert model.circuit_.qubits == 3
