"""Binary relevance: attacks asked for one by one, named together, and probabilities that add up."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB

from noclone.core.errors import InvalidInput
from noclone.watchers import get
from noclone.watchers.binary_relevance import BinaryRelevance
from noclone.watchers.label_sets import attacks_in, indicators, labels_of

NAMES = ("calibration", "lo-intensity", "saturation")


def draw(rows, seed=1):
    """Three attacks that come independently of each other, each shifting a column of its own."""
    rng = np.random.default_rng(seed)
    table = rng.integers(2, size=(rows, 3))
    return rng.normal(size=(rows, 3)) + 2.5 * table, labels_of(table, NAMES), table


def test_names_and_tables_are_each_others_inverse():
    _, labels, table = draw(100)
    assert attacks_in(labels.tolist()) == NAMES
    np.testing.assert_array_equal(indicators(labels, NAMES), table)
    np.testing.assert_array_equal(indicators(["saturation+calibration"], NAMES), [[1, 0, 1]])
    assert indicators(["normal"], ()).shape == (1, 0)


@pytest.mark.parametrize(
    "inner", [LogisticRegression(), GaussianNB(), HistGradientBoostingClassifier(max_iter=20)]
)
def test_predictions_are_those_of_one_classifier_per_column(inner):
    X, y, table = draw(300)
    new = draw(200, 2)[0]
    other = MultiOutputClassifier(clone(inner)).fit(X, table)
    found = BinaryRelevance(inner).fit(X, y).predict(new)
    np.testing.assert_array_equal(indicators(found, NAMES), other.predict(new))


def test_the_decision_is_the_logarithm_of_the_probability_of_a_set():
    X, y, table = draw(300)
    new = draw(50, 2)[0]
    model = BinaryRelevance(GaussianNB()).fit(X, y)
    assert len(model.classes_) == 8
    scores = model.decision_function(new)
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[scores.argmax(axis=1)], model.predict(new))
    share = MultiOutputClassifier(GaussianNB()).fit(X, table).predict_proba(new)
    quiet = np.prod([each[:, 0] for each in share], axis=0)
    np.testing.assert_allclose(np.exp(scores[:, model.classes_.tolist().index("normal")]), quiet, rtol=1e-6)


def test_a_set_that_was_never_seen_is_named():
    X, y, _ = draw(600)
    seen = y != "calibration+saturation"
    model = BinaryRelevance(LogisticRegression()).fit(X[seen], y[seen])
    assert "calibration+saturation" not in model.classes_
    assert model.predict([[2.5, 0, 2.5], [0, 0, 0]]).tolist() == ["calibration+saturation", "normal"]
    powerset = LogisticRegression(max_iter=1000).fit(X[seen], y[seen])
    assert powerset.predict([[2.5, 0, 2.5]])[0] != "calibration+saturation"


def test_two_classes_have_one_number_per_row():
    X, y, _ = draw(200)
    which = np.isin(y, ["normal", "saturation"])
    model = BinaryRelevance(LogisticRegression()).fit(X[which], y[which])
    number = model.decision_function(X)
    assert number.shape == (200,)
    np.testing.assert_array_equal(number > 0, model.predict(X) == "saturation")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["normal"] * 4, "y must hold attacks, but holds none"),
        (["a", "a+b", "a", "a"], "y must hold rows without a, but holds none"),
        ([0, 1, 0, 1], "y must hold words, but holds"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused(labels, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        BinaryRelevance(LogisticRegression()).fit(np.eye(4), labels)


@pytest.mark.parametrize("name", ["binary-relevance", "binary-relevance-boosting"])
@pytest.mark.parametrize("window", [1, 2])
def test_watchers_have_the_settings_of_what_is_inside(name, window):
    X, y, _ = draw(200)
    watcher = get(name)
    estimator = watcher.estimator("classification", ("a", "b", "c"), window)
    for setting, values in watcher.settings("classification", window).items():
        estimator.set_params(**{setting: values[0]})
    assert isinstance(estimator, BaseEstimator)
    rows = np.tile(X, window)
    assert np.mean(estimator.fit(rows, y).predict(rows) == y) > 0.5
