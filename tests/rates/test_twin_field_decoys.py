"""Bounds from a few intensities never fall below the true yields, and come close to them."""

import numpy as np
import pytest

from noclone.rates.interference import random_phase_click
from noclone.rates.twin_field import amplitude_sums, fock_yields
from noclone.rates.twin_field_decoys import yield_ceilings

rng = np.random.default_rng(5)
RANDOM = [
    (10 ** rng.uniform(-4.5, 0), 10 ** rng.uniform(-4.5, 0), 10 ** rng.uniform(-10, -5), rng.uniform(0.8, 1))
    for _ in range(25)
]


@pytest.mark.parametrize("setting", RANDOM)
def test_ceilings_hold_at_any_loss(setting):
    eta_a, eta_b, dark, overlap = setting
    a, b = (np.array([top, 0.3 * top, 0.02 * top, 0.0]) for top in (0.06, 0.3))
    gains = random_phase_click(eta_a * a[:, None], eta_b * b, dark, overlap) / 2
    assert np.all(yield_ceilings(a, b, gains) >= fock_yields(6, eta_a, eta_b, dark, overlap) * (1 - 1e-9))


def test_four_intensities_are_basically_optimal_and_more_are_never_worse():
    # Grasselli and Curty, New J. Phys. 21, 073001 (2019), abstract.
    eta, dark, alpha2 = 1e-3, 1e-8, 0.03
    errors = []
    for intensities in ([0.5, 0.01, 1e-4], [0.5, 0.1, 0.01, 1e-4]):
        mu = np.array(intensities)
        gains = random_phase_click(eta * mu[:, None], eta * mu, dark) / 2
        errors.append(amplitude_sums(alpha2, alpha2, yield_ceilings(mu, mu, gains)))
    true = amplitude_sums(alpha2, alpha2, fock_yields(20, eta, eta, dark))
    assert true < errors[1] <= errors[0] * (1 + 1e-9)
    assert errors[1] < 1.1 * true


def test_a_vacuum_intensity_without_dark_counts():
    mu = np.array([0.05, 0.01, 0.0])
    gains = random_phase_click(0.01 * mu[:, None], 0.01 * mu, 0.0) / 2
    ceilings = yield_ceilings(mu, mu, gains)
    assert ceilings[0, 0] == 0.0
    assert np.all(ceilings >= fock_yields(6, 0.01, 0.01, 0.0) * (1 - 1e-9))
