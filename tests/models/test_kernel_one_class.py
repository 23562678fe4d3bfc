import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.svm import OneClassSVM
from sklearn.utils.estimator_checks import check_estimator

from noclone.models.kernel_one_class import QuantumKernelOneClass
from noclone.models.quantum_kernels import QuantumKernel

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(200, 3))
SHIFTED = RNG.normal([3.0, 0.0, 0.0], 1.0, (100, 3))


def test_equals_a_one_class_machine_on_the_same_kernel():
    ours = QuantumKernelOneClass(nu=0.1).fit(NORMAL[:100])
    kernel = QuantumKernel()
    theirs = OneClassSVM(nu=0.1, kernel="precomputed").fit(kernel.fit_transform(NORMAL[:100]))
    matrix = kernel.transform(NORMAL[100:])
    assert ours.decision_function(NORMAL[100:]) == pytest.approx(theirs.decision_function(matrix), abs=1e-6)
    assert (ours.predict(NORMAL[100:]) == theirs.predict(matrix)).all()


@pytest.mark.parametrize("kind", ["fidelity", "projected"])
def test_finds_shifted_samples(kind):
    model = QuantumKernelOneClass(nu=0.05, kernel=kind, feature_map="angle", bandwidth=0.5).fit(NORMAL[:100])
    tested = np.vstack([NORMAL[100:], SHIFTED])
    assert roc_auc_score([1] * 100 + [0] * 100, model.score_samples(tested)) > 0.9


def test_nu_bounds_the_share_of_outliers():
    model = QuantumKernelOneClass(nu=0.2, feature_map="angle", bandwidth=0.5).fit(NORMAL)
    assert (model.predict(NORMAL) == -1).mean() == pytest.approx(0.2, abs=0.05)


@pytest.mark.parametrize("model", [QuantumKernelOneClass(), QuantumKernelOneClass(kernel="projected")])
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)
