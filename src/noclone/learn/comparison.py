"""The outcome of a comparison: its table, and in one sentence whether anything quantum was of use."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any

from noclone.learn.contenders import CLASSICAL, QUANTUM, UNENTANGLED
from noclone.learn.statistics import LEVEL, Interval, Paired, holm, interval, paired

if TYPE_CHECKING:
    from noclone.learn.trial import Resources, Trial


@dataclass(frozen=True)
class Entry:
    """One model and what came of it on every split.

    Attributes
    ----------
    name : str
    side : str
        ``"quantum"``, ``"unentangled"`` or ``"classical"``.
    label : str
        The side as the table shows it; says which classical model is quantum-inspired.
    entangled_name : str or None
        Of an unentangled twin, the model that it is the twin of.
    trials : tuple of Trial
        One per split.
    """

    name: str
    side: str
    label: str
    entangled_name: str | None
    trials: tuple[Trial, ...]

    @property
    def validation(self) -> float:
        """Mean score on the folds of the training rows, by which the best model of a side is chosen."""
        return sum(trial.validation for trial in self.trials) / len(self.trials)

    def scores(self, metric: str) -> list[float]:
        """Return the test score on every split."""
        return [trial.scores[metric] for trial in self.trials]

    @property
    def resources(self) -> Resources | None:
        """What its circuit needs, the middle over the splits."""
        found = [trial.resources for trial in self.trials if trial.resources is not None]
        return sorted(found, key=lambda each: each.depth)[len(found) // 2] if found else None


@dataclass(frozen=True)
class Comparison:
    """Models on the same splits with the same search; prints itself as a table with a verdict.

    Attributes
    ----------
    title : str
    kind, metric : str
    entries : tuple of Entry
    seeds : int
        Splits.
    seed : int
        What everything random was derived from.
    budget : int
        Hyperparameter settings per model and split.
    train_rows, test_rows : int
        Of a split, on average.
    ceiling : float or None
        Best possible score.
    quick : bool
        Whether fewer splits were made than a statement needs.
    notes : tuple of str
        What a reader has to know besides.
    """

    title: str
    kind: str
    metric: str
    entries: tuple[Entry, ...]
    seeds: int
    seed: int
    budget: int
    train_rows: int
    test_rows: int
    ceiling: float | None
    quick: bool
    notes: tuple[str, ...]

    @cached_property
    def metrics(self) -> list[str]:
        """Names of the scores that every model has on every split; some splits are too small for some."""
        trials = [trial for entry in self.entries for trial in entry.trials]
        return [name for name in trials[0].scores if all(name in trial.scores for trial in trials)]

    def score(self, entry: Entry, metric: str | None = None) -> Interval:
        """Return a model's mean test score with its 95 % interval."""
        return interval(entry.scores(metric or self.metric), self.test_rows / self.train_rows)

    def against(self, first: Entry, second: Entry) -> Paired:
        """Hold two models against each other on the same splits."""
        one, other = (entry.scores(self.metric) for entry in (first, second))
        return paired(one, other, self.test_rows / self.train_rows)

    def best(self, side: str) -> Entry | None:
        """Return the model of a side that did best on the training rows; the first of equals."""
        return max(self._of(side), key=lambda entry: entry.validation, default=None)

    def _of(self, side: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.side == side]

    def twins(self) -> Iterator[tuple[Entry, Entry]]:
        """Yield every model that has an unentangled twin, with the twin."""
        by_name = {entry.name: entry for entry in self.entries}
        for entry in self._of(UNENTANGLED):
            if entry.entangled_name is not None:
                yield by_name[entry.entangled_name], entry

    @cached_property
    def verdict(self) -> str:
        """Sentences: whether a quantum model was ahead, and whether entanglement made a difference."""
        return " ".join(filter(None, (self._advantage(), self._entanglement(), self._reservation())))

    @property
    def advantage(self) -> bool:
        """Whether the best quantum model is significantly ahead of every classical one."""
        quantum, classical = self.best(QUANTUM), self._of(CLASSICAL)
        return quantum is not None and bool(classical) and not self._unbeaten(quantum)

    def _unbeaten(self, quantum: Entry) -> list[Entry]:
        found = []
        for entry in self._of(CLASSICAL):
            held = self.against(quantum, entry)
            if not (held.difference.mean > 0 and held.p < LEVEL):
                found.append(entry)
        return found

    def _advantage(self) -> str:
        quantum, classical = self.best(QUANTUM), self.best(CLASSICAL)
        if quantum is None or classical is None:
            return f"no verdict: no {QUANTUM if quantum is None else CLASSICAL} model was compared."
        held = self.against(quantum, classical)
        text = (
            f"best quantum {quantum.name} {self.score(quantum)}, best classical {classical.name} "
            f"{self.score(classical)}, difference {_signed(held.difference)} ({_p(held)})."
        )
        if self.advantage:
            return f"advantage: {text} It is significantly ahead of every classical model compared."
        ahead = held.difference.mean > 0 and held.p < LEVEL
        others = ", ".join(entry.name for entry in self._unbeaten(quantum))
        return f"no advantage: {text}" + (f" It is not significantly ahead of {others}." if ahead else "")

    def _entanglement(self) -> str:
        pairs = list(self.twins())
        if not pairs:
            return "" if self.best(QUANTUM) is None else "No model has an unentangled twin."
        held = [self.against(entry, other) for entry, other in pairs]
        corrected = holm([each.p if math.isfinite(each.p) else 1.0 for each in held])
        parts = [
            f"{entry.name} {_signed(each.difference)}, p = {p:.2g}"
            for (entry, _), each, p in zip(pairs, held, corrected, strict=True)
        ]
        matters = [each.difference.mean for each, p in zip(held, corrected, strict=True) if p < LEVEL]
        helps, hurts = (sum(sign * gap > 0 for gap in matters) for sign in (1, -1))
        listed = "; ".join(parts) + ("; p after Holm" if len(parts) > 1 else "")
        listed = f"(scores with entanglement minus without: {listed})"
        if not matters:
            return f"Entanglement makes no significant difference {listed}."
        shares = [
            f"{word} {count} of {len(pairs)}" for word, count in (("helps", helps), ("hurts", hurts)) if count
        ]
        return f"Entanglement {' and '.join(shares)} models {listed}."

    def _reservation(self) -> str:
        return f"Quick look with {self.seeds} splits: no basis for a statement." if self.quick else ""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A row per model, of plain values, for tables and JSON."""
        best = self.best(CLASSICAL)
        others = {entry.name: other for entry, other in self.twins()}
        return [self._row(entry, best, others.get(entry.name)) for entry in self.entries]

    def _row(self, entry: Entry, best_classical: Entry | None, unentangled: Entry | None) -> dict[str, Any]:
        score, cost = self.score(entry), entry.resources
        row: dict[str, Any] = {
            "model": entry.name,
            "side": entry.side,
            "metric": self.metric,
            "score": score.mean,
            "half_width": score.half_width,
            "scores": entry.scores(self.metric),
            "validation": entry.validation,
        }
        for metric in self.metrics:
            row[metric] = self.score(entry, metric).mean
        for name, other in (("best_classical", best_classical), ("unentangled", unentangled)):
            held = None if other is None or other is entry else self.against(entry, other)
            row[f"minus_{name}"] = None if held is None else held.difference.mean
            row[f"minus_{name}_half_width"] = None if held is None else held.difference.half_width
            row[f"p_{name}"] = None if held is None else held.p
            row[f"p_wilcoxon_{name}"] = None if held is None else held.p_wilcoxon
        for name in ("qubits", "depth", "two_qubit_gates", "weights", "shots"):
            row[name] = None if cost is None else getattr(cost, name)
        row["settings"] = entry.trials[0].settings
        row["chosen"] = [dict(trial.chosen) for trial in entry.trials]
        row["fit_s"] = median(trial.fit_s for trial in entry.trials)
        row["predict_s"] = median(trial.predict_s for trial in entry.trials)
        row["ceiling"] = self.ceiling
        return row

    def __str__(self) -> str:
        head = (
            f"{self.title}: {self.kind}, {self.seeds} splits of {self.train_rows:,} rows to learn from and "
            f"{self.test_rows:,} to test, {self.budget} settings per model{', QUICK' if self.quick else ''}"
        )
        cells = [self._cells(entry.label, row) for entry, row in zip(self.entries, self.rows, strict=True)]
        shown = [name for name in cells[0] if any(line[name] for line in cells)]
        lines = [shown, *([line[name] for name in shown] for line in cells)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(shown))]
        table = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([head, *table, *self._ceiling_line(), *self.notes, "", self.verdict])

    def _ceiling_line(self) -> list[str]:
        if self.ceiling is None:
            return []
        if self.metric != "accuracy" or self.ceiling == 1:
            return [f"ceiling {self.ceiling:.3f}"]
        rows = self.train_rows + self.test_rows
        chance = 1.96 * math.sqrt(self.ceiling * (1 - self.ceiling) / rows)
        return [f"ceiling {self.ceiling:.3f} on fresh rows; on {rows:,} given rows ± {chance:.3f} by chance"]

    def _cells(self, side: str, row: dict[str, Any]) -> dict[str, str]:
        found = {
            "model": row["model"],
            "side": side,
            self.metric: str(Interval(row["score"], row["half_width"])),
        }
        for metric in self.metrics:
            if metric != self.metric:
                found[metric.replace("_", " ")] = f"{row[metric]:.3f}"
        found["settings"] = str(row["settings"])
        names = {"qubits": "qubits", "depth": "depth", "two_qubit_gates": "2-qubit", "weights": "weights"}
        for name, heading in names.items():
            found[heading] = "" if row[name] is None else str(row[name])
        found["shots"] = "" if row["qubits"] is None else str(row["shots"] or "exact")
        found["fit s"], found["predict s"] = f"{row['fit_s']:.3g}", f"{row['predict_s']:.3g}"
        return found


def _signed(value: Interval) -> str:
    return f"{value.mean:+.3f} ± {value.half_width:.3f}".replace("-", "−")


def _p(held: Paired) -> str:
    return f"p = {held.p:.2g}, Wilcoxon {held.p_wilcoxon:.2g}"
