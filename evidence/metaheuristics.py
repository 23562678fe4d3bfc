"""Race the heuristic searches on a real key rate: evaluations to 99 % of the optimum, for every seed.

    python evidence/metaheuristics.py

The key rate of decoy BB84 with one decoy over 80 km (preset rusca-2018, finite key), maximised over its four
free parameters: both intensities, their shares, and the basis bias. The optimum is that of `noclone.tune`;
differential evolution and a long CMA-ES must not find a better one. Searches start at random points, and
again at the preset's own round values. Rows go to evidence/results/metaheuristics.csv, the median course to
docs/images/metaheuristics.svg. A few minutes on one core.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.optimize import differential_evolution

import noclone as nc
from noclone.core.files import write_atomically
from noclone.core.seeds import stream
from noclone.optimise import tune
from noclone.optimise.decoy_bb84 import FreeParameters
from noclone.optimise.links import Links
from noclone.optimise.metaheuristics import (
    Found,
    ant_colony,
    gravitational_search,
    heuristics,
    search,
    searches,
)
from noclone.report.canvas import AMBER, BLUE, GREEN, INK, MUTED, PURPLE, VERMILION, sheet

Floats = NDArray[np.float64]

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "metaheuristics.csv"
PICTURE = HERE.parent / "docs" / "images" / "metaheuristics.svg"
SEEDS = range(30)
EVALUATIONS = 2000
LENGTH_KM = 80.0
ENOUGH = 0.99
"""Share of the optimum that counts as reached."""
VARIANTS = {
    "gravitational-search, parameters of its paper": (
        partial(gravitational_search.propose, agents=50, gravity=0.5, fading=20.0),
        (EVALUATIONS, 50_000),
    ),
    "ant-colony, locality for many tops": (partial(ant_colony.propose, locality=0.1), (EVALUATIONS,)),
}
"""Published parameters that are not our defaults, and the budgets to try them with."""
LOOKS = {
    "particle-swarm": (BLUE, "-"),
    "quantum-particle-swarm": (BLUE, "--"),
    "migrating-quantum-particle-swarm": (BLUE, ":"),
    "ant-colony": (GREEN, "-"),
    "bat": (GREEN, "--"),
    "fruit-fly": (GREEN, ":"),
    "genetic": (PURPLE, "-"),
    "simulated-annealing": (AMBER, "-"),
    "gravitational-search": (AMBER, "--"),
    "cma-es": (VERMILION, "--"),
    "nelder-mead": (VERMILION, "-"),
    "random points": (MUTED, "-"),
}


class KeyRate:
    """Secret bits per pulse at points (n, 4) of the box; counts the points, and the calls."""

    def __init__(self) -> None:
        self.setup = nc.load("rusca-2018").replace({"channel.length_km": LENGTH_KM})
        self.free = FreeParameters.of(self.setup)
        self.low, self.high = self.free.box.T
        self.calls = self.points = 0
        self._links = Links(
            nc.Grid.over(self.setup, {}), pulses=None, sifted_bits=None, asymptotic=False, bound=None
        )

    def __call__(self, points: Floats) -> Floats:
        """Return the rates (n,)."""
        self.calls += 1
        self.points += len(points)
        rate: Floats = self._links.rate(np.array([0]), self.free.fields(points[None])).rate_per_pulse[0]
        return rate


def cost(key_rate: KeyRate, name: str) -> dict[str, object]:
    """Return in how many calls one search alone asks, and the processor time that it takes."""
    calls, cpu = key_rate.calls, time.process_time()
    search(name, key_rate, key_rate.low, key_rate.high, evaluations=EVALUATIONS, seed=1)
    return {"calls": key_rate.calls - calls, "cpu_s": round(time.process_time() - cpu, 2)}


def optimum(key_rate: KeyRate) -> tuple[float, list[dict[str, object]]]:
    """Return the best rate known, and the rows of those who looked for it."""
    tune(key_rate.setup)  # so that what is loaded on first use is not timed
    cpu = time.process_time()
    tuned = tune(key_rate.setup)
    cpu = time.process_time() - cpu
    best = float(tuned.rate_after)
    before = key_rate.points
    evolved = differential_evolution(
        lambda x: -key_rate(x.T) if x.ndim == 2 else -key_rate(x[None])[0],
        list(zip(key_rate.low, key_rate.high, strict=True)),
        rng=stream(0, "differential-evolution"),
        popsize=50,
        maxiter=300,
        tol=1e-12,
        vectorized=True,
        updating="deferred",
        polish=False,
    )
    evolutions = key_rate.points - before
    adapted = searches(
        "cma-es", key_rate, key_rate.low, key_rate.high, evaluations=20_000, seeds=[100, 101, 102]
    )
    rows: list[dict[str, object]] = [
        {
            "search": "noclone tune",
            "evaluations": tuned.evaluations,
            "highest_share": 1.0,
            "cpu_s": round(cpu, 2),
        },
        {
            "search": "SciPy differential evolution, long",
            "evaluations": evolutions,
            "highest_share": round(-evolved.fun / best, 10),
        },
        {
            "search": "cma-es, long",
            "evaluations": 20_000,
            "seeds": 3,
            "highest_share": round(max(run.value for run in adapted) / best, 10),
        },
    ]
    return best, rows


def random_points(key_rate: KeyRate, start: Floats | None) -> list[Found]:
    """Return what points drawn at random find."""
    runs = []
    for seed in SEEDS:
        rng = stream(seed, "random points")
        points = rng.uniform(key_rate.low, key_rate.high, (EVALUATIONS, len(key_rate.low)))
        if start is not None:
            points[0] = start
        values = key_rate(points)
        best = int(values.argmax())
        runs.append(Found(points[best], float(values[best]), EVALUATIONS, np.maximum.accumulate(values)))
    return runs


def race(key_rate: KeyRate, start: Floats | None) -> Iterator[tuple[str, list[Found]]]:
    """Yield every heuristic's searches."""
    low, high = key_rate.low, key_rate.high
    for name in heuristics():
        yield (
            name,
            searches(name, key_rate, low, high, evaluations=EVALUATIONS, seeds=SEEDS, start=start),
        )
    yield "random points", random_points(key_rate, start)


def row(name: str, start: str, runs: list[Found], best: float) -> dict[str, object]:
    """Return what the seeds of one heuristic did."""
    needed = [run.evaluations_to(ENOUGH * best) for run in runs]
    reached = [count for count in needed if count is not None]
    shares = [run.value / best for run in runs]
    return {
        "search": name,
        "start": start,
        "evaluations": runs[0].evaluations,
        "seeds": len(runs),
        "reached": len(reached),
        "median_to_99": float(np.median(reached)) if reached else "",
        "most_to_99": max(reached, default=""),
        "lowest_share": round(min(shares), 10),
        "highest_share": round(max(shares), 10),
    }


def draw(courses: dict[str, dict[str, Floats]]) -> None:
    """Draw the median shortfall after each evaluation; one panel per start."""
    with sheet(7.4, facecolor="white") as figure:
        panels = figure.subplots(2, 1, sharex=True)
        for axes, (start, curves) in zip(panels, courses.items(), strict=True):
            panel(axes, curves)
            axes.set_title(f"from {start}", loc="left")
        panels[0].annotate(
            "99 % of the optimum", (5.3, 1 - ENOUGH), (0, 3), textcoords="offset points", fontsize=8
        )
        panels[-1].set_xlabel("key rates evaluated")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", fontsize=8)
        write_atomically(PICTURE, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))


def panel(axes: Axes, curves: dict[str, Floats]) -> None:
    """Draw shortfalls against evaluations."""
    evaluations = np.arange(1, EVALUATIONS + 1)
    for name, shortfall in curves.items():
        colour, line = LOOKS[name]
        label = name.replace("migrating-quantum-", "migrating-quantum-\n")
        axes.plot(evaluations, shortfall, color=colour, ls=line, lw=1.4, label=label)
    axes.axhline(1 - ENOUGH, color=INK, lw=0.8)
    axes.set(xscale="log", yscale="log", xlim=(5, EVALUATIONS), ylim=(1e-6, 1.2))
    axes.set_ylabel("key that is missing, median")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.xaxis.set_major_formatter(lambda count, _: f"{count:g}")


def main() -> None:
    """Race, write the table, draw."""
    key_rate = KeyRate()
    best, rows = optimum(key_rate)
    print(f"optimum: {best:.10g} bits per pulse")
    starts = {"random points": None, "the preset's parameters": key_rate.free.coordinates(key_rate.setup)}
    courses: dict[str, dict[str, Floats]] = {}
    for label, start in starts.items():
        courses[label] = {}
        for name, runs in race(key_rate, start):
            rows.append(row(name, label, runs, best))
            if start is None and name in heuristics():
                rows[-1] |= cost(key_rate, name)
            middle = np.median([run.curve for run in runs], axis=0)
            courses[label][name] = np.maximum(1 - middle / best, 1e-12)
            print({key: value for key, value in rows[-1].items() if key != "evaluations"}, flush=True)

    for name, (propose, budgets) in VARIANTS.items():
        for evaluations in budgets:
            runs = searches(
                propose, key_rate, key_rate.low, key_rate.high, evaluations=evaluations, seeds=SEEDS
            )
            rows.append(row(name, "random points", runs, best))
            print(rows[-1], flush=True)

    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[3]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(RESULTS, lambda file: file.write(text.getvalue().encode()))
    draw(courses)


if __name__ == "__main__":
    main()
