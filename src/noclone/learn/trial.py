"""One model on one split: search by folds of the training rows, fit, and score on rows never seen before."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score, roc_curve
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from noclone.learn.contenders import Contender
from noclone.learn.multi_label import hamming_loss, micro_f1
from noclone.learn.splits import Split, folds, rows
from noclone.learn.task import ONE_CLASS, REGRESSION, Data
from noclone.records.telemetry import NORMAL
from noclone.watchers.label_sets import attacks_in

FALSE_ALARM_RATES = (0.01, 0.05)
"""At which the share of detected positives is reported."""

_TINY = float(np.finfo(float).tiny)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Resources:
    """What a fitted quantum model runs.

    Attributes
    ----------
    qubits, depth, two_qubit_gates : int
        Of its circuit.
    weights : int
        Trained numbers, those of a read-out included.
    shots : int or None
        Per expectation value or overlap; None for exact ones.
    """

    qubits: int
    depth: int
    two_qubit_gates: int
    weights: int
    shots: int | None


@dataclass(frozen=True)
class Trial:
    """What came of one model on one split.

    Attributes
    ----------
    scores : mapping
        By metric, on the test rows.
    validation : float
        Score of the chosen setting on the folds.
    chosen : mapping
        The chosen setting; empty for the model as given.
    settings : int
        How many were tried.
    resources : Resources or None
    fit_s, predict_s : float
        Wall time of the last fit, and of predicting the test rows.
    """

    scores: Mapping[str, float]
    validation: float
    chosen: Mapping[str, Any]
    settings: int
    resources: Resources | None
    fit_s: float
    predict_s: float

    def like(self, other: Trial) -> bool:
        """Return whether another model's scores are the same, on the folds and on the test rows."""
        return self.validation == other.validation and self.scores == other.scores


def run(
    contender: Contender, data: Data, kind: str, metric: str, split: Split, budget: int, state: int
) -> Trial:
    """Search, fit and score one model on one split, on one thread.

    The model as given is the first setting; others are drawn from its space without repetition. In a
    one-class task models are fitted to normal rows; settings are chosen by normal and abnormal rows of the
    folds.
    """
    train, test = (rows(data, which) for which in split)
    settings = [{}, *_drawn(contender.space, budget - 1, state)]
    inner = [(rows(train, fit), rows(train, check)) for fit, check in folds(train, kind, state)]
    with threadpool_limits(1), warnings.catch_warnings():
        # A setting whose training stops early is a setting like any other: its score decides.
        warnings.simplefilter("ignore", ConvergenceWarning)

        def validation(setting: Mapping[str, Any]) -> float:
            parts = [
                METRICS[metric](_fitted(contender, setting, fit, kind, state), check, kind)
                for fit, check in inner
            ]
            return float(np.mean(parts))

        means = [validation(setting) for setting in settings]
        best = int(np.argmax(means))
        start = perf_counter()
        estimator = _fitted(contender, settings[best], train, kind, state)
        fit_s = perf_counter() - start
        start = perf_counter()
        estimator.predict(test.X)
        predict_s = perf_counter() - start
        found = scores(estimator, test, kind)
    return Trial(found, means[best], settings[best], len(settings), _resources(estimator), fit_s, predict_s)


def _drawn(space: Mapping[str, Any], count: int, state: int) -> list[dict[str, Any]]:
    if not space or count < 1:
        return []
    count = min(count, len(ParameterGrid(dict(space))))
    return list(ParameterSampler(dict(space), count, random_state=state))


def _fitted(contender: Contender, setting: Mapping[str, Any], data: Data, kind: str, state: int) -> Any:
    estimator = clone(contender.estimator).set_params(**setting)
    names = [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]
    estimator.set_params(**dict.fromkeys(names, state))
    return estimator.fit(data.X[data.y == 1]) if kind == ONE_CLASS else estimator.fit(data.X, data.y)


def scores(estimator: Any, data: Data, kind: str) -> dict[str, float]:
    """Return every metric that a fitted model has on these rows.

    Returns
    -------
    dict
        ``r2`` of a regression; ``accuracy`` of a classification. Where rows are to be found, also ``roc_auc``
        and ``tpr_at_far_…``, the share of them found at most at that rate of false alarms; rates that the
        rows are too few to tell are left out. To be found are the rows labelled -1 of a one-class task; of a
        classification all that are not ``"normal"``, whatever the attack; and of two other labels the
        larger. Where labels name several attacks at once, ``"a+b"``, also ``hamming_loss`` and ``micro_f1``.
    """
    if kind == REGRESSION:
        return {"r2": _r2(estimator, data, kind)}
    found = {} if kind == ONE_CLASS else {"accuracy": _accuracy(estimator, data, kind)}
    classes = [1, -1] if kind == ONE_CLASS else estimator.classes_.tolist()
    negative = negative_label(classes, kind)
    if negative is not None and 0 < np.count_nonzero(data.y == negative) < len(data.y):
        found["roc_auc"] = _roc_auc(estimator, data, kind)
        false_alarms, detected, _ = roc_curve(*_ranking(estimator, data, kind), drop_intermediate=False)
        for rate in told_rates(data, kind):
            found[rate_name(rate)] = float(detected[false_alarms <= rate].max())
    labels = [str(label) for label in {*classes, *data.y.tolist()}]
    if any("+" in label for label in labels):
        told = estimator.predict(data.X)
        found["hamming_loss"] = hamming_loss(data.y, told, attacks_in(labels))
        found["micro_f1"] = micro_f1(data.y, told)
    return found


def negative_label(labels: list[Any], kind: str) -> Any:
    """Return the label of rows that must raise no alarm; None if there are rows of several sorts only."""
    if kind == ONE_CLASS:
        return 1
    if NORMAL in labels:
        return NORMAL
    return min(labels) if len(labels) == 2 else None


def told_rates(data: Data, kind: str) -> list[float]:
    """Return the rates of false alarms at which these rows can tell anything: one alarm must fit in."""
    negative = negative_label(np.unique(data.y).tolist(), kind)
    negatives = 0 if negative is None else np.count_nonzero(data.y == negative)
    return [rate for rate in FALSE_ALARM_RATES if rate * negatives >= 1]


def rate_name(rate: float) -> str:
    """Return the name of the share of positives found at a rate of false alarms."""
    return f"tpr_at_far_{rate:g}"


def _accuracy(estimator: Any, data: Data, kind: str) -> float:
    return float(accuracy_score(data.y, estimator.predict(data.X)))


def _r2(estimator: Any, data: Data, kind: str) -> float:
    return float(r2_score(data.y, estimator.predict(data.X)))


def _roc_auc(estimator: Any, data: Data, kind: str) -> float:
    return float(roc_auc_score(*_ranking(estimator, data, kind)))


METRICS = {"accuracy": _accuracy, "r2": _r2, "roc_auc": _roc_auc}
"""What hyperparameters can be chosen by."""


def _ranking(estimator: Any, data: Data, kind: str) -> tuple[NDArray[np.bool_], Floats]:
    """Return which rows are to be found, and a number per row that grows with being one of them."""
    if kind == ONE_CLASS:
        return data.y == -1, -np.asarray(estimator.decision_function(data.X))
    classes = estimator.classes_.tolist()
    negative = negative_label(classes, kind)
    place, two = classes.index(negative), len(classes) == 2
    if hasattr(estimator, "decision_function") and (two or not hasattr(estimator, "predict_proba")):
        number = np.asarray(estimator.decision_function(data.X))
        return data.y != negative, -number[:, place] if not two else number if place == 0 else -number
    probabilities = np.asarray(estimator.predict_proba(data.X))
    calm, others = probabilities[:, place], np.delete(probabilities, place, axis=1).sum(axis=1)
    # As log odds, because 1 - P(normal) is the same number for all that is nearly sure.
    return data.y != negative, np.log(others + _TINY) - np.log(calm + _TINY)


def _resources(estimator: Any) -> Resources | None:
    model = estimator
    while isinstance(model, Pipeline):
        model = model[-1]
    circuit = getattr(model, "circuit_", None)
    if circuit is None and hasattr(model, "example_circuit"):
        circuit = model.example_circuit(model.n_features_in_)
    if circuit is None:
        return None
    weights = np.size(getattr(model, "weights_", ())) or circuit.n_weights
    shots = model.get_params().get("shots")
    return Resources(circuit.qubits, circuit.depth, circuit.entangling, int(weights), shots)
