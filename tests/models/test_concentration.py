import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.models.concentration import concentration_report
from noclone.models.feature_maps import feature_map
from noclone.models.fidelity_kernel import gram
from noclone.models.state_encoding import map_states
from noclone.quantum import Circuit, gate, x
from noclone.quantum.layers import ring


@pytest.mark.parametrize("qubits", [1, 2, 4, 6, 8])
def test_product_kernel_at_uniform_angles(qubits):
    # E[cos(t/2)**(2k)] = binom(2k, k) / 4**k for k = 1..4 gives all moments of the product
    first, second, third, fourth = (r**qubits for r in (1 / 2, 3 / 8, 5 / 16, 35 / 128))
    variance = second - first**2
    central = fourth - 4 * third * first + 6 * second * first**2 - 3 * first**4
    angles = np.random.default_rng(qubits).uniform(0, 2 * np.pi, (500, qubits))
    report = concentration_report(feature_map("angle", qubits), angles)
    assert report.pairs == 124_750
    # pairs with a sample in common are independent too: their angles' differences are
    assert report.product == pytest.approx((first, variance))
    assert abs(report.mean - first) < 4 * np.sqrt(variance / report.pairs)
    assert abs(report.variance - variance) < 4 * np.sqrt((central - variance**2) / report.pairs)


def test_deep_circuits_with_an_angle_per_gate_approach_random_states():
    circuit = Circuit(5)
    for layer in range(8):
        turns = [(name, i) for name in ("ry", "rz") for i in range(5)]
        gates = [gate(name, i, angle=x[10 * layer + k]) for k, (name, i) in enumerate(turns)]
        circuit += Circuit(5, tuple(gates)) + ring(5)
    angles = np.random.default_rng(0).uniform(-np.pi, np.pi, (400, 80))
    report = concentration_report(circuit, angles)
    assert report.mean == pytest.approx(report.haar[0], rel=0.05)
    assert report.variance == pytest.approx(report.haar[1], rel=0.15)
    # overlap of Haar-random states follows Beta(1, d - 1)
    draws = np.random.default_rng(1).beta(1, 31, 200_000)
    assert report.haar == pytest.approx((draws.mean(), draws.var()), rel=0.02)


def test_a_small_bandwidth_spreads_the_kernel():
    angles = np.random.default_rng(0).uniform(-np.pi / 2, np.pi / 2, (200, 10))
    wide, narrow = (concentration_report(feature_map("iqp", 10, 2), b * angles) for b in (1.0, 0.5))
    assert narrow.variance > 10 * wide.variance
    assert narrow.shots_for_spread < wide.shots_for_spread / 3
    assert narrow.shots_for_counts < wide.shots_for_counts / 3


def test_shots_are_enough_as_promised():
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 2 * np.pi, (300, 4))
    circuit = feature_map("angle", 4)
    report = concentration_report(circuit, angles)
    entries = gram(map_states(circuit, angles))[np.triu_indices(300, 1)]
    shots = round(report.shots_for_spread)
    noise = rng.binomial(shots, entries) / shots - entries
    assert noise.var() * shots == pytest.approx(report.variance * report.shots_for_spread, rel=0.05)
    empty = rng.binomial(round(report.shots_for_counts), report.mean, 20_000) == 0
    assert empty.mean() == pytest.approx(0.05, abs=0.007)


def test_equal_samples_and_too_few():
    report = concentration_report(feature_map("angle", 2), np.zeros((5, 2)))
    assert (report.mean, report.variance) == pytest.approx((1, 0))
    assert report.shots_for_spread == np.inf
    assert "10 pairs" in str(report)
    with pytest.raises(InvalidInput, match="at least 3 samples"):
        concentration_report(feature_map("angle", 2), np.zeros((2, 2)))
