"""Intrusion detection on NSL-KDD: its own split beside a random one, and quantum models with 400 flows.

    python evidence/intrusion.py FOLDER    # what is missing, then the table
    python evidence/intrusion.py           # the table only

FOLDER holds KDDTest+.txt and KDDTrain+_20Percent.txt, which are not part of noclone. Every line of
``evidence/results/intrusion.json`` is one model on one draw; what is there is not run again. The file also
names the data's checksums.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin, TransformerMixin, clone
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, OneClassSVM

from noclone.core.files import write_bytes
from noclone.learn.contenders import CLASSICAL, QUANTUM, Contender
from noclone.learn.flows.flow_table import FlowSplit, one_hot
from noclone.learn.flows.intrusion import official_data
from noclone.learn.flows.nsl_kdd import load
from noclone.learn.task import CLASSIFICATION, ONE_CLASS
from noclone.learn.trial import run
from noclone.models.autoencoder import QuantumAutoencoder
from noclone.models.kernel_classifier import QuantumKernelClassifier
from noclone.models.kernel_one_class import QuantumKernelOneClass
from noclone.models.nearest_neighbours import QuantumNearestNeighbours
from noclone.models.qcnn import QuantumConvolutionalClassifier
from noclone.models.variational_classifier import VariationalClassifier

RESULTS = Path(__file__).parent / "results" / "intrusion.json"
SEEDS = (1, 2, 3, 4, 5)
TRAIN_FLOWS, TEST_FLOWS = 400, 1000
BUDGET = 8
"""Settings per model; of models that are trained by gradient, `FEW`."""
FEW = 3

SUPPORT = {"C": [0.1, 1.0, 10.0, 100.0, 1000.0], "gamma": ["scale", 0.001, 0.01, 0.1, 1.0]}
BANDWIDTHS = [0.1, 0.3, 1.0, 2.0, 3.0, 6.0, 12.0]
"""Of quantum kernels. Some flows are so large that nearly all others lie in a small part of the range that
becomes an angle: wider bandwidths than usual are worth trying."""
KERNEL = {"C": [0.1, 1.0, 10.0, 100.0], "bandwidth": BANDWIDTHS}


class NormalOnly(TransformerMixin, BaseEstimator):
    """A transformer that learns from normal rows only, those of label 0, as an anomaly detector's must."""

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    def fit(self, X: Any, y: Any) -> NormalOnly:
        """Fit a copy of the transformer to the normal rows."""
        self.fitted_ = clone(self.transformer).fit(X[np.asarray(y) == 0])
        return self

    def transform(self, X: Any) -> Any:
        """Transform all rows."""
        return self.fitted_.transform(X)


class NeighbourDistance(OutlierMixin, BaseEstimator):
    """The mean distance to the nearest training rows, as a one-class score."""

    def __init__(self, n_neighbors: int = 5) -> None:
        self.n_neighbors = n_neighbors

    def fit(self, X: Any, y: object = None) -> NeighbourDistance:
        """Remember the rows."""
        self.neighbours_ = NearestNeighbors(n_neighbors=self.n_neighbors).fit(X)
        own = self.neighbours_.kneighbors()[0].mean(axis=1)
        self.offset_ = float(np.quantile(own, 0.95))
        return self

    def decision_function(self, X: Any) -> Any:
        """Return how much nearer than the farthest twentieth of the training rows each row is."""
        return self.offset_ - self.neighbours_.kneighbors(X)[0].mean(axis=1)

    def predict(self, X: Any) -> Any:
        """Return 1 for normal rows and -1."""
        return np.where(self.decision_function(X) >= 0, 1, -1)


class Mahalanobis(OutlierMixin, BaseEstimator):
    """The squared Mahalanobis distance, as a one-class score."""

    def fit(self, X: Any, y: object = None) -> Mahalanobis:
        """Estimate mean and covariance."""
        self.covariance_ = EmpiricalCovariance().fit(X)
        self.offset_ = float(np.quantile(self.covariance_.mahalanobis(X), 0.95))
        return self

    def decision_function(self, X: Any) -> Any:
        """Return how much less than that of the farthest twentieth each row's squared distance is."""
        return self.offset_ - self.covariance_.mahalanobis(X)

    def predict(self, X: Any) -> Any:
        """Return 1 for normal rows and -1."""
        return np.where(self.decision_function(X) >= 0, 1, -1)


def reduced(components: int, *steps: Any) -> Pipeline:
    """Return steps after standardised features' principal components."""
    return make_pipeline(StandardScaler(), PCA(components), *steps)


def contender(name: str, pipeline: Any, space: dict[str, list[Any]], side: str) -> Contender:
    """Return a pipeline and what is searched of it: of its last step, or of the step that is named."""
    last = pipeline.steps[-1][0]
    named = {key if "__" in key else f"{last}__{key}": values for key, values in space.items()}
    return Contender(name, pipeline, named, side)


def supervised(components: int) -> Iterator[tuple[Contender, int]]:
    """Yield the models of the 400-flow regime, and how many settings each is given."""

    def kernel(feature_map: str) -> QuantumKernelClassifier:
        return QuantumKernelClassifier(feature_map=feature_map)

    yield contender("svc-rbf", reduced(components, SVC()), SUPPORT, CLASSICAL), BUDGET
    yield contender("quantum-kernel-iqp", reduced(components, kernel("iqp")), KERNEL, QUANTUM), BUDGET
    yield contender("quantum-kernel-angle", reduced(components, kernel("angle")), KERNEL, QUANTUM), BUDGET
    logistic = LogisticRegression(max_iter=1000)
    yield (
        contender("logistic", reduced(components, logistic), {"C": [0.01, 0.1, 1.0, 10.0]}, CLASSICAL),
        BUDGET,
    )
    forest = {"max_depth": [None, 4, 8], "min_samples_leaf": [1, 3]}
    yield (
        contender("random-forest", reduced(components, RandomForestClassifier()), forest, CLASSICAL),
        BUDGET,
    )
    variational = VariationalClassifier(layers=2, learning_rate=0.03)
    yield (
        contender(
            "vqc", reduced(components, variational), {"layers": [2, 5], "bandwidth": [1.0, 3.0]}, QUANTUM
        ),
        FEW,
    )
    network = QuantumConvolutionalClassifier()
    yield contender("qcnn", reduced(components, network), {"bandwidth": [1.0, 2.0, 3.0]}, QUANTUM), FEW
    if components == 8:  # Hdaib et al.: the autoencoder learns from normal flows, the second step from all
        encoder = NormalOnly(QuantumAutoencoder(latent_qubits=4))
        wide = {"normalonly__transformer__bandwidth": [1.0, 3.0, 6.0]}
        yield (
            contender(
                "autoencoder+forest", reduced(8, encoder, RandomForestClassifier()), forest | wide, QUANTUM
            ),
            BUDGET,
        )
        neighbours = QuantumNearestNeighbours()
        yield (
            contender(
                "autoencoder+quantum-neighbours",
                reduced(8, encoder, neighbours),
                {"n_neighbors": [1, 5, 11]} | wide,
                QUANTUM,
            ),
            BUDGET,
        )


def one_class() -> Iterator[tuple[Contender, int]]:
    """Yield the models that learn from 400 normal flows, with eight components."""
    near = {"n_neighbors": [1, 3, 5, 10, 20]}
    radial = {"gamma": ["scale", 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0]}
    quantum = {"bandwidth": BANDWIDTHS}
    wide = {"quantumautoencoder__bandwidth": [1.0, 3.0, 6.0]}
    yield contender("neighbour-distance", reduced(8, NeighbourDistance()), near, CLASSICAL), BUDGET
    yield contender("svm-rbf", reduced(8, OneClassSVM(nu=0.1)), radial, CLASSICAL), BUDGET
    yield contender("svm-rbf-untuned", reduced(8, OneClassSVM()), {}, CLASSICAL), 1
    yield contender("isolation-forest", reduced(8, IsolationForest()), {}, CLASSICAL), 1
    yield contender("mahalanobis", reduced(8, Mahalanobis()), {}, CLASSICAL), 1
    for feature_map in ("iqp", "angle"):
        model = QuantumKernelOneClass(feature_map=feature_map)
        yield contender(f"quantum-kernel-{feature_map}", reduced(8, model), quantum, QUANTUM), BUDGET
    yield (
        contender("autoencoder", reduced(8, QuantumAutoencoder()), {"bandwidth": [1.0, 3.0, 6.0]}, QUANTUM),
        FEW,
    )
    encoder = QuantumAutoencoder(latent_qubits=4)
    yield (
        contender("autoencoder+svm-rbf", reduced(8, encoder, OneClassSVM(nu=0.1)), radial | wide, QUANTUM),
        BUDGET,
    )
    yield (
        contender(
            "autoencoder+quantum-kernel",
            reduced(8, encoder, QuantumKernelOneClass()),
            quantum | wide,
            QUANTUM,
        ),
        BUDGET,
    )


def full(split: FlowSplit, seed: int) -> Iterator[dict[str, Any]]:
    """Yield scores with all training flows, on the collection's test flows and on a quarter put aside."""
    _, X, X_test = one_hot(split.train, split.test)
    y, y_test = split.train.attacks.astype(int), split.test.attacks.astype(int)
    inner, aside, y_inner, y_aside = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=y)
    models = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "random-forest": RandomForestClassifier(random_state=seed),
        "gradient-boosting": HistGradientBoostingClassifier(random_state=seed),
    }
    for name, model in models.items():
        start = process_time()
        guess = clone(model).fit(X, y).predict(X_test)
        inside = clone(model).fit(inner, y_inner).predict(aside)
        yield {
            "regime": "all flows",
            "model": name,
            "seed": seed,
            "accuracy": accuracy_score(y_test, guess),
            "f1": f1_score(y_test, guess),
            "accuracy_random_split": accuracy_score(y_aside, inside),
            "cpu_s": round(process_time() - start, 1),
        }


def drawn(split: FlowSplit, regime: str, model: Contender, budget: int, seed: int) -> dict[str, Any]:
    """Return the scores of one model on one draw of 400 training and 1000 test flows.

    A one-class model is fitted to 400 normal flows; its settings are chosen with the attacks that were drawn
    with them.
    """
    kind = ONE_CLASS if regime == "one-class" else CLASSIFICATION
    flows = TRAIN_FLOWS if kind == CLASSIFICATION else round(TRAIN_FLOWS / (1 - split.train.attacks.mean()))
    data = official_data(split, kind, seed, flows, TEST_FLOWS)
    metric = "roc_auc" if kind == ONE_CLASS else "accuracy"
    start = process_time()
    trial = run(
        model, data, kind, metric, (np.nonzero(~data.held_out)[0], np.nonzero(data.held_out)[0]), budget, seed
    )
    return {
        "regime": regime,
        "model": model.name,
        "seed": seed,
        **{name: float(value) for name, value in trial.scores.items()},
        "validation": trial.validation,
        "chosen": dict(trial.chosen),
        "settings": trial.settings,
        "cpu_s": round(process_time() - start, 1),
    }


def load_results() -> dict[str, Any]:
    """Return what was measured so far."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {"files": [], "rows": []}


def save(found: dict[str, Any]) -> None:
    """Write all rows."""
    write_bytes(RESULTS, (json.dumps(found, indent=1) + "\n").encode())


def measure(folder: str) -> None:
    """Run what is missing."""
    split = load(folder)
    found = load_results()
    files = [{"name": file.name, "sha256": file.sha256, "published": file.published} for file in split.files]
    if found["files"] != files:
        found = {"files": files, "rows": []}
    done = {(row["regime"], row["model"], row["seed"]) for row in found["rows"]}
    for seed in SEEDS:
        if ("all flows", "gradient-boosting", seed) not in done:
            found["rows"] += full(split, seed)
            save(found)
        jobs = [(f"400 flows, {n} components", *job) for n in (4, 8) for job in supervised(n)]
        jobs += [("one-class", *job) for job in one_class()]
        for place, (regime, model, budget) in enumerate(jobs):
            if (regime, model.name, seed) not in done:
                found["rows"].append(drawn(split, regime, model, budget, seed))
                save(found)
                took = found["rows"][-1]["cpu_s"]
                print(
                    f"seed {seed}, {place + 1} of {len(jobs)}: {regime}, {model.name} ({took} s)", flush=True
                )


def report() -> None:
    """Print means and standard deviations over the draws."""
    found = load_results()
    for file in found["files"]:
        print(file["name"], file["sha256"], "as published" if file["published"] else "no known file")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found["rows"]:
        groups.setdefault((row["regime"], row["model"]), []).append(row)
    regime = ""
    for (where, model), rows in groups.items():
        if where != regime:
            regime = where
            print(f"\n{regime} ({len(rows)} seeds)")
        metrics = ("accuracy", "f1", "accuracy_random_split", "roc_auc")
        text = [
            f"{name} {np.mean(values):.3f} ± {np.std(values, ddof=1) if len(values) > 1 else np.nan:.3f}"
            for name in metrics
            if (values := [row[name] for row in rows if name in row])
        ]
        print(f"  {model:<32}{', '.join(text)}, {np.mean([row['cpu_s'] for row in rows]):.1f} CPU s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1])
    report()
