"""Classification by a quantum convolutional network."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from noclone.watchers.watcher import QUANTUM, Watcher
from noclone.watchers.within_reach import QUBITS, reached


def _make(kind: str) -> Pipeline:
    from noclone.models.qcnn import QuantumConvolutionalClassifier

    return reached(QuantumConvolutionalClassifier())


WATCHER = Watcher(
    name="quantum-convolution",
    title=f"Quantum convolutional network (at most {QUBITS} qubits)",
    family=QUANTUM,
    kinds=("classification",),
    source="I. Cong, S. Choi, M. D. Lukin, Nature Physics 15, 1273 (2019).",
    make=_make,
    space=lambda kind: {
        "model__layers": [1, 2],
        "model__learning_rate": [0.03, 0.1],
        "model__bandwidth": [0.5, 1.0],
    },
)
