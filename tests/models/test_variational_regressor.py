import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.variational_regressor import VariationalRegressor

X = np.linspace(-1, 1, 60)[:, None]


def test_scikit_learn_contract():
    results = check_estimator(VariationalRegressor(max_iter=50), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


def test_one_encoding_is_a_fourier_series_of_one_frequency():
    """One RY by the angle and any weights: constant, cosine and sine of it, and nothing else."""
    y = 3 + 2 * np.cos(np.pi / 2 * X[:, 0]) - 0.7 * np.sin(np.pi / 2 * X[:, 0])
    model = VariationalRegressor("strongly-entangling", 1, optimiser="lbfgs", tol=0.0, random_state=0).fit(
        X, y
    )
    assert model.predict(X) == pytest.approx(y, abs=1e-4)
    faster = np.cos(2 * np.pi * X[:, 0])
    assert (
        VariationalRegressor("strongly-entangling", 5, random_state=0).fit(X, faster).score(X, faster) < 0.6
    )


def test_reuploading_reaches_higher_frequencies():
    y = np.sin(5 * X[:, 0])
    assert VariationalRegressor(layers=4, max_iter=400, random_state=0).fit(X, y).score(X, y) > 0.99


@pytest.mark.parametrize(
    "setting", [{"entangled": False}, {"readout": "all"}, {"ansatz": "hardware-efficient"}]
)
def test_tables_with_many_features(setting):
    data, target = load_diabetes(return_X_y=True)
    model = VariationalRegressor(random_state=0, max_qubits=4, **setting).fit(data[:300], target[:300])
    assert model.score(data[300:], target[300:]) > 0.3
    assert model.circuit_.qubits == 4


def test_shots_and_noise():
    y = X[:, 0] ** 2
    model = VariationalRegressor(optimiser="spsa", shots=300, max_iter=300, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.5
    noisy = VariationalRegressor(noise=("amplitude_damping", 0.02), max_iter=60, random_state=0).fit(X, y)
    assert noisy.score(X, y) > 0.5


def test_a_constant_target_is_predicted():
    assert VariationalRegressor(max_iter=5).fit(X, np.full(60, 7.0)).predict(X).tolist() == [7.0] * 60


@pytest.mark.parametrize("size", [1e-200, 1e290])
def test_targets_of_any_size(size):
    y = np.sin(2 * X[:, 0])
    usual = VariationalRegressor(max_iter=30, random_state=0).fit(X, y).predict(X)
    scaled = VariationalRegressor(max_iter=30, random_state=0).fit(X, size * y).predict(X)
    np.testing.assert_allclose(scaled / size, usual, rtol=1e-6)


def test_targets_too_large_are_refused():
    y = np.where(X[:, 0] > 0, 1e308, -1e308)
    with pytest.raises(InvalidInput, match=r"y must stay within 1e\+300 of 0, but reaches 1e\+308"):
        VariationalRegressor().fit(X, y)


def test_rounding_is_no_spread():
    y = np.where(np.arange(60) % 2, 0.1 + 0.2, 0.3)
    assert 0 < y.std() < 1e-15
    assert VariationalRegressor(max_iter=5).fit(X, y).predict(X) == pytest.approx(0.3, rel=1e-12)


def test_faults_are_named():
    for parameter, value in (("ansatz", "none"), ("readout", "some"), ("learning_rate", -1.0)):
        with pytest.raises(InvalidInput, match=parameter):
            VariationalRegressor(**{parameter: value}).fit(X, X[:, 0])
