"""Quantum and hybrid learning models with scikit-learn's interface; no key distribution in here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone.models.autoencoder import QuantumAutoencoder as QuantumAutoencoder
    from noclone.models.concentration import concentration_report as concentration_report
    from noclone.models.convolutional import ConvolutionalClassifier as ConvolutionalClassifier
    from noclone.models.encoding import AngleEncoder as AngleEncoder
    from noclone.models.kernel_alignment import TrainableKernelClassifier as TrainableKernelClassifier
    from noclone.models.kernel_classifier import QuantumKernelClassifier as QuantumKernelClassifier
    from noclone.models.kernel_one_class import QuantumKernelOneClass as QuantumKernelOneClass
    from noclone.models.kernel_regressor import QuantumKernelRegressor as QuantumKernelRegressor
    from noclone.models.nearest_neighbours import QuantumNearestNeighbours as QuantumNearestNeighbours
    from noclone.models.projected_features import ProjectedFeatures as ProjectedFeatures
    from noclone.models.qcnn import QuantumConvolutionalClassifier as QuantumConvolutionalClassifier
    from noclone.models.qsvdd import QuantumSVDD as QuantumSVDD
    from noclone.models.quantum_gan import QuantumGAN as QuantumGAN
    from noclone.models.quantum_kernels import QuantumKernel as QuantumKernel
    from noclone.models.quantum_kmeans import QuantumKMeans as QuantumKMeans
    from noclone.models.quantum_pca import QuantumPCA as QuantumPCA
    from noclone.models.quantum_policy import QuantumPolicy as QuantumPolicy
    from noclone.models.registry import models as models
    from noclone.models.storage import load as load
    from noclone.models.storage import save as save
    from noclone.models.variational_classifier import VariationalClassifier as VariationalClassifier
    from noclone.models.variational_regressor import VariationalRegressor as VariationalRegressor

_HOMES = {
    "AngleEncoder": "encoding",
    "ConvolutionalClassifier": "convolutional",
    "ProjectedFeatures": "projected_features",
    "QuantumAutoencoder": "autoencoder",
    "QuantumConvolutionalClassifier": "qcnn",
    "QuantumGAN": "quantum_gan",
    "QuantumKMeans": "quantum_kmeans",
    "QuantumKernel": "quantum_kernels",
    "QuantumKernelClassifier": "kernel_classifier",
    "QuantumKernelOneClass": "kernel_one_class",
    "QuantumKernelRegressor": "kernel_regressor",
    "QuantumNearestNeighbours": "nearest_neighbours",
    "QuantumPCA": "quantum_pca",
    "QuantumPolicy": "quantum_policy",
    "QuantumSVDD": "qsvdd",
    "TrainableKernelClassifier": "kernel_alignment",
    "VariationalClassifier": "variational_classifier",
    "VariationalRegressor": "variational_regressor",
    "concentration_report": "concentration",
    "load": "storage",
    "models": "registry",
    "save": "storage",
}

__all__ = [
    "AngleEncoder",
    "ConvolutionalClassifier",
    "ProjectedFeatures",
    "QuantumAutoencoder",
    "QuantumConvolutionalClassifier",
    "QuantumGAN",
    "QuantumKMeans",
    "QuantumKernel",
    "QuantumKernelClassifier",
    "QuantumKernelOneClass",
    "QuantumKernelRegressor",
    "QuantumNearestNeighbours",
    "QuantumPCA",
    "QuantumPolicy",
    "QuantumSVDD",
    "TrainableKernelClassifier",
    "VariationalClassifier",
    "VariationalRegressor",
    "concentration_report",
    "load",
    "models",
    "save",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    if name in _HOMES:
        thing = getattr(import_module(f"noclone.models.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    raise AttributeError(f"module 'noclone.models' has no attribute {name!r}")
