"""Quantum and classical models on the data sets from outside: equal search, five splits, every twin.

    python evidence/comparison.py          # what is missing, then the table
    python evidence/comparison.py report   # the table only

One row per task and model in ``evidence/results/comparison.csv``; a task that is there with the same
settings is not run again. The verdict of each task is printed from the run, and kept in its rows.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from pathlib import Path
from time import process_time
from typing import Any

from noclone.core.files import write_bytes
from noclone.learn import Contender, all_tasks, compare
from noclone.learn.contenders import QUANTUM
from noclone.models.kernel_classifier import QuantumKernelClassifier
from noclone.models.nearest_neighbours import QuantumNearestNeighbours
from noclone.models.variational_classifier import VariationalClassifier

RESULTS = Path(__file__).parent / "results" / "comparison.csv"
TASKS = (
    "linearly-separable",
    "two-curves",
    "hidden-manifold",
    "bars-and-stripes",
    "iris",
    "wine",
    "breast-cancer",
)
BUDGET, SEEDS, SEED = 4, 5, 1
SETTINGS = f"budget {BUDGET}, splits {SEEDS}, seed {SEED}"
COLUMNS = (
    *("task", "settings", "model", "side", "score", "half_width", "validation", "ceiling"),
    *("minus_best_classical", "p_best_classical", "p_wilcoxon_best_classical"),
    *("minus_unentangled", "p_unentangled", "p_wilcoxon_unentangled"),
    *("qubits", "depth", "two_qubit_gates", "weights", "fit_s", "predict_s", "scores", "chosen"),
    *("advantage", "cpu_s", "notes", "verdict"),
)


def models() -> list[Contender]:
    """Return the quantum models, each with as many settings.

    The two kernels are two models. Nearest neighbours are there twice: free to choose their feature map, and
    with the IQP map only, as entanglement cancels in the angle map and cannot be left out of amplitudes.
    """
    kernels = _without(QuantumKernelClassifier.SPACE, "kernel")
    neighbours = _without(QuantumNearestNeighbours.SPACE, "feature_map")
    return [
        Contender("quantum-kernel", QuantumKernelClassifier(kernel="fidelity"), kernels, QUANTUM),
        Contender("projected-kernel", QuantumKernelClassifier(kernel="projected"), kernels, QUANTUM),
        Contender.of(VariationalClassifier()),
        Contender.of(QuantumNearestNeighbours()),
        Contender("nearest-neighbours-iqp", QuantumNearestNeighbours(feature_map="iqp"), neighbours, QUANTUM),
    ]


def _without(space: dict[str, list[Any]], name: str) -> dict[str, list[Any]]:
    return {key: values for key, values in space.items() if key != name}


def load() -> list[dict[str, str]]:
    """Return the rows measured so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def save(table: list[dict[str, Any]]) -> None:
    """Write all rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    RESULTS.parent.mkdir(exist_ok=True)
    write_bytes(RESULTS, text.getvalue().encode())


def measure(name: str) -> list[dict[str, Any]]:
    """Run one task in this process and return its rows."""
    task = all_tasks()[name]
    data = task.draw(SEED)
    ceiling = None if task.ceiling is None else task.ceiling(SEED)
    start = process_time()
    found = compare(models(), data.X, data.y, BUDGET, SEEDS, ceiling=ceiling, title=name, seed=SEED)
    common = {
        "task": name,
        "settings": SETTINGS,
        "advantage": found.advantage,
        "cpu_s": f"{process_time() - start:.1f}",
        "notes": " ".join(found.notes),
        "verdict": found.verdict,
    }
    return [
        {column: _cell(each[column]) for column in COLUMNS if column in each} | common for each in found.rows
    ]


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value) if isinstance(value, list) else value


def report() -> None:
    """Print scores by task and model, and every verdict."""
    table = [row for row in load() if row["settings"] == SETTINGS]
    for name in dict.fromkeys(row["task"] for row in table):
        rows = [row for row in table if row["task"] == name]
        ceiling = f", ceiling {float(rows[0]['ceiling']):.3f}" if rows[0]["ceiling"] else ""
        print(f"{name} ({rows[0]['cpu_s']} CPU s{ceiling})")
        for row in rows:
            score = f"{float(row['score']):.3f} ± {float(row['half_width']):.3f}"
            print(f"  {row['model']:<42}{score}  fit {float(row['fit_s']):.3g} s")
        print(f"  {rows[0]['notes']}\n  {rows[0]['verdict']}\n")
    ahead = {row["task"] for row in table if row["advantage"] == "True"}
    print(f"{len(ahead)} of {len({row['task'] for row in table})} tasks with a quantum advantage")


def main() -> None:
    """Measure what is missing and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("report",))
    if parser.parse_args().what is None:
        for name in TASKS:
            if not any(row["task"] == name and row["settings"] == SETTINGS for row in load()):
                print(f"{name} …", flush=True)
                save([row for row in load() if row["task"] != name] + measure(name))
    report()


if __name__ == "__main__":
    main()
