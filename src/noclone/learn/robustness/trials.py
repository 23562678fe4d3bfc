"""What came of one test of one watcher with one seed, and means of it over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from noclone.learn.statistics import interval

EXTRAS = ("subset_accuracy", "hamming_loss", "micro_f1", "drop")


@dataclass(frozen=True)
class Trial:
    """One test.

    Attributes
    ----------
    test : {"unknown", "coexisting", "drifting", "evasion"}
    attack : str
    case : str
        What was done besides.
    tpr, far : float
        Share of attacked and of normal windows that raised the alarm.
    extras : mapping
        What only some tests and watchers have, by the names in `EXTRAS`.
    """

    test: str
    attack: str
    case: str
    tpr: float
    far: float
    extras: dict[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def summary(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return means over seeds with the half widths of 95 % intervals (Student's t; seeds are independent).

    Parameters
    ----------
    trials : sequence of Trial
        Of one test, attack and case, one per seed.

    Examples
    --------
    >>> found = summary([Trial("unknown", "a", "left out", tpr, 0.01) for tpr in (0.8, 0.9, 1.0)])
    >>> round(found["tpr"], 3), round(found["half_width"], 3), found["seeds"]
    (0.9, 0.248, 3)
    """
    first = trials[0]
    tpr = interval([each.tpr for each in trials], 0.0)
    far = interval([each.far for each in trials], 0.0)
    found: dict[str, Any] = {
        "test": first.test,
        "attack": first.attack,
        "case": first.case,
        "tpr": tpr.mean,
        "half_width": tpr.half_width,
        "far": far.mean,
        "far_half_width": far.half_width,
        "seeds": len(trials),
    }
    for name in EXTRAS:
        if name in first.extras:
            each = interval([trial.extras[name] for trial in trials], 0.0)
            found |= {name: each.mean, f"{name}_half_width": each.half_width}
    return found
