"""A circuit that draws normal blocks into a small ball; what lies outside is an anomaly."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from noclone.watchers.watcher import QUANTUM, Watcher
from noclone.watchers.within_reach import QUBITS, reached


def _make(kind: str) -> Pipeline:
    from noclone.models.qsvdd import QuantumSVDD

    return reached(QuantumSVDD(bandwidth=0.5))


WATCHER = Watcher(
    name="quantum-svdd",
    title=f"Quantum support vector data description (at most {QUBITS} qubits)",
    family=QUANTUM,
    kinds=("one-class",),
    source="H. Oh, D. K. Park, arXiv:2310.06375.",
    make=_make,
    space=lambda kind: {
        "model__layers": [1, 2],
        "model__learning_rate": [0.03, 0.1],
        "model__bandwidth": [0.3, 0.5, 1.0],
    },
)
