"""Where normal blocks lie, by a one-class support vector machine with a quantum kernel."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from noclone.watchers.watcher import QUANTUM, Watcher
from noclone.watchers.within_reach import QUBITS, reached


def _make(kind: str) -> Pipeline:
    from noclone.models.kernel_one_class import QuantumKernelOneClass

    return reached(QuantumKernelOneClass(bandwidth=0.3))


WATCHER = Watcher(
    name="quantum-one-class",
    title=f"One-class support vector machine with a quantum kernel (at most {QUBITS} qubits)",
    family=QUANTUM,
    kinds=("one-class",),
    source="B. Schoelkopf et al., Neural Computation 13, 1443 (2001), on the kernel of V. Havlicek et al., "
    "Nature 567, 209 (2019).",
    make=_make,
    space=lambda kind: {
        "model__nu": [0.01, 0.05, 0.1],
        "model__layers": [1, 3],
        "model__bandwidth": [0.1, 0.3, 1.0],
        "model__kernel": ["fidelity", "projected"],
    },
)
