"""Classification by a trained circuit."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from noclone.watchers.watcher import QUANTUM, Watcher
from noclone.watchers.within_reach import QUBITS, reached


def _make(kind: str) -> Pipeline:
    from noclone.models.variational_classifier import VariationalClassifier

    return reached(VariationalClassifier())


WATCHER = Watcher(
    name="quantum-variational",
    title=f"Variational circuit (at most {QUBITS} qubits)",
    family=QUANTUM,
    kinds=("classification",),
    source="M. Schuld et al., Phys. Rev. A 101, 032308 (2020).",
    make=_make,
    space=lambda kind: {
        "model__ansatz": ["strongly-entangling", "reuploading"],
        "model__layers": [1, 2, 4],
        "model__learning_rate": [0.03, 0.1],
        "model__bandwidth": [0.5, 1.0],
    },
)
