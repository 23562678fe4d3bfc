"""Learned key rates and certificates side by side, on quaternary modulation.

    python evidence/surrogates.py          # what is missing, then the tables
    python evidence/surrogates.py report   # the tables only

One row per detection, kind of test, split and side in ``evidence/results/surrogates.csv``; it resumes where
it stopped. The tables are those of ``docs/surrogates.md``.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from noclone.core.files import write_bytes
from noclone.learn.proven_points import ProvenPoints
from noclone.learn.statistics import paired
from noclone.learn.surrogate_report import FIGURES, PROVEN, summary, trial
from noclone.learn.surrogate_sides import CONSTRUCTION, MEASURED
from noclone.learn.surrogates import rate_models
from noclone.learn.tasks.quaternary_key_rates import key_rates

RESULTS = Path(__file__).parent / "results" / "surrogates.csv"
DETECTIONS, SEEDS = ("homodyne", "heterodyne"), 5
PAIRS = (
    ("variational-regressor, margin", "variational-regressor, unentangled, margin"),
    ("variational-regressor, margin", "cubic-ridge, margin"),
    ("likest state of 1000", "likest state of 1000, unentangled"),
    ("likest state of 1000", "nearest of 1000"),
    ("mlp's choice of 100", "best of 100"),
    ("best of 1000", "cubic-ridge, margin"),
)
"""Held against each other split by split, by the mean share of the certified rate."""
TESTS = {"alike": ProvenPoints.alike, "noisier": ProvenPoints.noisier}
COLUMNS = ("detection", "tests", "seed", "side", "validity", "proven", "tested", *FIGURES)


def load() -> list[dict[str, str]]:
    """Return the rows measured so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def save(rows: list[dict[str, Any]]) -> None:
    """Write all rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(RESULTS, text.getvalue().encode())


def measure() -> None:
    """Run every split that has no rows yet."""
    for detection in DETECTIONS:
        points = ProvenPoints(detection, key_rates(detection))
        for seed in range(SEEDS):
            for tests, split in TESTS.items():
                wanted = (detection, tests, str(seed))
                rows: list[dict[str, Any]] = [*load()]
                if any((row["detection"], row["tests"], row["seed"]) == wanted for row in rows):
                    continue
                print(*wanted, flush=True)
                for row in trial(points, split(points, seed, PROVEN), seed, rate_models()):
                    shown = {name: f"{row[name]:.6g}" for name in FIGURES}
                    rows.append(row | shown | {"tests": tests})
                save(rows)


def table(detection: str, tests: str) -> str:
    """Return a Markdown table: means over splits with the half-widths of their 95 % intervals."""
    held = [row for row in load() if (row["detection"], row["tests"]) == (detection, tests)]
    heads = ("answer", "above the truth", "mean", "median", "5 % quantile", "µs, one", "µs, many")
    lines: list[Sequence[str]] = [heads, ["---"] * len(heads)]
    for row in summary(held):
        width = f"± {row['over_estimates_half_width']:.2%}"
        above = f"{row['over_estimates']:.2%} {width if row['validity'] == MEASURED else CONSTRUCTION}"
        tight = [f"{row[name]:.3f} ± {row[f'{name}_half_width']:.3f}" for name in FIGURES[1:4]]
        times = [f"{row[name]:.2g}" if row[name] < 10 else f"{row[name]:,.0f}" for name in FIGURES[4:]]
        lines.append([row["side"], above, *tight, *times])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def differences() -> str:
    """Return a Markdown table of differences of mean tightness, paired by split."""
    heads = ("first", "second", *(f"{detection}, {tests}" for detection in DETECTIONS for tests in TESTS))
    lines: list[Sequence[str]] = [heads, ["---"] * len(heads)]
    for pair in PAIRS:
        cells = [_difference(detection, tests, *pair) for detection in DETECTIONS for tests in TESTS]
        lines.append([*pair, *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _difference(detection: str, tests: str, *pair: str) -> str:
    groups = [
        [row for row in load() if (row["detection"], row["tests"], row["side"]) == (detection, tests, side)]
        for side in pair
    ]
    first, second = ([float(row["tightness_mean"]) for row in group] for group in groups)
    held = paired(first, second, int(groups[0][0]["tested"]) / PROVEN)
    return f"{held.difference.mean:+.3f} ± {held.difference.half_width:.3f} (p = {held.p:.2g})"


def main() -> None:
    """Measure what is missing and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("report",))
    if parser.parse_args().what is None:
        measure()
    for detection in DETECTIONS:
        for tests in TESTS:
            print(f"{detection}, {tests}\n\n{table(detection, tests)}")
    print(differences())
    bounds = [row for row in load() if row["validity"] == CONSTRUCTION]
    above = sum(float(row["over_estimates"]) * int(row["tested"]) for row in bounds)
    print(f"{sum(int(row['tested']) for row in bounds):,} bounds, {above:.0f} above the primal value")


if __name__ == "__main__":
    main()
