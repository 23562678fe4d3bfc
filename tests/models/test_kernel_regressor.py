import numpy as np
import pytest
from sklearn.svm import SVR
from sklearn.utils.estimator_checks import check_estimator

from noclone.models.kernel_regressor import QuantumKernelRegressor
from noclone.models.quantum_kernels import QuantumKernel


def wave(samples=80):
    data = np.random.default_rng(0).uniform(-1, 1, (samples, 2))
    return data, np.sin(2 * data[:, 0]) * data[:, 1]


def test_equals_support_vector_regression_on_the_same_kernel():
    data, target = wave()
    ours = QuantumKernelRegressor(C=5.0, epsilon=0.02).fit(data[:60], target[:60])
    kernel = QuantumKernel()
    theirs = SVR(C=5.0, epsilon=0.02, kernel="precomputed").fit(kernel.fit_transform(data[:60]), target[:60])
    assert ours.predict(data[60:]) == pytest.approx(theirs.predict(kernel.transform(data[60:])), abs=1e-6)


@pytest.mark.parametrize(("kind", "name"), [("fidelity", "iqp"), ("projected", "tilted")])
def test_learns_a_smooth_function(kind, name):
    data, target = wave()
    model = QuantumKernelRegressor(C=100.0, epsilon=0.01, kernel=kind, feature_map=name, bandwidth=0.5)
    assert model.fit(data[:60], target[:60]).score(data[60:], target[60:]) > 0.98


@pytest.mark.parametrize(
    "model", [QuantumKernelRegressor(), QuantumKernelRegressor(kernel="projected", entangled=False)]
)
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)
