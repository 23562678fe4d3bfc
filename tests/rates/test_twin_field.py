"""Fock yields against enumerated photons and phase-averaged gains; phase errors against plain sums."""

from itertools import product
from math import comb, factorial

import numpy as np
import pytest

from noclone.rates.interference import matched_clicks
from noclone.rates.twin_field import amplitude_sums, fock_yields, phase_error

SETTINGS = [
    (0.3, 0.3, 1e-6, 1.0),
    (0.05, 0.4, 1e-4, 1.0),
    (1.0, 0.7, 0.0, 0.9),
    (1e-3, 2e-2, 1e-8, 0.8),
    (1.0, 1.0, 0.01, 0.0),
]


def splitter(n, m):
    """Probability of k photons at the first port when n and m enter a balanced beam splitter."""
    amplitudes = np.zeros(n + m + 1)
    for i, j in product(range(n + 1), range(m + 1)):
        weight = comb(n, i) * comb(m, j) * (-1) ** (m - j)
        k = i + j
        amplitudes[k] += weight * np.sqrt(factorial(k) * factorial(n + m - k) / factorial(n) / factorial(m))
    return amplitudes**2 / 2 ** (n + m)


def enumerated_yield(n, m, eta_a, eta_b, dark, overlap):
    """Follow every photon: lost or not, in the common polarisation or not, to one port or the other."""
    total = 0.0
    for i, j in product(range(n + 1), range(m + 1)):
        arrive = (
            comb(n, i) * eta_a**i * (1 - eta_a) ** (n - i) * comb(m, j) * eta_b**j * (1 - eta_b) ** (m - j)
        )
        for along in range(j + 1):
            share = comb(j, along) * overlap ** (2 * along) * (1 - overlap**2) ** (j - along)
            ports = splitter(i, along)
            # No photon may reach the second port; the orthogonal ones choose on their own.
            none_at_second = ports[i + along] * 0.5 ** (j - along)
            nothing = float(i + j == 0)
            total += arrive * share * (1 - dark) * (none_at_second - (1 - dark) * nothing)
    return total


@pytest.mark.parametrize("setting", SETTINGS)
def test_yields_count_photons(setting):
    table = fock_yields(4, *setting)
    for n, m in product(range(5), repeat=2):
        assert table[n, m] == pytest.approx(enumerated_yield(n, m, *setting), rel=1e-11, abs=1e-16)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("intensities", [(0.02, 0.02), (0.5, 0.1), (1.3, 2.0)])
def test_yields_equal_the_phase_averaged_coherent_gain(setting, intensities):
    eta_a, eta_b, dark, overlap = setting
    phase = 2 * np.pi * np.arange(256) / 256
    first, _ = matched_clicks(eta_a * intensities[0], eta_b * intensities[1], overlap * np.cos(phase), dark)
    n = np.arange(41)
    factorials = np.array([float(factorial(k)) for k in n])
    poisson = [np.exp(-mu) * mu**n / factorials for mu in intensities]
    mixture = poisson[0] @ fock_yields(40, *setting) @ poisson[1]
    assert mixture == pytest.approx(np.mean(first), rel=1e-12, abs=0)


def test_no_digits_are_lost_at_high_loss():
    table = fock_yields(2, 1e-12, 1e-12, 0.0)
    assert table[1, 0] == pytest.approx(0.5e-12, rel=1e-11)
    assert table[1, 1] == pytest.approx(1e-12, rel=1e-11)


def test_phase_error_is_the_plain_double_sum():
    mu_a, mu_b, setting, click = 0.05, 0.2, (0.01, 0.003, 1e-7, 0.97), 9e-4
    table = fock_yields(20, *setting)
    c_a, c_b = (
        [np.exp(-mu / 2) * mu ** (n / 2) / np.sqrt(float(factorial(n))) for n in range(21)]
        for mu in (mu_a, mu_b)
    )
    plain = sum(
        sum(
            c_a[n] * c_b[m] * np.sqrt(table[n, m])
            for n, m in product(range(parity, 21, 2), range(parity, 21, 2))
        )
        ** 2
        for parity in (0, 1)
    )
    eta_a, eta_b, dark, overlap = setting
    found = phase_error(mu_a, mu_b, click, [1.0], [eta_a], [eta_b], dark, overlap)
    assert found == pytest.approx(plain / click, rel=1e-12)
    assert amplitude_sums(mu_a, mu_b, table) == pytest.approx(plain, rel=1e-12)


def test_varying_arms_average_the_yields_and_not_the_errors():
    shares, eta = np.array([0.25, 0.75]), np.array([0.1, 0.001])
    table = sum(share * fock_yields(20, e, e, 1e-8) for share, e in zip(shares, eta, strict=True))
    found = phase_error(0.05, 0.05, 2e-3, shares, eta, eta, 1e-8)
    assert found == pytest.approx(amplitude_sums(0.05, 0.05, table) / 2e-3, rel=1e-12)


def test_grids_broadcast():
    mu, eta = np.array([[0.02], [0.05]]), np.array([0.1, 0.01, 0.001])
    together = phase_error(mu, mu, eta * mu, [1.0], eta[None], eta[None], 1e-8)
    assert together.shape == (2, 3)
    for i, j in np.ndindex(together.shape):
        alone = phase_error(mu[i, 0], mu[i, 0], eta[j] * mu[i, 0], [1.0], [eta[j]], [eta[j]], 1e-8)
        assert together[i, j] == alone


def test_yields_beyond_a_table_count_as_one():
    small = amplitude_sums(0.3, 0.3, fock_yields(3, 0.1, 0.1, 1e-8))
    padded = np.ones((30, 30))
    padded[:4, :4] = fock_yields(3, 0.1, 0.1, 1e-8)
    assert small == pytest.approx(amplitude_sums(0.3, 0.3, padded), rel=1e-12)
