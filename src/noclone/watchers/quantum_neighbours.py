"""Nearest neighbours by the fidelity of quantum states."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from noclone.watchers.watcher import QUANTUM, Watcher
from noclone.watchers.within_reach import QUBITS, reached


def _make(kind: str) -> Pipeline:
    from noclone.models.nearest_neighbours import QuantumNearestNeighbours

    return reached(QuantumNearestNeighbours(15, "iqp", bandwidth=0.3))


WATCHER = Watcher(
    name="quantum-neighbours",
    title=f"k nearest neighbours by the fidelity of quantum states (at most {QUBITS} qubits)",
    family=QUANTUM,
    kinds=("classification",),
    source="After L.-H. Gong et al., Advanced Quantum Technologies 7, 2300221 (2024).",
    make=_make,
    space=lambda kind: {
        "model__n_neighbors": [1, 5, 9, 15, 25],
        "model__feature_map": ["angle", "iqp"],
        "model__bandwidth": [0.1, 0.3, 1.0],
    },
)
