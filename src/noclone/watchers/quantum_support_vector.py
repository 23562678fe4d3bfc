"""Support vector machine with a quantum kernel."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from noclone.watchers.watcher import QUANTUM, Watcher
from noclone.watchers.within_reach import QUBITS, reached


def _make(kind: str) -> Pipeline:
    from noclone.models.kernel_classifier import QuantumKernelClassifier

    return reached(QuantumKernelClassifier())


WATCHER = Watcher(
    name="quantum-support-vector",
    title=f"Support vector machine with a quantum kernel (at most {QUBITS} qubits)",
    family=QUANTUM,
    kinds=("classification",),
    source="V. Havlicek et al., Nature 567, 209 (2019).",
    make=_make,
    space=lambda kind: {
        "model__C": [0.1, 1.0, 10.0, 100.0],
        "model__layers": [1, 3],
        "model__bandwidth": [0.1, 0.3, 1.0],
        "model__kernel": ["fidelity", "projected"],
    },
)
