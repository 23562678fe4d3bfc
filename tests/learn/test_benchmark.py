"""Comparisons: equal search, nothing leaks, verdicts that are right where the answer is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from noclone.core.errors import InvalidInput
from noclone.learn import Contender, Data, Task, all_tasks, compare, run_task
from noclone.learn.contenders import CLASSICAL, QUANTUM, UNENTANGLED, baselines, twin
from noclone.models.kernel_classifier import QuantumKernelClassifier
from noclone.models.nearest_neighbours import QuantumNearestNeighbours
from noclone.quantum import Circuit, gate


class Parity(ClassifierMixin, BaseEstimator):
    """Stands for a quantum model: sees the product of all signs if entangled, each feature alone if not."""

    NAME = "parity"
    SPACE = {"C": [0.1, 1.0, 10.0]}  # noqa: RUF012

    def __init__(self, C=1.0, entangled=True, random_state=None):
        self.C, self.entangled, self.random_state = C, entangled, random_state

    def _features(self, X):
        return np.sign(X).prod(axis=1, keepdims=True) if self.entangled else X

    def fit(self, X, y):
        self.inner_ = LogisticRegression(C=self.C).fit(self._features(X), y)
        self.classes_, self.n_features_in_ = self.inner_.classes_, X.shape[1]
        qubits = X.shape[1]
        links = tuple(gate("cx", i, i + 1) for i in range(qubits - 1)) if self.entangled else ()
        self.circuit_ = Circuit(qubits, (*(gate("h", i) for i in range(qubits)), *links))
        return self

    def predict(self, X):
        return self.inner_.predict(self._features(X))

    def decision_function(self, X):
        return self.inner_.decision_function(self._features(X))


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers which rows it was fitted on; the first feature is the row's number."""

    seen: list = []  # noqa: RUF012
    SPACE = {"depth": [1, 2, 3, 4]}  # noqa: RUF012

    def __init__(self, depth=0):
        self.depth = depth

    def fit(self, X, y):
        Spy.seen.append((self.depth, set(X[:, 0].astype(int))))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        Spy.seen.append(("predict", set(X[:, 0].astype(int))))
        return np.full(len(X), self.classes_[0])

    def decision_function(self, X):
        return np.zeros(len(self.predict(X)))


def signs(count=200, features=5):
    X = np.random.default_rng(1).uniform(-1, 1, (count, features))
    return X, np.sign(X).prod(axis=1).astype(int)


FEW = baselines("classification")[:3]


@pytest.fixture(scope="module")
def parity():
    return compare([Parity()], *signs(), budget=2, classical=FEW, ceiling=1.0, title="parity")


def test_a_real_advantage_is_stated_and_entanglement_named(parity):
    assert parity.advantage
    assert parity.verdict.startswith("advantage: best quantum parity 1.000 ± 0.000, best classical ")
    assert "significantly ahead of every classical model" in parity.verdict
    assert "Entanglement helps 1 of 1 models" in parity.verdict


def test_every_model_with_entanglement_gets_a_twin(parity):
    sides = {entry.name: entry.side for entry in parity.entries}
    assert sides["parity"] == QUANTUM
    assert sides["parity, unentangled"] == UNENTANGLED
    assert sides["svc-rbf"] == CLASSICAL


def test_rows_hold_scores_resources_and_tests(parity):
    row, other = parity.rows[:2]
    assert (row["qubits"], row["depth"], row["two_qubit_gates"], row["shots"]) == (5, 5, 4, None)
    assert other["two_qubit_gates"] == 0
    assert row["scores"] == [1.0] * 5
    assert row["roc_auc"] == 1.0
    assert row["tpr_at_far_0.05"] == 1.0
    assert "tpr_at_far_0.01" not in row
    assert row["p_best_classical"] < 0.05
    assert row["p_wilcoxon_unentangled"] == 2**-4
    assert parity.rows[2]["qubits"] is None
    json.dumps(parity.rows)


def test_the_table_says_what_the_rows_are_too_few_for(parity):
    text = str(parity)
    assert "Too few negative test rows for the detection rate at 1 % false alarms." in text
    assert "ceiling 1.000" in text
    assert text.endswith(parity.verdict)


def test_no_advantage_is_stated_plainly():
    found = compare([QuantumKernelClassifier()], *easy(), budget=2, classical=FEW)
    assert not found.advantage
    assert found.verdict.startswith("no advantage: best quantum quantum-kernel-classifier ")
    assert "Entanglement makes no significant difference" in found.verdict


def easy():
    data = all_tasks()["linearly-separable"].draw(1)
    return data.X[:120], data.y[:120]


def test_labels_without_meaning_give_no_score_above_chance():
    X = np.random.default_rng(5).normal(size=(160, 30))
    y = np.random.default_rng(6).integers(2, size=160)
    found = compare([Parity()], X, y, budget=4, classical=FEW)
    for entry in found.entries:
        score = found.score(entry)
        assert abs(score.mean - 0.5) < score.half_width + 0.02
    assert not found.advantage


def test_test_rows_are_seen_by_nothing_but_the_last_prediction():
    X, y = signs(80, 2)
    X[:, 0] = np.arange(80)
    Spy.seen.clear()
    compare([Spy()], X, y, budget=3, classical=(), metric="accuracy")
    calls, per_split = Spy.seen, len(Spy.seen) // 5
    for split in range(5):
        part = calls[split * per_split : (split + 1) * per_split]
        tested = part[-1][1]
        fits = [call for call in part if call[0] != "predict"]
        assert len({depth for depth, _ in fits}) == 3
        assert len(fits) == 3 * 3 + 1
        last_fit = max(place for place, call in enumerate(part) if call[0] != "predict")
        assert all(not rows & tested for _, rows in part[: last_fit + 1])
        assert fits[-1][1] | tested == set(range(80))


def test_search_is_equal_and_a_small_space_is_tried_whole():
    found = compare([Parity()], *signs(), budget=6, classical=FEW)
    settings = {row["model"]: row["settings"] for row in found.rows}
    assert settings == {
        "parity": 4,
        "parity, unentangled": 4,
        "logistic": 6,
        "svc-rbf": 6,
        "k-neighbours": 6,
    }


def test_the_number_of_workers_changes_no_score():
    chosen = [each for each in baselines("classification") if each.name in ("svc-rbf", "gradient-boosting")]
    found = [
        compare([QuantumKernelClassifier(shots=200)], *easy(), 1, classical=chosen, workers=workers)
        for workers in (1, 2)
    ]
    timings = {"fit_s", "predict_s"}
    one, two = ([{k: v for k, v in row.items() if k not in timings} for row in each.rows] for each in found)
    assert one == two
    assert found[0].verdict == found[1].verdict


def test_progress_ends_at_one():
    heard = []
    compare([Parity()], *signs(), 1, classical=(), progress=lambda stage, share: heard.append(share))
    assert heard == [pytest.approx((i + 1) / 10) for i in range(10)]


def test_fewer_than_five_seeds_only_if_quick_and_then_it_says_so():
    with pytest.raises(InvalidInput, match="seeds must be at least 5 unless quick, but is 3"):
        compare([Parity()], *signs(), 1, 3)
    found = compare([Parity()], *signs(), 1, 3, classical=FEW, quick=True)
    assert "QUICK" in str(found)
    assert found.verdict.endswith("Quick look with 3 splits: no basis for a statement.")


def test_regression_by_r2():
    X, y = load_diabetes(return_X_y=True)
    found = compare(
        {"mean": DummyRegressor()},
        X[:200],
        y[:200],
        1,
        kind="regression",
        classical=baselines("regression")[:3],
    )
    scores = {row["model"]: row["score"] for row in found.rows}
    assert scores["mean"] < 0.02
    assert 0.35 < scores["ridge"] < 0.6
    assert 0.3 < scores["svr-rbf"] < 0.6


def test_one_class_models_are_fitted_to_normal_rows_and_ranked():
    draws = np.random.default_rng(1)
    X = np.concatenate([draws.normal(size=(500, 2)), draws.normal(size=(100, 2)) + 6])
    y = np.repeat([1, -1], (500, 100))
    chosen = [each for each in baselines("one-class") if each.name != "isolation-forest"]
    found = compare({"svm": OneClassSVM()}, X, y, 2, kind="one-class", classical=chosen)
    assert found.metric == "roc_auc"
    for row in found.rows:
        assert row["score"] > 0.98
        assert row["tpr_at_far_0.01"] > 0.8
    assert not found.notes


def test_twins_that_are_none_are_named():
    maps = ("angle", "amplitude")
    models = {f"{each}-neighbours": QuantumNearestNeighbours(feature_map=each) for each in maps}
    found = compare(models, *easy(), 1, classical=())
    assert "angle-neighbours scores exactly as its unentangled twin, also on every fold." in found.notes
    assert "amplitude-neighbours, unentangled: two-qubit gates remain on 5 of 5 splits." in found.notes
    assert not [note for note in found.notes if note.startswith("angle-neighbours, unentangled")]


def test_switch_is_found_inside_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), QuantumKernelClassifier())
    contender = Contender.of(pipeline, "scaled")
    other = twin(contender)
    assert contender.side == QUANTUM
    assert other.estimator[-1].entangled is False
    assert Contender.of(other.estimator, "again").side == UNENTANGLED


def test_a_task_with_groups_is_run_by_name_of_models():
    def draw(seed):
        X, y = signs(160)
        return Data(X, y, groups=np.arange(160) // 4)

    task = Task("toy", "", "", "classification", draw, "1", lambda seed: 1.0)
    found = run_task(task, ["quantum-nearest-neighbours"], 1, quick=True)
    assert found.quick
    assert found.ceiling == 1.0
    assert found.train_rows + found.test_rows == 120
    assert found.entries[0].name == "quantum-nearest-neighbours"
    with pytest.raises(InvalidInput, match="quantum-nearest-neighbour'"):
        run_task(task, ["quantum-nearest-neighbour"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"y": [0, 1]}, "y must have shape"),
        ({"y": np.zeros(200)}, "y must hold at least 2 classes"),
        ({"kind": "ranking"}, "kind must be one of"),
        ({"kind": "one-class", "y": np.arange(200)}, "y must hold 1"),
        ({"metric": "r2"}, "metric must be one of accuracy, roc_auc"),
        ({"budget": 0}, "budget must be at least 1"),
        ({"models": [Parity(), Parity()]}, "must have different names"),
        ({"models": [Parity]}, "models must have scikit-learn's interface"),
        ({"groups": np.zeros(200), "times": np.zeros(200)}, "must not both be given"),
        ({"X": np.full((200, 2), np.nan)}, "X must be finite"),
        ({"models": []}, "models must hold at least one model, but hold none"),
        ({"models": "parity"}, "models must be a mapping or a list of estimators, but is 'parity'"),
        ({"models": Parity()}, "models must be a mapping or a list of estimators"),
        ({"budget": 1.5}, "budget must be a whole number, but is 1.5"),
        ({"seeds": 5.5}, "seeds must be a whole number, but is 5.5"),
        ({"kind": "regression", "y": np.full(200, np.nan)}, "y must hold finite numbers in a regression"),
        ({"kind": "regression", "y": np.full(200, "one")}, "y must hold finite numbers in a regression"),
    ],
)
def test_bad_input_is_refused_with_one_sentence(change, sentence):
    X, y = signs()
    given = {"models": [Parity()], "X": X, "y": y} | change
    with pytest.raises(InvalidInput, match=sentence):
        compare(**given)


@pytest.mark.parametrize("dtype", [str, object])
def test_labels_may_be_words(dtype):
    """The same scores as with numbers in the same order; false alarms are counted against the later word."""
    X, y = signs()
    words = np.where(y > 0, "odd", "even").astype(dtype)
    by_words, by_numbers = (compare([Parity()], X, labels, 1, classical=FEW[:1]) for labels in (words, y))
    assert [row["scores"] for row in by_words.rows] == [row["scores"] for row in by_numbers.rows]
    assert by_words.notes == by_numbers.notes


def test_what_is_only_quantum_inspired_counts_as_classical_and_says_so():
    class Inspired(StandardScaler):
        CARD = replace(QuantumNearestNeighbours.CARD, family="quantum-inspired")

    pipeline = make_pipeline(Inspired(), LogisticRegression())
    contender = Contender.of(pipeline, "inspired")
    assert (contender.side, contender.label) == (CLASSICAL, "classical (quantum-inspired)")
    assert twin(contender) is None
    mixed = make_pipeline(Inspired(), QuantumNearestNeighbours())
    assert Contender.of(mixed, "both").label == QUANTUM
    assert Contender.of(LogisticRegression()).label == CLASSICAL
    X, y = easy()
    found = compare({"inspired": pipeline}, X[:60], y[:60], 1, 3, classical=(), quick=True)
    assert "classical (quantum-inspired)" in str(found)
    assert found.rows[0]["side"] == CLASSICAL
