"""The watchers that are compared on a task about telemetry."""

from __future__ import annotations

from collections.abc import Iterable

from noclone.core.errors import InvalidInput
from noclone.learn.contenders import CLASSICAL, QUANTUM, Contender
from noclone.learn.task import Task
from noclone.watchers import Watcher, get, watchers
from noclone.watchers.watcher import QUANTUM as QUANTUM_FAMILY


def watch_contenders(task: Task, names: Iterable[str] = ()) -> tuple[list[Contender], tuple[str, ...]]:
    """Return watchers as contenders, told the task's columns and window.

    Parameters
    ----------
    task : Task
        With columns.
    names : iterable of str
        Of watchers; all that suit the task if empty, but for those whose package is not installed.

    Returns
    -------
    contenders : list of Contender
    notes : tuple of str
        Which watchers were left out, and why.

    Raises
    ------
    InvalidInput
        If a watcher that was named is unknown, does not suit the task, or needs a package not installed.

    Examples
    --------
    >>> from noclone.learn import all_tasks
    >>> from dataclasses import replace
    >>> task = replace(all_tasks()["wine"], columns=("a", "b"))
    >>> [contender.side for contender in watch_contenders(task, ("logistic", "quantum-variational"))[0]]
    ['classical', 'quantum']
    """
    named = tuple(names)
    if named:
        return [_contender(get(name), task) for name in named], ()
    contenders, notes = [], []
    for watcher in watchers().values():
        if watcher.suits(task.columns, task.kind):
            try:
                contenders.append(_contender(watcher, task))
            except InvalidInput as missing:
                notes.append(f"Left out: {watcher.name}, because {missing}")
    return contenders, tuple(notes)


def _contender(watcher: Watcher, task: Task) -> Contender:
    estimator = watcher.estimator(task.kind, task.columns, task.window)
    side = QUANTUM if watcher.family == QUANTUM_FAMILY else CLASSICAL
    return Contender(watcher.name, estimator, watcher.settings(task.kind, task.window), side)
