"""What a watcher is: a model that looks at a link's telemetry and tells attacks from normal blocks.

The field calls it a detector; here that word is taken by what counts photons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EXACT, ONE_CLASS, SUPERVISED, QUANTUM = "exact", "one-class", "supervised", "quantum"
"""Families. Exact tests have a known law and nothing tuned; one-class watchers learn from normal blocks;
supervised ones learn from labelled attacks; quantum ones are either, with a circuit inside."""


@dataclass(frozen=True, eq=False)
class Watcher:
    """A watcher; a module of `noclone.watchers` holds one as ``WATCHER``.

    Attributes
    ----------
    name : str
        The file's name with hyphens.
    title : str
        One line.
    family : str
        ``"exact"``, ``"one-class"``, ``"supervised"`` or ``"quantum"``.
    kinds : tuple of str
        What it can be asked: ``"one-class"`` (is this block normal? fitted to normal blocks only), or
        ``"classification"`` (which label does this block have? fitted to labelled blocks), or both.
    source : str
        Paper or book.
    make : callable
        Called with the kind, returns a fresh estimator of scikit-learn's interface: an `OutlierMixin`
        (``decision_function`` large for normal rows), or a `ClassifierMixin` with ``predict_proba`` or
        ``decision_function``. It scales features by itself. An estimator that has a parameter ``columns``
        (names of the features) or ``window`` (blocks in a row) is told them.
    space : callable
        Called with the kind, returns the hyperparameters worth trying, by name.
    needs : tuple of str
        Columns without which it makes no sense; empty for one that takes whatever there is.
    sequence : bool
        Whether it looks at the order of a window's blocks; any other sees the window's mean.
    """

    name: str
    title: str
    family: str
    kinds: tuple[str, ...]
    source: str
    make: Callable[[str], Any]
    space: Callable[[str], Mapping[str, Sequence[Any]]] = field(default=lambda kind: {})
    needs: tuple[str, ...] = ()
    sequence: bool = False

    def suits(self, columns: Sequence[str], kind: str) -> bool:
        """Return whether the watcher can be asked this about telemetry with these columns (of one block)."""
        return kind in self.kinds and set(self.needs) <= set(columns)

    def estimator(self, kind: str, columns: Sequence[str], window: int = 1) -> Any:
        """Return an unfitted estimator for rows of ``window`` blocks side by side.

        Parameters
        ----------
        kind : {"one-class", "classification"}
        columns : sequence of str
            Names of the features of one block.
        window : int
            Blocks in a row of X, whose shape is (rows, window * len(columns)).

        Raises
        ------
        InvalidInput
            If the watcher cannot be asked that, or a column is missing.
        """
        from noclone.core.errors import InvalidInput
        from noclone.records.telemetry import check_columns

        if kind not in self.kinds:
            raise InvalidInput(f"watcher {self.name}", f"answers {' and '.join(self.kinds)}, not {kind}")
        check_columns(columns, self.needs)
        estimator = self.make(kind)
        known = estimator.get_params()
        told = {"columns": tuple(columns), "window": window}
        estimator.set_params(**{name: value for name, value in told.items() if name in known})
        if self.sequence or window == 1:
            return estimator
        from sklearn.pipeline import Pipeline

        from noclone.watchers.window_mean import WindowMean

        return Pipeline([("mean", WindowMean(window=window)), ("watcher", estimator)])

    def settings(self, kind: str, window: int = 1) -> dict[str, list[Any]]:
        """Return the hyperparameters worth trying, as `estimator` spells their names."""
        prefix = "" if self.sequence or window == 1 else "watcher__"
        return {f"{prefix}{name}": list(values) for name, values in self.space(kind).items()}
