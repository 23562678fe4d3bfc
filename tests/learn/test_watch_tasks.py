"""Tasks about telemetry: every watcher that suits is tried, alarms are scored as such, runs stay whole."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from noclone.core.errors import InvalidInput
from noclone.learn import Data, Task, compare, run_task
from noclone.learn.contenders import CLASSICAL, QUANTUM, UNENTANGLED
from noclone.learn.trial import _ranking, scores, told_rates
from noclone.learn.watch_contenders import watch_contenders
from noclone.watchers import Watcher, watchers

COLUMNS = ("mean", "variance")
WINDOW = 2
LABELS = ("normal", "calibration", "calibration+saturation", "saturation")


def draw(seed, labels=LABELS, runs=24, rows_per_run=5):
    """Runs with an offset of their own, each under one attack or none."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(runs) % len(labels)
    y = np.array(labels)[kinds].repeat(rows_per_run)
    blocks = rng.normal(size=(len(y), WINDOW, 2)) + rng.normal(0, 0.3, size=(runs, 1, 2)).repeat(
        rows_per_run, 0
    )
    for column, name in enumerate(("saturation", "calibration")):
        blocks[[name in label for label in y], :, column] += 3
    return Data(blocks.reshape(len(y), -1), y, groups=np.arange(runs).repeat(rows_per_run))


def one_class(seed):
    data = draw(seed, ("normal", "calibration"))
    return replace(data, y=np.where(data.y == "normal", 1, -1))


NAMED = Task("toy", "", "", "classification", draw, "", columns=COLUMNS, window=WINDOW)
UNKNOWN = replace(NAMED, kind="one-class", draw=one_class)


@pytest.mark.parametrize("task", [NAMED, UNKNOWN])
def test_all_watchers_that_suit_are_contenders(task):
    contenders, notes = watch_contenders(task)
    suiting = [each for each in watchers().values() if each.suits(COLUMNS, task.kind)]
    assert [each.name for each in contenders] == [each.name for each in suiting]
    assert {each.family for each in suiting} >= {"quantum"}
    assert notes == ()
    for contender, watcher in zip(contenders, suiting, strict=True):
        assert contender.side == (QUANTUM if watcher.family == "quantum" else CLASSICAL)
        assert set(contender.space) <= set(contender.estimator.get_params())


def test_a_task_may_name_its_watchers_and_a_call_others():
    task = replace(NAMED, models=("naive-bayes",))
    assert [entry.name for entry in run_task(task, budget=1, quick=True).entries] == ["naive-bayes"]
    assert [entry.name for entry in run_task(task, ["logistic"], 1, quick=True).entries] == ["logistic"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("naive-baise", "watcher 'naive-baise'"),
        ("quantum-one-class", "watcher quantum-one-class answers one-class, not classification"),
    ],
)
def test_watchers_that_do_not_suit_are_refused(name, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        run_task(NAMED, [name], 1, quick=True)


def test_a_watcher_whose_package_is_missing_is_left_out_and_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    contenders, notes = watch_contenders(NAMED)
    assert "long-short-term-memory" not in [each.name for each in contenders]
    assert notes[0].startswith("Left out: long-short-term-memory, because torch is not installed")
    with pytest.raises(InvalidInput, match="torch is not installed"):
        run_task(NAMED, ["long-short-term-memory"], 1, quick=True)


def test_classification_with_twins_and_scores_of_alarms():
    names = ["naive-bayes", "binary-relevance", "quantum-support-vector", "quantum-neighbours"]
    found = run_task(NAMED, names, 2, quick=True)
    sides = {entry.name: entry.side for entry in found.entries}
    assert sides == {
        "naive-bayes": CLASSICAL,
        "binary-relevance": CLASSICAL,
        "quantum-support-vector": QUANTUM,
        "quantum-support-vector, unentangled": UNENTANGLED,
        "quantum-neighbours": QUANTUM,
        "quantum-neighbours, unentangled": UNENTANGLED,
    }
    for row in found.rows:
        assert {"accuracy", "roc_auc", "hamming_loss", "micro_f1"} <= set(row)
        assert row["roc_auc"] > 0.85
        assert row["hamming_loss"] < 0.25
        assert row["micro_f1"] > 0.75
        assert row["chosen"] is not None
    assert {row["model"]: row["qubits"] for row in found.rows}["quantum-support-vector"] == 2
    assert "Too few negative test rows" in str(found)
    assert "hamming loss" in str(found)


def test_one_class_watchers_are_ranked():
    found = run_task(UNKNOWN, ["quantum-one-class"], 1, quick=True)
    assert [entry.side for entry in found.entries] == [QUANTUM, UNENTANGLED]
    assert found.rows[0]["roc_auc"] > 0.9


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers which runs it learned from and was asked about; the first feature is the run's number."""

    calls: list = []  # noqa: RUF012

    def fit(self, X, y):
        Spy.calls.append(("fit", set(X[:, 0].astype(int))))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        Spy.calls.append(("ask", set(X[:, 0].astype(int))))
        return np.full(len(X), self.classes_[0])

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def test_no_run_is_both_learned_from_and_asked_about(monkeypatch):
    spy = Watcher("spy", "", "supervised", ("classification",), "", lambda kind: Spy(), sequence=True)
    monkeypatch.setitem(watchers(), "spy", spy)

    def numbered(seed):
        data = draw(seed)
        return replace(data, X=np.column_stack([data.groups, data.X[:, 1:]]))

    Spy.calls.clear()
    run_task(replace(NAMED, draw=numbered), ["spy"], 1, quick=True)
    assert [what for what, _ in Spy.calls[:7]] == ["fit", "ask"] * 3 + ["fit"]
    for (_, learned), (what, asked) in zip(Spy.calls[:-1], Spy.calls[1:], strict=True):
        if what == "ask":
            assert not learned & asked or learned == asked


@pytest.mark.parametrize("model", [GaussianNB(), SVC(), LogisticRegression()])
def test_any_attack_is_ranked_by_how_little_normal_it_is(model):
    data = draw(1, LABELS[:2] + LABELS[3:], runs=60, rows_per_run=20)
    model.fit(data.X, data.y)
    found = scores(model, data, "classification")
    place = model.classes_.tolist().index("normal")
    if hasattr(model, "predict_proba"):
        alarm = 1 - model.predict_proba(data.X)[:, place]
    else:
        alarm = -model.decision_function(data.X)[:, place]
    attacked = data.y != "normal"
    assert found["roc_auc"] == pytest.approx(roc_auc_score(attacked, alarm))
    far, tpr, _ = roc_curve(attacked, alarm)
    for rate in (0.01, 0.05):
        assert found[f"tpr_at_far_{rate}"] == pytest.approx(tpr[far <= rate].max())
    assert "hamming_loss" not in found


@pytest.mark.parametrize("attack", ["blinding", "time-shift"])  # before and after "normal" in the alphabet
@pytest.mark.parametrize("model", [GaussianNB(), SVC()])
def test_of_two_words_the_attack_is_what_is_found(attack, model):
    rng = np.random.default_rng(1)
    y = np.repeat(["normal", attack], (150, 50))
    data = Data(rng.normal(size=(200, 1)) + 4 * (y[:, None] != "normal"), y)
    found = scores(model.fit(data.X, data.y), data, "classification")
    assert told_rates(data, "classification") == [0.01, 0.05]
    sought, number = _ranking(model, data, "classification")
    np.testing.assert_array_equal(sought, y == attack)
    assert number[sought].mean() > number[~sought].mean()
    assert found["roc_auc"] > 0.98


def test_what_only_some_splits_can_tell_is_not_shown():
    """Attacks come in spells: of some tests the normal rows are too few for a rate, of others not."""
    rng = np.random.default_rng(1)
    places = np.arange(3000)
    y = np.where(rng.random(3000) < np.where(places // 300 % 2, 0.6, 0.2), "normal", "blinding")
    X = rng.normal(size=(3000, 2)) + (y != "normal")[:, None]
    found = compare({"bayes": GaussianNB()}, X, y, 1, times=places, classical=())
    told = ["tpr_at_far_0.01" in trial.scores for trial in found.entries[0].trials]
    assert any(told)
    assert not all(told)
    assert "tpr_at_far_0.01" not in found.rows[0]
    assert "tpr_at_far_0.05" in found.rows[0]
    assert "1 % false alarms" in str(found)


def test_ranking_needs_rows_of_both_sorts_in_every_part():
    data = draw(1, ("normal", "calibration"), runs=16)
    late = np.sort(data.y)[::-1]  # all attacks after all normal rows
    with pytest.raises(InvalidInput, match="y must have rows of both sorts in every part"):
        compare(
            {"a": GaussianNB()}, data.X, late, 1, metric="roc_auc", times=np.arange(len(late)), classical=()
        )
