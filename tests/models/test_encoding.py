"""Features become angles, whatever their size, number or variety."""

import tracemalloc

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.encoding import AngleEncoder

rng = np.random.default_rng(2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")  # pandas, array API: not here
@pytest.mark.parametrize("encoder", [AngleEncoder(), AngleEncoder(max_angles=2)])
def test_the_contract_is_kept(encoder):
    results = check_estimator(encoder, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


def test_the_range_seen_fills_the_range_of_angles():
    X = rng.normal(size=(50, 3)) * [1, 100, 1e-9] + [0, 1e4, 0]
    angles = AngleEncoder(bandwidth=0.5).fit_transform(X)
    np.testing.assert_allclose(
        [angles.min(axis=0), angles.max(axis=0)], np.pi / 4 * np.array([[-1] * 3, [1] * 3])
    )


def test_too_many_features_are_projected_on_principal_axes():
    X = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 5))
    angles = AngleEncoder(max_angles=2).fit_transform(X)
    scores = PCA(2).fit_transform(StandardScaler().fit_transform(X))
    for ours, theirs in zip(angles.T, scores.T, strict=True):
        assert abs(np.corrcoef(ours, theirs)[0, 1]) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("constant", [0.0, 0.1, 0.3, -7e30])
def test_a_constant_feature_costs_no_angle(constant):
    X = np.column_stack([rng.normal(size=(40, 3)), np.full(40, constant)])
    angles = AngleEncoder(max_angles=3).fit_transform(X)
    assert (np.ptp(angles, axis=0) > 3).all()
    assert (AngleEncoder().fit_transform(X)[:, 3] == 0).all()


def test_the_largest_numbers_there_are_have_angles():
    X = np.array([[1.7e308, 1.0], [-1.7e308, 2.0], [0.0, 3.0]])
    np.testing.assert_allclose(AngleEncoder().fit_transform(X)[:, 0], [np.pi / 2, -np.pi / 2, 0], atol=1e-12)
    assert np.isfinite(AngleEncoder(max_angles=1).fit_transform(X)).all()


def test_memory_grows_with_the_data_and_not_with_its_square():
    X = rng.normal(size=(20_000, 4))
    tracemalloc.start()
    AngleEncoder(max_angles=2).fit(X)
    assert tracemalloc.get_traced_memory()[1] < 20 * X.nbytes
    tracemalloc.stop()


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, np.nan, np.inf])
def test_a_bandwidth_that_cannot_be_is_refused(bandwidth):
    with pytest.raises(InvalidInput, match="bandwidth must be a finite number above 0"):
        AngleEncoder(bandwidth=bandwidth).fit(np.eye(3))
