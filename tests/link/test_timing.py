"""The share of detections in the gate against sampled times and limits."""

import numpy as np
import pytest
from scipy.special import erf

from noclone.link.receivers import ThresholdDetectors
from noclone.link.timing import FWHM_PER_SIGMA, gate_share

CASES = [
    (1.0, 0.5, 0.0, 0.0),
    (1.0, 0.3, 0.2, 0.4),
    (1.0, 0.0, 0.3, 0.5),
    (1.0, 1e-3, 0.5, 2.0),
    (1.0, 3.0, 0.5, 0.01),
]


@pytest.mark.parametrize(("gate", "jitter", "share", "tail"), CASES)
def test_share_is_that_of_sampled_times(gate, jitter, share, tail):
    rng = np.random.default_rng(3)
    count = 1_000_000
    late = (rng.random(count) < share) * rng.exponential(tail, count)
    inside = np.abs(rng.normal(0, jitter / FWHM_PER_SIGMA, count) + late) < gate / 2
    expected = inside.mean()
    spread = np.sqrt(expected * (1 - expected) / count)
    assert gate_share(gate * 1e-9, jitter * 1e-9, share, tail * 1e-9) == pytest.approx(
        expected, abs=4.5 * spread + 1e-9
    )


def test_a_gaussian_in_a_gate_is_an_error_function():
    # The coincidence-window factor of Neumann et al., PRA 104, 022406 (2021): erf(sqrt(ln 2) t / FWHM).
    gate = np.array([0.1, 1.0, 3.0])
    np.testing.assert_allclose(gate_share(gate, 0.7), erf(np.sqrt(np.log(2)) * gate / 0.7), rtol=1e-12)


def test_limits_of_the_tail():
    assert gate_share(1.0, 0.5, 1.0, 0.0) == pytest.approx(float(gate_share(1.0, 0.5)), rel=1e-6)
    assert gate_share(1.0, 0.0, 1.0, 0.25) == pytest.approx(1 - np.exp(-2.0), rel=1e-8)
    assert gate_share(1.0, 0.0) == 1.0


def test_detectors_without_jitter_are_what_they_were():
    bob = ThresholdDetectors(efficiency=0.2)
    assert bob.gate_share == 1.0
    assert bob.effective_efficiency == 0.2
    assert bob.gated() is bob


def test_gated_detectors_lose_what_falls_outside_once():
    bob = ThresholdDetectors(
        efficiency=0.2, gate_width_s=1e-9, jitter_s=5e-10, jitter_tail_share=0.1, jitter_tail_s=3e-10
    )
    gated = bob.gated()
    assert float(gated.efficiency) == pytest.approx(float(bob.effective_efficiency), rel=1e-15)
    assert float(gated.effective_efficiency) == float(gated.efficiency) < 0.2


def test_gates_of_a_grid():
    bob = ThresholdDetectors(efficiency=0.2, jitter_s=5e-10)
    grid = bob.with_arrays({"gate_width_s": np.array([2e-10, 1e-9])})
    for one, width in zip(grid.effective_efficiency, (2e-10, 1e-9), strict=True):
        assert one == 0.2 * gate_share(width, 5e-10)


def test_gating_leaves_no_jitter_on_a_grid_or_off_it():
    sharp = ThresholdDetectors(efficiency=0.2, jitter_s=1e-12)
    assert float(sharp.gated().jitter_s) == 0
    grid = sharp.with_arrays({"jitter_s": np.array([1e-12, 5e-10])}).gated()
    assert np.all(np.asarray(grid.jitter_s) == 0)
    assert float(sharp.gated().efficiency) == grid.efficiency[0]
