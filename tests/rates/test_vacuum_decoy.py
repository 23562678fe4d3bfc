"""The phase error of COW': every bound against monitors that Eve could really build, and its scaling."""

import numpy as np
import pytest

from noclone.rates.vacuum_decoy import MonitorGains, gao_phase_error, tightened_phase_error

BOUNDS = pytest.mark.parametrize("bound", [gao_phase_error, tightened_phase_error])


def honest(mean, visibility=1.0, noise=0.0):
    """Gains of a lossy line with so many photons of a full pulse on the monitor, to first order."""
    bright, faint = 0.5 * mean * (1 + visibility) + noise, 0.5 * mean * (1 - visibility) + noise
    values = [0.25 * mean + noise, 0.25 * mean + noise, bright, faint, noise, noise, bright, noise]
    return MonitorGains(*(np.asarray(value, float) for value in values))


def sequences(intensity):
    """Vectors with the overlaps of |0>|a>, |a>|0>, |a>|a>, |0>|0>."""
    x = np.exp(-0.5 * intensity)
    gram = np.array([[1, x * x, x, x], [x * x, 1, x, x], [x, x, 1, x * x], [x, x, x * x, 1]])
    return np.linalg.cholesky(gram).T


@BOUNDS
@pytest.mark.parametrize("seed", range(40))
def test_holds_for_random_measurements(bound, seed):
    rng = np.random.default_rng(seed)
    intensity = 10 ** rng.uniform(-3, 0)
    vectors = sequences(intensity)
    # A measurement with ports "faint", "bright" and "nothing" that keeps errors rare but not absent.
    ideal = vectors[:, 0] - vectors[:, 1], vectors[:, 0] + vectors[:, 1]
    parts = []
    for direction in ideal:
        noise = rng.normal(size=(4, 4)) * 10 ** rng.uniform(-3, -0.5)
        parts.append(np.outer(direction, direction) / (direction @ direction) + noise @ noise.T)
    parts = [part / np.linalg.eigvalsh(parts[0] + parts[1])[-1] * rng.uniform(0.2, 1) for part in parts]
    gains = [[vectors[:, i] @ part @ vectors[:, i] for i in range(4)] for part in parts]
    faint, bright = gains
    wanted = vectors[:, 0] + vectors[:, 1]
    true = wanted @ parts[0] @ wanted + ideal[0] @ parts[1] @ ideal[0]
    true /= 2 * sum(bright[:2] + faint[:2])
    values = (
        np.mean(bright[:2]),
        np.mean(faint[:2]),
        bright[2],
        faint[2],
        bright[3],
        faint[3],
        bright[2],
        bright[3],
    )
    found = bound(intensity, MonitorGains(*(np.asarray(value) for value in values)))
    assert found >= min(true, 0.5) - 1e-12


@BOUNDS
def test_no_light_beyond_the_detected_leaves_little_error(bound):
    # Without loss and with weak light the phase error vanishes.
    errors = [float(bound(mu, honest(mu))) for mu in (1e-2, 1e-4, 1e-6)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 2e-3


def test_tightened_is_never_worse():
    rng = np.random.default_rng(2)
    mu, share, visibility = (
        10 ** rng.uniform(-4, 0, 3000),
        10 ** rng.uniform(-3, 0, 3000),
        rng.uniform(0.8, 1, 3000),
    )
    gains = honest(mu * share, visibility, 10 ** rng.uniform(-9, -4, 3000))
    assert (tightened_phase_error(mu, gains) <= gao_phase_error(mu, gains) + 1e-12).all()


@BOUNDS
def test_key_needs_light_in_step_with_the_transmittance(bound):
    # The phase error depends on the ratio of intensity and transmittance only: the rate is of second order.
    near, far = (float(bound(0.1 * t, honest(0.1 * t * t))) for t in (1e-2, 1e-5))
    assert near == pytest.approx(far, rel=2e-2)
    assert float(bound(50 * 1e-3, honest(50 * 1e-3 * 1e-3))) == 0.5


def test_bounds_that_are_loose_only_raise_the_error():
    exact = honest(1e-4, 0.99, 1e-8)
    loose = MonitorGains(**{**vars(exact), "decoy_bright_low": exact.decoy_bright * 0.97})
    looser = MonitorGains(**{**vars(loose), "vacuum_faint": exact.vacuum_faint * 3})
    for bound in (gao_phase_error, tightened_phase_error):
        values = [float(bound(2e-3, gains)) for gains in (exact, loose, looser)]
        assert values == sorted(values)
        assert values[0] < values[2]
