"""Write the generated parts of the documentation: `make docs`.

Pages of the protocols and the models, the gallery, the agreement table, the experiments, attacks beside the
bounds, the comparison of all protocols, and what errors and decoys show of photon-number splitting; each from
what the code declares and computes, so that none can say something else than the code.
"""

import ast
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from noclone.agreement import agree, experiments
from noclone.agreement.attacks import attacks_table
from noclone.cli.agree import shown as agreement_cells
from noclone.cli.experiments import drawn, shown
from noclone.learn.adaptive import summary
from noclone.learn.leaderboard import board_tasks
from noclone.optimise import curves
from noclone.protocols import protocols
from noclone.report import comparison_figure, write_pages
from noclone.report.attacks_figure import attacks_figure
from noclone.report.attacks_page import attacks_page
from noclone.report.blind_watcher_figure import blind_and_seeing, blind_watcher_figure
from noclone.report.leaderboard_figure import leaderboard_figure
from noclone.report.leaderboard_page import leaderboard_page
from noclone.report.model_page import write_model_pages
from noclone.report.robustness_page import robustness_page
from noclone.setup import typical

DOCS = Path(__file__).parent
RESULTS = DOCS.parent / "evidence" / "results"


def markdown(rows: list[dict[str, str]]) -> str:
    """Return rows as a Markdown table."""
    heads = list(rows[0])
    lines = [
        heads,
        ["---"] * len(heads),
        *([row[head].replace("|", "\\|") for head in heads] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def agreement() -> None:
    """Run the agreement test and write its table."""
    rows = agree(workers=2)
    text = (
        "# Every protocol agrees with itself\n\n"
        "Written by `make docs`; `noclone agree` prints the same. Each protocol runs on setups spread over "
        "its reach, with all numbers of its devices varied at random. On each of them no rate may exceed the "
        "capacity of the channel (PLOB, or that of one repeater for protocols with a relay), finite keys "
        "must stay below the asymptotic one and tend to it, and rounds played one by one must agree with the "
        "statistics from which the rate follows, with a family-wise error of 1e-4 over the whole table. "
        "Where a protocol declares what a proof needs, the certified rate for devices without flaws stands "
        "beside the protocol's closed form, in bits per kept bit: never above it and within the solver's gap "
        "of it, or, where the closed form uses few of the statistics (B92, SARG04), not below it.\n\n"
        + markdown([agreement_cells(row) for row in rows])
        + f"\n{sum(row['statistics'] for row in rows):,} statistics on {sum(row['setups'] for row in rows)} "
        "setups.\n"
    )
    for row in rows:
        text += "".join(f"\n- {fault}" for fault in row["faults"])
    (DOCS / "agreement.md").write_text(text, encoding="utf-8")
    if not all(row["passed"] for row in rows):
        raise SystemExit("error: a protocol does not agree with itself; see docs/agreement.md")


def attacks_and_bounds() -> None:
    """Run all attacks beside the bounds and write their page and picture."""
    rows = attacks_table()
    (DOCS / "attacks.md").write_text(attacks_page(rows), encoding="utf-8")
    attacks_figure(rows, DOCS / "images" / "attacks.svg")
    if not all(row.sound for row in rows):
        raise SystemExit("error: an attack inside the assumptions beats its bound; see docs/attacks.md")


def experiment_table() -> None:
    """Write the experiments beside the models, and their picture."""
    rows = experiments()
    text = (
        "# Experiments against the models\n\n"
        "Written by `make docs`; `noclone experiments` prints the same. An experiment whose publication "
        "gives every parameter that the model needs is a preset and must not exceed the model; any other "
        "must not exceed the capacity of its channel, and the row says what is left open.\n\n"
        "![all experiments with a rate and a loss](images/experiments.svg)\n\n"
        + markdown([shown(row) for row in rows])
    )
    (DOCS / "experiments.md").write_text(text, encoding="utf-8")
    drawn(DOCS / "images" / "experiments.svg")


def peers() -> None:
    """Collect what the tests against other packages say of agreement and disagreement."""
    text = (
        "# Where others agree, and where not\n\n"
        "Written by `make docs` from the tests in `tests/peers`, which run `qkd` 0.2.0 and `qosst-skr` 0.10 "
        "beside noclone on at least 200 random sets of parameters each, to 1e-6.\n"
    )
    for path in sorted((DOCS.parent / "tests" / "peers").glob("test_*.py")):
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        head, _, rest = words.partition("\n")
        text += f"\n## {head.rstrip('.')}\n{rest}\n"
    (DOCS / "peers.md").write_text(text, encoding="utf-8")


def gallery() -> None:
    """Run every example of the gallery and write what it prints and draws beside its code."""
    text = (
        "# Gallery\n\nEach example is a file in `docs/gallery` that runs as it stands; `make docs` runs them "
        "all and writes this page: the code, what it printed, and the picture it drew.\n"
    )
    for path in sorted((DOCS / "gallery").glob("[0-9]*.py")):
        source = path.read_text(encoding="utf-8")
        title, _, words = (ast.get_docstring(ast.parse(source)) or "").partition("\n")
        code = source.split('"""\n', 2)[-1].strip()
        printed = run_example(path, DOCS / "gallery")
        text += f"\n## {title.rstrip('.')}\n{words}\n\n```python\n{code}\n```\n\n```\n{printed}```\n"
        if path.with_suffix(".svg").exists():
            text += f"\n![{title.rstrip('.')}](gallery/{path.stem}.svg)\n"
    (DOCS / "gallery.md").write_text(text, encoding="utf-8")


def learning() -> None:
    """Write what the evidence on learning models says, from its tables."""
    results = DOCS.parent / "evidence" / "results"

    def table(name: str) -> list[dict[str, str]]:
        with open(results / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    verdicts = {row["task"]: row["verdict"] for row in table("comparison.csv")}
    paper = json.loads((DOCS.parent / "tests/models/bowles_2024/reference.json").read_text(encoding="utf-8"))
    stored = {(row[0], row[1]): row[3:5] for row in paper}
    found: dict[tuple[str, str], list[float]] = {}
    for row in table("data_reuploading.csv"):
        found.setdefault((row["data_set"], row["model"]), []).append(float(row["test_accuracy"]))

    def spread(scores: list[float]) -> str:
        return f"{np.mean(scores):.3f} ± {np.std(scores):.3f}"

    rows = [
        {
            "data set": data_set,
            "model": model,
            "published": "{:.3f} ± {:.3f}".format(*stored[data_set, model]),
            "ours, 5 seeds": spread(scores[:5]),
            "ours, all seeds": f"{spread(scores)} ({len(scores)})",
        }
        for (data_set, model), scores in sorted(found.items())
    ]
    text = (
        "# What the learning models are worth\n\n"
        "Written by `make docs` from the tables in `evidence/results`, which `make evidence` makes.\n\n"
        "## Quantum against classical, with equal budgets\n\n"
        "`python evidence/comparison.py`: five splits, four settings per model and split, every quantum "
        "model with its twin without entanglement. The verdicts as printed:\n\n"
        + markdown([{"task": task, "verdict": verdict} for task, verdict in sorted(verdicts.items())])
        + "\n## Published accuracies, again\n\n"
        "`python evidence/data_reuploading.py`: test accuracy, mean ± standard deviation over seeds, beside "
        "the rows published with arXiv:2403.07059 (five seeds). The kernel rows are exact and are tests. For "
        "data re-uploading on `linearly_separable_10d` both our mean and the paper's own code, run again "
        "with today's libraries (qml-benchmarks 0bbf848, `qml.broadcast` put back, `max_vmap` 32: 0.943 ± "
        "0.040 over seeds 0 to 4), lie above the published row.\n\n" + markdown(rows)
    )
    (DOCS / "learning.md").write_text(text, encoding="utf-8")


def run_example(path: Path, folder: Path) -> str:
    """Run an example in a process of its own, in this folder, and return what it printed."""
    done = subprocess.run([sys.executable, path], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def comparison() -> None:
    """Draw all protocols that are not broken, tuned, against the loss of the channel."""
    names = [name for name, kind in protocols().items() if not kind.BROKEN]
    lengths_km = np.linspace(0, 450, 46)
    comparison_figure(curves(typical("decoy-bb84"), names, lengths_km), DOCS / "images" / "protocols.svg")


_UNITS = {
    "optimal-individual-attack": "Eve's bits per sifted bit of BB84 at an error rate of 11 %; the ceiling is "
    "Fuchs's bound. No security threshold: see the learned attack",
    "eve-at-fixed-checkpoints, noise 0.01": "Eve's earnings per session: bits less the cost of alarms",
    "eve-at-random-checkpoints, noise 0.01": "the same where the checkpoints are random",
    "eve-with-laboratory-hardware": "share of the honest finite key that is kept and secret, by guard "
    "and its rate of false alarms",
    "eve-with-field-hardware": "the same with Eve's field hardware",
    "eve-with-coarse-hardware": "the same with Eve's coarse hardware",
}
"""Played tasks that the leaderboard shows, and what their scores are."""


def leaderboard() -> None:
    """Write the leaderboard's page and picture from the committed results."""
    results = [json.loads((RESULTS / "leaderboard" / f"{name}.json").read_text()) for name in board_tasks()]
    learned = json.loads((RESULTS / "learned_attack.json").read_text())["leaderboard"]
    played = summary.leaderboard(json.loads((RESULTS / "adaptive.json").read_text()))
    players = [{**row, "unit": _UNITS[row["task"]]} for row in (*learned, *played) if row["task"] in _UNITS]
    (DOCS / "leaderboard.md").write_text(leaderboard_page(results, players), encoding="utf-8")
    leaderboard_figure(results, DOCS / "images" / "leaderboard.svg")


def robustness() -> None:
    """Write the page on what watchers were not prepared for from the committed results."""
    rows, flows = (json.loads((RESULTS / f"{name}.json").read_text()) for name in ("robustness", "intrusion"))
    (DOCS / "robustness.md").write_text(robustness_page(rows, flows), encoding="utf-8")


if __name__ == "__main__":
    leaderboard()
    write_pages(DOCS / "protocols")
    write_model_pages(DOCS / "models")
    gallery()
    learning()
    peers()
    comparison()
    blind_watcher_figure(blind_and_seeing(), DOCS / "images" / "pns-blind.svg")
    attacks_and_bounds()
    experiment_table()
    agreement()
    robustness()
