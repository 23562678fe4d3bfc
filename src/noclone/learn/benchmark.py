"""Quantum and classical models held against each other with equal search, and rows that nobody has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import whole
from noclone.core.progress import Progress, silent
from noclone.core.registry import pick
from noclone.core.seeds import kernel_seed, stream
from noclone.learn.comparison import Comparison, Entry
from noclone.learn.contenders import Contender, baselines, twin
from noclone.learn.splits import folds, rows, test_splits
from noclone.learn.task import CLASSIFICATION, ONE_CLASS, REGRESSION, Data, Task
from noclone.learn.watch_contenders import watch_contenders

if TYPE_CHECKING:
    from noclone.learn.trial import Trial

ENOUGH_SEEDS = 5
QUICK_SEEDS, QUICK_BUDGET, QUICK_ROWS = 3, 2, 120

USUAL_MODELS = {
    CLASSIFICATION: ("quantum-kernel-classifier", "variational-classifier", "quantum-nearest-neighbours"),
    REGRESSION: ("quantum-kernel-regressor", "variational-regressor"),
    ONE_CLASS: ("quantum-kernel-one-class",),
}
"""Names of the quantum models that a task is tried with if it names none."""

_METRICS = {CLASSIFICATION: "accuracy", REGRESSION: "r2", ONE_CLASS: "roc_auc"}


def compare(
    models: Mapping[str, Any] | Iterable[Any],
    X: ArrayLike,
    y: ArrayLike,
    budget: int = 8,
    seeds: int = ENOUGH_SEEDS,
    *,
    kind: str = CLASSIFICATION,
    metric: str | None = None,
    groups: ArrayLike | None = None,
    times: ArrayLike | None = None,
    held_out: ArrayLike | None = None,
    classical: Iterable[Contender] | None = None,
    ceiling: float | None = None,
    title: str = "comparison",
    quick: bool = False,
    seed: int = 1,
    workers: int = 1,
    progress: Progress = silent,
) -> Comparison:
    """Compare models, every one with the same number of hyperparameter settings on the same splits.

    A quarter of the rows is put aside for tests, anew for each seed; settings are chosen by three folds of
    the rest. Every model with entanglement gets a twin without, and every task the usual classical models.

    Parameters
    ----------
    models : mapping of str to estimator, or iterable of estimators
        With scikit-learn's interface; what is tried of a model is its attribute ``SPACE``, or that of a
        `Contender`, which may stand for an estimator.
    X : array_like, shape (n, features)
    y : array_like, shape (n,)
    budget : int
        Settings per model and seed, the model as given included; a smaller space is tried whole.
    seeds : int
        Splits; at least 5, or 3 if `quick`.
    kind : {"classification", "regression", "one-class"}
        In a one-class task `y` is 1 (normal) or -1, and models are fitted to normal rows.
    metric : {"accuracy", "r2", "roc_auc"}, optional
        What settings are chosen by and models compared by; the first, second and third of the kinds above by
        default.
    groups : array_like, shape (n,), optional
        Which run each row comes from: no run lies on both sides of a split.
    times : array_like, shape (n,), optional
        When each row was taken: models learn from the past and are tested by what followed.
    held_out : array_like of bool, shape (n,), optional
        Rows of the collection's own test part: models learn from the others only.
    classical : iterable of Contender, optional
        Instead of the usual classical models.
    ceiling : float, optional
        Best possible score, shown beside the models'.
    title : str
    quick : bool
        Allow fewer seeds; the result says so.
    seed : int
        The same seed gives the same scores, whatever the number of workers.
    workers : int
        Processes.
    progress : Progress

    Returns
    -------
    Comparison
        ``print`` it; ``.rows`` and ``.verdict`` hold the same.

    Raises
    ------
    InvalidInput
        If there is no model, if two have the same name, if there are too few seeds or rows, or if shapes or
        numbers do not fit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> found = compare([GaussianNB()], *load_iris(return_X_y=True), budget=1, classical=())
    >>> found.verdict
    'no verdict: no quantum model was compared.'
    """
    budget, seeds = whole("budget", budget, 1), whole("seeds", seeds, 1)
    least = QUICK_SEEDS if quick else ENOUGH_SEEDS
    if seeds < least:
        unless = "" if quick else " unless quick"
        raise InvalidInput("seeds", f"must be at least {least}{unless}, but is {seeds}")
    data = _checked(X, y, groups, times, held_out, kind)
    metric = _checked_metric(metric, kind, data)
    field, twin_of = _field(models, baselines(kind) if classical is None else classical)
    states = [int(kernel_seed(seed, "comparison", block)) % 2**31 for block in range(seeds)]
    splits = test_splits(data, kind, states)
    for (train, test), state in zip(splits, states, strict=True):  # refused before the work begins
        checks = [train[check] for _, check in folds(rows(data, train), kind, state)]
        if metric == "roc_auc":
            _check_both_sides(data, kind, [test, *checks])
    jobs = [
        (contender, data, kind, metric, split, budget, state)
        for contender in field
        for split, state in zip(splits, states, strict=True)
    ]
    trials = _run(jobs, workers, progress)
    entries = tuple(
        Entry(
            contender.name,
            contender.side,
            contender.label,
            twin_of.get(contender.name),
            tuple(trials[place * seeds : (place + 1) * seeds]),
        )
        for place, contender in enumerate(field)
    )
    train_rows, test_rows = (round(float(np.mean([len(split[side]) for split in splits]))) for side in (0, 1))
    notes = _rates_note(kind, [rows(data, test) for _, test in splits])
    found = Comparison(
        title, kind, metric, entries, seeds, seed, budget, train_rows, test_rows, ceiling, quick, notes
    )
    return replace(found, notes=(*notes, *_twin_notes(found)))


def run_task(
    task: Task,
    models: Iterable[str] | None = None,
    budget: int = 8,
    seeds: int = ENOUGH_SEEDS,
    *,
    quick: bool = False,
    seed: int = 1,
    workers: int = 1,
    progress: Progress = silent,
) -> Comparison:
    """Draw a task's data and compare quantum models on it with the usual classical ones.

    On a task about telemetry, watchers are compared: all that suit it, quantum or not.

    Parameters
    ----------
    task : Task
    models : iterable of str, optional
        Names of quantum models; the task's own by default, or else `USUAL_MODELS`. On a task about
        telemetry, names of watchers.
    budget, seeds, seed, workers, progress
        See `compare`.
    quick : bool
        At most 120 rows, 3 seeds and 2 settings: a look, not a result.

    Raises
    ------
    InvalidInput
        If a model is unknown or not for this task, besides what `compare` refuses.
    """
    budget, seeds = whole("budget", budget, 1), whole("seeds", seeds, 1)
    data = task.draw(seed)
    if quick:
        budget, seeds = min(budget, QUICK_BUDGET), min(seeds, QUICK_SEEDS)
        data = _some(data, task.kind, seed)
    notes: tuple[str, ...] = ()
    contenders: list[Any]
    if task.columns:
        contenders, notes = watch_contenders(task, models or task.models)
    else:
        known = quantum_models(task.kind)
        contenders = [
            pick("model", name, known)() for name in models or task.models or USUAL_MODELS[task.kind]
        ]
    found = compare(
        contenders,
        data.X,
        data.y,
        budget,
        seeds,
        kind=task.kind,
        metric=task.metric,
        groups=data.groups,
        times=data.times,
        held_out=data.held_out,
        classical=() if task.columns else None,
        ceiling=None if task.ceiling is None else task.ceiling(seed),
        title=task.name,
        quick=quick,
        seed=seed,
        workers=workers,
        progress=progress,
    )
    return replace(found, notes=(*notes, *found.notes))


def quantum_models(kind: str) -> dict[str, Any]:
    """Return the classes of `noclone.models` for a kind of task, by name.

    Examples
    --------
    >>> "quantum-kernel-regressor" in quantum_models("regression")
    True
    """
    from sklearn.base import ClassifierMixin, OutlierMixin, RegressorMixin

    from noclone.models.registry import models

    role: type = {CLASSIFICATION: ClassifierMixin, REGRESSION: RegressorMixin, ONE_CLASS: OutlierMixin}[kind]
    return {name: model for name, model in models().items() if issubclass(model, role)}


def _checked(
    X: ArrayLike,
    y: ArrayLike,
    groups: ArrayLike | None,
    times: ArrayLike | None,
    held_out: ArrayLike | None,
    kind: str,
) -> Data:
    if kind not in _METRICS:
        raise InvalidInput("kind", f"must be one of {', '.join(_METRICS)}, but is {kind!r}")
    if groups is not None and times is not None:
        raise InvalidInput("groups and times", "must not both be given, but are")
    features, labels = np.asarray(X, float), np.asarray(y)
    if features.ndim != 2 or not np.isfinite(features).all():
        raise InvalidInput("X", f"must be finite with shape (rows, features), but has {features.shape}")
    others = [None if each is None else np.asarray(each) for each in (groups, times, held_out)]
    for name, values in zip(("y", "groups", "times", "held_out"), (labels, *others), strict=True):
        if values is not None and values.shape != features.shape[:1]:
            raise InvalidInput(name, f"must have shape {features.shape[:1]}, but has {values.shape}")
    if kind == ONE_CLASS and set(np.unique(labels)) != {-1, 1}:
        raise InvalidInput("y", "must hold 1 (normal) and -1 in a one-class task, but does not")
    if kind == REGRESSION and not _finite(labels):
        raise InvalidInput("y", "must hold finite numbers in a regression, but does not")
    if kind == CLASSIFICATION and len(np.unique(labels)) < 2:
        raise InvalidInput("y", "must hold at least 2 classes, but holds one")
    return Data(features, labels, *others)


def _finite(values: NDArray[Any]) -> bool:
    try:
        return bool(np.isfinite(values.astype(float)).all())
    except (TypeError, ValueError):  # words, or objects
        return False


def _checked_metric(metric: str | None, kind: str, data: Data) -> str:
    possible = [_METRICS[kind]]
    if kind == CLASSIFICATION and _told_apart(kind, data.y):
        possible.append("roc_auc")
    if metric is not None and metric not in possible:
        raise InvalidInput("metric", f"must be one of {', '.join(possible)}, but is {metric!r}")
    return metric or possible[0]


def _field(
    models: Mapping[str, Any] | Iterable[Any], classical: Iterable[Contender]
) -> tuple[list[Contender], dict[str, str]]:
    """Return all contenders, every twin after its model, and whose twin each twin is."""
    if isinstance(models, str) or not isinstance(models, Iterable):
        raise InvalidInput("models", f"must be a mapping or a list of estimators, but is {models!r}")
    named = list(models.items()) if isinstance(models, Mapping) else [(None, model) for model in models]
    if not named:
        raise InvalidInput("models", "must hold at least one model, but hold none")
    field: list[Contender] = []
    twin_of: dict[str, str] = {}
    for name, model in named:
        contender = Contender.of(model, name)
        field.append(contender)
        other = twin(contender)
        if other is not None:
            field.append(other)
            twin_of[other.name] = contender.name
    field += [Contender.of(model) for model in classical]
    names = [contender.name for contender in field]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput("models", f"must have different names, but {name} is there twice")
    return field, twin_of


def _run(jobs: list[tuple[Any, ...]], workers: int, progress: Progress) -> list[Trial]:
    from joblib import Parallel, delayed

    from noclone.learn.trial import run

    results = Parallel(n_jobs=workers, return_as="generator")(delayed(run)(*job) for job in jobs)
    trials = []
    for result in results:
        trials.append(result)
        progress("comparison", len(trials) / len(jobs))
    return trials


def _told_apart(kind: str, labels: NDArray[Any]) -> bool:
    """Return whether some label means that there is nothing to be found."""
    from noclone.learn.trial import negative_label

    return kind != REGRESSION and negative_label(np.unique(labels).tolist(), kind) is not None


def _check_both_sides(data: Data, kind: str, parts: list[NDArray[np.intp]]) -> None:
    from noclone.learn.trial import negative_label

    negative = negative_label(np.unique(data.y).tolist(), kind)
    if any(len(np.unique(data.y[part] == negative)) < 2 for part in parts):
        raise InvalidInput("y", "must have rows of both sorts in every part, in tests and folds, but has not")


def _rates_note(kind: str, tests: list[Data]) -> tuple[str, ...]:
    from noclone.learn.trial import FALSE_ALARM_RATES, told_rates

    if not _told_apart(kind, np.concatenate([test.y for test in tests])):
        return ()
    told = set.intersection(*(set(told_rates(test, kind)) for test in tests))
    missing = [f"{100 * rate:g} %" for rate in FALSE_ALARM_RATES if rate not in told]
    if not missing:
        return ()
    return (f"Too few negative test rows for the detection rate at {' and '.join(missing)} false alarms.",)


def _twin_notes(found: Comparison) -> list[str]:
    """Say which twins are none: what entangles cancels in the model, or stays in the twin."""
    notes = []
    for entry, other in found.twins():
        if all(one.like(two) for one, two in zip(entry.trials, other.trials, strict=True)):
            notes.append(f"{entry.name} scores exactly as its unentangled twin, also on every fold.")
        left = sum(bool(each.resources and each.resources.two_qubit_gates) for each in other.trials)
        if left:
            notes.append(f"{other.name}: two-qubit gates remain on {left} of {len(other.trials)} splits.")
    return notes


def _some(data: Data, kind: str, seed: int) -> Data:
    """Return at most `QUICK_ROWS` rows: classes in proportion, or the first where rows have times."""
    if len(data.y) <= QUICK_ROWS:
        return data
    if data.times is not None:
        return rows(data, np.sort(np.argsort(data.times, kind="stable")[:QUICK_ROWS]))
    if data.held_out is not None:  # as many of either part
        parts = [np.flatnonzero(data.held_out == side) for side in (False, True)]
        return rows(data, np.sort(np.concatenate([part[: QUICK_ROWS // 2] for part in parts])))
    order = stream(seed, "quick rows").permutation(len(data.y))
    if kind != REGRESSION:  # deal the classes out in turn, so that every prefix holds them in proportion
        share = np.empty(len(order))
        for label in np.unique(data.y):
            members = order[data.y[order] == label]
            share[members] = (np.arange(len(members)) + 0.5) / len(members)
        order = np.argsort(share, kind="stable")
    return rows(data, np.sort(order[:QUICK_ROWS]))
