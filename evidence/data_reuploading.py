"""Train the data re-uploading classifier and the perceptron of arXiv:2403.07059 on its data, and compare.

Models, hyperparameters and stopping rules are those of the published rows; every fit is a line of
results/data_reuploading.csv. The paper's rows have five seeds. Resumes where it stopped.

    python evidence/data_reuploading.py           five seeds
    python evidence/data_reuploading.py 40        more of them, for a closer look at our side
"""

from __future__ import annotations

import ast
import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from noclone.models.variational_classifier import VariationalClassifier

DATA = Path(__file__).parent.parent / "tests" / "models" / "bowles_2024"
RESULTS = Path(__file__).parent / "results" / "data_reuploading.csv"
FIELDS = ("data_set", "model", "seed", "train_accuracy", "test_accuracy", "steps", "cpu_s")
MODELS = ("DataReuploadingClassifier", "MLPClassifier")
PAPER_SEEDS = 5


def model(name: str, setting: dict[str, str], seed: int) -> Any:
    """Return the model of a published row, with its hyperparameters."""
    if name == "MLPClassifier":  # the paper's defaults: inputs as they are, at most 3000 epochs
        given = {key: ast.literal_eval(value) for key, value in setting.items()}
        return MLPClassifier(**given, max_iter=3000, random_state=seed)
    return VariationalClassifier(
        ansatz="reuploading",
        layers=int(setting["n_layers"]),
        loss="weighted-fidelity",
        readout={"single": "few", "full": "all"}[setting["observable_type"]],
        learning_rate=float(setting["learning_rate"]),
        batch_size=int(setting["batch_size"]),
        max_iter=10_000,
        tol=0.0,
        patience=200,
        random_state=seed,
    )


def published() -> list[Any]:
    """Return the published rows whose data are at hand."""
    rows = json.loads((DATA / "reference.json").read_text())
    return [row for row in rows if row[1] in MODELS and (DATA / f"{row[0]}.npz").exists()]


def fitted(name: str, kind: str, setting: dict[str, str], seed: int) -> dict[str, object]:
    """Return the line of one fit."""
    data = np.load(DATA / f"{name}.npz")
    clock = time.process_time()
    trained = model(kind, setting, seed).fit(data["Xtr"], data["ytr"])
    return {
        "data_set": name,
        "model": kind,
        "seed": seed,
        "train_accuracy": f"{trained.score(data['Xtr'], data['ytr']):.6f}",
        "test_accuracy": f"{trained.score(data['Xte'], data['yte']):.6f}",
        "steps": trained.n_iter_,
        "cpu_s": f"{time.process_time() - clock:.2f}",
    }


def main(seeds: int) -> None:
    """Run what is missing, then print each row beside the paper's."""
    done: dict[tuple[str, str, int], float] = {}
    if RESULTS.exists():
        with RESULTS.open() as file:
            for line in csv.DictReader(file):
                key = (line["data_set"], line["model"], int(line["seed"]))
                done[key] = float(line["test_accuracy"])
    else:
        RESULTS.write_text(",".join(FIELDS) + "\n")
    with RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        for name, kind, _, _, _, _, setting in published():
            for seed in range(seeds):
                if (name, kind, seed) not in done:
                    line = fitted(name, kind, setting, seed)
                    writer.writerow(line)
                    file.flush()
                    done[name, kind, seed] = float(str(line["test_accuracy"]))
    for name, kind, _, mean, spread, count, _ in published():
        ours = np.array([done[name, kind, seed] for seed in range(seeds)])
        # standard error of the difference of two means, with at least one test sample of spread
        error = np.hypot(max(spread, 1 / 60) / count**0.5, max(ours.std(), 1 / 60) / seeds**0.5)
        print(
            f"{name:34} {kind:26} ours {ours.mean():.4f} ± {ours.std():.4f} ({seeds} seeds), "
            f"published {mean:.4f} ± {spread:.4f} ({count}), "
            f"{(ours.mean() - mean) / error:+.1f} standard errors apart"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PAPER_SEEDS)
