import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from noclone.rates.entropy import binary_entropy, thermal_entropy


def test_known_values():
    # h(1/4) = 2 - 3/4 log2 3; g(1) = 2, g(3) = 8 - 3 log2 3
    np.testing.assert_allclose(binary_entropy([0.25, 0.5]), [2 - 0.75 * np.log2(3), 1.0], rtol=1e-15)
    np.testing.assert_allclose(thermal_entropy([1.0, 3.0]), [2.0, 8 - 3 * np.log2(3)], rtol=1e-15)


def test_ends_are_exact_and_shapes_kept():
    assert binary_entropy([[0.0, 1.0]]).tolist() == [[0.0, 0.0]]
    assert thermal_entropy(0.0) == 0.0
    assert binary_entropy(np.full((2, 3, 4), 0.1)).shape == (2, 3, 4)


@given(st.floats(0.0, 1.0))
def test_symmetric_and_bounded(p):
    assert abs(binary_entropy(p) - binary_entropy(1.0 - p)) < 1e-12
    assert min(4 * p * (1 - p), 1.0) - 1e-12 <= binary_entropy(p) <= 1.0 + 1e-15


@given(st.floats(1e-12, 1e-6))
def test_small_arguments_keep_their_precision(x):
    # -x log2 x + x / ln 2 to second order, for both entropies
    expected = -x * np.log2(x) + x / np.log(2)
    np.testing.assert_allclose(binary_entropy(x), expected, rtol=1e-7)
    np.testing.assert_allclose(thermal_entropy(x), expected, rtol=1e-7)
