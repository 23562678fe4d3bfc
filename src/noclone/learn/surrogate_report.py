"""Learned rates and certificates side by side: how often above the truth, how tight, how fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from time import perf_counter
from typing import Any

import numpy as np

from noclone.learn.contenders import Contender
from noclone.learn.proven_points import Indices, ProvenPoints, Split
from noclone.learn.statistics import interval
from noclone.learn.surrogate_sides import Side, certificates, learned_rates, solver
from noclone.learn.surrogates import rate_models

PROVEN = 1000
"""Solver runs that every side may learn from."""
CALLS = 50
"""Single questions that are timed."""
SOLVED = 5
"""Questions that the solver itself is asked."""

FIGURES = ("over_estimates", "tightness_mean", "tightness_median", "tightness_low", "single_us", "batch_us")
"""Of each side: share of answers above the primal value; mean, median and 5 % quantile of the answer (0 if
negative) over the certified rate; wall time per question, asked one by one and all at once."""

Row = dict[str, Any]


def surrogate_report(
    points: ProvenPoints,
    seeds: Iterable[int] = range(5),
    proven: int = PROVEN,
    models: Iterable[Contender] | None = None,
) -> list[Row]:
    """Return a row per side, its `FIGURES` with the half-widths of 95 % intervals over the seeds.

    Parameters
    ----------
    points : ProvenPoints
    seeds : iterable of int
        One random split into proven points and tests each.
    proven : int
        Points that every side learns from; the same for all.
    models : iterable of Contender, optional
        Of the rate; `rate_models` by default.

    Returns
    -------
    list of dict
        ``validity`` says why answers are no over-estimates: ``"by construction"``, or only as far as
        ``"measured"``.
    """
    known = tuple(rate_models() if models is None else models)
    return summary([row for seed in seeds for row in trial(points, points.alike(seed, proven), seed, known)])


def trial(points: ProvenPoints, split: Split, seed: int, models: Iterable[Contender]) -> Iterator[Row]:
    """Yield the figures of every side for one split."""
    have, test = split
    for contender in models:
        for side in learned_rates(points, contender, have, seed):
            yield figures(points, side, test) | {"seed": seed, "proven": len(have)}
    for side in certificates(points, have, seed):
        yield figures(points, side, test) | {"seed": seed, "proven": len(have)}
    yield figures(points, solver(points), test[:SOLVED]) | {"seed": seed, "proven": len(have)}


def figures(points: ProvenPoints, side: Side, test: Indices) -> Row:
    """Return what a side's answers at test points are worth, and how long they take."""
    start = perf_counter()
    found = side.many(test)
    batch = (perf_counter() - start) / len(test)
    times = []
    for i in test[:CALLS]:
        start = perf_counter()
        side.one(int(i))
        times.append(perf_counter() - start)
    tightness = np.maximum(found, 0) / points.known.rates[test]
    return {
        "detection": points.detection,
        "side": side.name,
        "validity": side.validity,
        "tested": len(test),
        "over_estimates": float(np.mean(found > points.known.uppers[test])),
        "tightness_mean": float(tightness.mean()),
        "tightness_median": float(np.median(tightness)),
        "tightness_low": float(np.quantile(tightness, 0.05)),
        "single_us": 1e6 * float(np.median(times)),
        "batch_us": 1e6 * batch,
    }


def summary(trials: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return a row per side of trials that differ in their seed only."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for each in trials:
        groups.setdefault(each["side"], []).append(each)
    rows = []
    for side, group in groups.items():
        row = {"side": side, "validity": group[0]["validity"], "seeds": len(group)}
        ratio = float(group[0]["tested"]) / float(group[0]["proven"])
        for name in FIGURES:
            held = interval([float(each[name]) for each in group], ratio)
            row[name], row[f"{name}_half_width"] = held.mean, held.half_width
        rows.append(row)
    return rows
