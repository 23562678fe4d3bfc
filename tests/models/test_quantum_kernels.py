import numpy as np
import pytest
from sklearn.decomposition import KernelPCA
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.projected_features import ProjectedFeatures
from noclone.models.quantum_kernels import KERNELS, QuantumKernel

DATA = np.random.default_rng(0).normal(size=(40, 3))


@pytest.mark.parametrize("kind", KERNELS)
def test_a_positive_semidefinite_matrix(kind):
    kernel = QuantumKernel(kind)
    matrix = kernel.fit_transform(DATA)
    assert matrix == pytest.approx(kernel.transform(DATA), abs=1e-12)
    assert matrix == pytest.approx(matrix.T)
    assert matrix.diagonal() == pytest.approx(1)
    assert np.linalg.eigvalsh(matrix).min() > -1e-12


def test_projected_scale():
    kernel = QuantumKernel("projected", gamma=2.0).fit(DATA)
    values = ProjectedFeatures().fit_transform(DATA)
    assert kernel.gamma_ == pytest.approx(2.0 / values.var() / 3)
    squares = ((values[:, None] - values) ** 2).sum(axis=2)
    assert kernel.transform(DATA) == pytest.approx(np.exp(-kernel.gamma_ * squares))


@pytest.mark.parametrize("kind", KERNELS)
def test_shots_converge_and_repeat(kind):
    exact = QuantumKernel(kind, bandwidth=0.5).fit_transform(DATA)
    coarse, fine = (
        QuantumKernel(kind, bandwidth=0.5, shots=n, random_state=1).fit_transform(DATA) for n in (100, 10_000)
    )
    errors = [np.sqrt(((found - exact) ** 2).mean()) for found in (coarse, fine)]
    assert 5 < errors[0] / errors[1] < 20  # a hundred times the shots, a tenth of the noise
    again = QuantumKernel(kind, bandwidth=0.5, shots=100, random_state=1)
    assert (again.fit_transform(DATA) == coarse).all()
    assert (again.transform(DATA) == again.transform(DATA)).all()
    other = QuantumKernel(kind, bandwidth=0.5, shots=100, random_state=2).fit_transform(DATA)
    assert (other != coarse).any()


def test_quantum_kernel_principal_components():
    model = make_pipeline(QuantumKernel(), KernelPCA(2, kernel="precomputed"))
    reduced = model.fit_transform(DATA)
    assert reduced.shape == (40, 2)
    assert model.transform(DATA) == pytest.approx(reduced, abs=1e-9)


def test_faults_are_named():
    with pytest.raises(InvalidInput, match="kernel must be one of fidelity, projected"):
        QuantumKernel("rbf").fit(DATA)
    with pytest.raises(InvalidInput, match="feature_map is not known"):
        QuantumKernel(feature_map="zz").fit(DATA)
    with pytest.raises(InvalidInput, match="shots"):
        QuantumKernel(shots=0).fit(DATA)
    with pytest.raises(InvalidInput, match="precision"):
        QuantumKernel(precision="float16").fit(DATA)


@pytest.mark.parametrize("model", [QuantumKernel(), QuantumKernel("projected"), QuantumKernel(shots=50)])
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)
