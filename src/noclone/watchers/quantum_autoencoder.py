"""A circuit that empties some qubits for normal blocks; what does not come out empty is an anomaly."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from noclone.watchers.watcher import QUANTUM, Watcher
from noclone.watchers.within_reach import QUBITS, reached


def _make(kind: str) -> Pipeline:
    from noclone.models.autoencoder import QuantumAutoencoder

    return reached(QuantumAutoencoder(latent_qubits=1, layers=2, bandwidth=0.5))


WATCHER = Watcher(
    name="quantum-autoencoder",
    title=f"Quantum autoencoder (at most {QUBITS} qubits)",
    family=QUANTUM,
    kinds=("one-class",),
    source="J. Romero, J. P. Olson, A. Aspuru-Guzik, Quantum Sci. Technol. 2, 045001 (2017).",
    make=_make,
    space=lambda kind: {
        "model__layers": [1, 2, 5],
        "model__latent_qubits": [1, 2],
        "model__learning_rate": [0.03, 0.1],
        "model__bandwidth": [0.5, 1.0],
    },
)
