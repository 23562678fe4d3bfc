"""Fock space against closed forms, matrix exponentials and published receivers."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.special import factorial

from noclone.core.errors import InvalidInput
from noclone.quantum import bpsk_receivers, fock

rng = np.random.default_rng(3)


def ladder(cutoff):
    return np.diag(np.sqrt(np.arange(1, cutoff)), 1)


def random_states(shape):
    states = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return states / np.linalg.norm(states.reshape(len(states), -1), axis=1).reshape(
        -1, *[1] * (len(shape) - 1)
    )


# P_err at mean photon number |alpha|^2: Helstrom, Kennedy, homodyne, optimal displacement, its beta.
# Helstrom 1976; Kennedy 1973; Takeoka and Sasaki 2008; the numbers are those of their closed forms.
RECEIVERS = [
    (0.1, 0.212911, 0.335160, 0.263545, 0.246013, 0.7316),
    (0.2, 0.128964, 0.224664, 0.185547, 0.163023, 0.7578),
    (0.5, 0.035063, 0.067668, 0.078650, 0.054361, 0.8483),
    (1.0, 0.004600, 0.009158, 0.022750, 0.008561, 1.0327),
]


@pytest.mark.parametrize("row", RECEIVERS)
def test_receivers_of_opposite_coherent_states(row):
    photons, helstrom, kennedy, homodyne, best, beta = row
    alpha = [np.sqrt(photons)]
    up, down = (fock.density(fock.coherent([sign * alpha[0]], 20)) for sign in (1, -1))
    found = bpsk_receivers.best_displacement(alpha)
    errors = {
        "helstrom": bpsk_receivers.helstrom_error(up, down),
        "kennedy": bpsk_receivers.displacement_error(alpha, alpha, 20),
        "homodyne": bpsk_receivers.homodyne_error(alpha, 20),
        "best displacement": bpsk_receivers.displacement_error(alpha, found, 20),
    }
    for (name, error), printed in zip(errors.items(), (helstrom, kennedy, homodyne, best), strict=True):
        assert error[0] == pytest.approx(printed, abs=1e-6), name
        assert error[0] == pytest.approx(bpsk_receivers.closed_forms(alpha)[name][0], abs=1e-8), name
    assert found[0] == pytest.approx(beta, abs=1e-4)


def test_best_displacement_is_a_minimum_and_comes_back_with_the_rule_for_faint_and_bright_light():
    alpha = np.array([1e-3, 0.05, 0.3, 1.0, 2.5])
    beta = bpsk_receivers.best_displacement(alpha)

    def error(b):
        return 0.5 * (1 + np.exp(-((alpha + b) ** 2)) - np.exp(-((b - alpha) ** 2)))

    for step in (-1e-3, 1e-3):
        assert np.all(error(beta + step) > error(beta))
    assert beta[0] == pytest.approx(np.sqrt(0.5), abs=1e-5)  # faint: 2 beta**2 = 1
    assert beta[-1] == pytest.approx(2.5, abs=1e-9)  # bright: Kennedy's


def test_coherent_states_are_poissonian_and_displaced_vacua():
    alpha = rng.uniform(0, 1.5, size=6) * np.exp(2j * np.pi * rng.uniform(size=6))
    states = fock.coherent(alpha, 40)
    n = np.arange(40)
    mean = np.abs(alpha[:, None]) ** 2
    np.testing.assert_allclose(np.abs(states) ** 2, np.exp(-mean) * mean**n / factorial(n), atol=1e-14)
    np.testing.assert_allclose(fock.displace(fock.coherent(np.zeros(6), 40), alpha), states, atol=1e-11)
    both = fock.coherent([0, 0.4], 30)
    np.testing.assert_allclose(
        np.abs(fock.displace(both, [0.3j, 0.1j])), np.abs(fock.coherent([0.3j, 0.4 + 0.1j], 30)), atol=1e-12
    )


def test_operations_are_the_exponentials_of_their_generators():
    cutoff = 7
    a, eye = ladder(cutoff), np.eye(cutoff)
    n = a.T @ a
    z, angle, phase = 0.3 * np.exp(0.7j), 0.9, 0.4
    hop = np.kron(a, a.T) * np.exp(1j * phase)
    one, two = random_states((3, cutoff)), random_states((3, cutoff, cutoff))
    for operation, generator in (
        (fock.displace, z * a.T - np.conj(z) * a),
        (fock.squeeze, (np.conj(z) * a @ a - z * a.T @ a.T) / 2),
    ):
        np.testing.assert_allclose(operation(one, z), one @ expm(generator).T, atol=1e-13)
        full = expm(np.kron(eye, generator))
        np.testing.assert_allclose(
            operation(two, z, mode=1).reshape(3, -1), two.reshape(3, -1) @ full.T, atol=1e-13
        )
    np.testing.assert_allclose(fock.rotate(one, angle), one @ expm(1j * angle * n).T, atol=1e-13)
    np.testing.assert_allclose(fock.kerr(one, angle), one @ expm(1j * angle * n @ n).T, atol=1e-13)
    full = expm(angle * (hop - hop.conj().T))
    np.testing.assert_allclose(
        fock.beam_splitter(two, angle, phase).reshape(3, -1), two.reshape(3, -1) @ full.T, atol=1e-13
    )
    swapped = fock.beam_splitter(np.swapaxes(two, 1, 2), angle, phase, modes=(1, 0))
    np.testing.assert_allclose(np.swapaxes(swapped, 1, 2), fock.beam_splitter(two, angle, phase), atol=1e-13)


def test_beam_splitter_mixes_coherent_amplitudes_and_bunches_photons():
    a, b, angle, phase = 0.5 + 0.2j, -0.3j, 0.6, 1.1
    product = fock.coherent([a], 25)[:, :, None] * fock.coherent([b], 25)[:, None, :]
    out = fock.beam_splitter(product, angle, phase)
    first = a * np.cos(angle) - b * np.sin(angle) * np.exp(-1j * phase)
    second = b * np.cos(angle) + a * np.sin(angle) * np.exp(1j * phase)
    expected = fock.coherent([first], 25)[:, :, None] * fock.coherent([second], 25)[:, None, :]
    np.testing.assert_allclose(out, expected, atol=1e-11)
    pair = np.zeros((1, 4, 4), complex)
    pair[0, 1, 1] = 1
    assert abs(fock.beam_splitter(pair, np.pi / 4)[0, 1, 1]) < 1e-14  # Hong, Ou, Mandel


def test_squeezed_vacuum_has_even_photon_numbers_and_the_known_weights():
    r = 0.6
    found = fock.photon_numbers(fock.density(fock.squeeze(fock.coherent([0.0], 80), r * np.exp(0.8j))))[0]
    m = np.arange(20)
    expected = np.tanh(r) ** (2 * m) / np.cosh(r) * factorial(2 * m) / (4.0**m * factorial(m) ** 2)
    np.testing.assert_allclose(found[0:40:2], expected, atol=1e-9)
    assert found[1::2].max() < 1e-20


def test_kerr_makes_a_cat():
    made = fock.kerr(fock.coherent([1.2], 40), np.pi / 2)
    cat = (
        np.exp(1j * np.pi / 4) * fock.coherent([1.2], 40)
        + np.exp(-1j * np.pi / 4) * fock.coherent([-1.2], 40)
    ) / np.sqrt(2)
    np.testing.assert_allclose(made, cat, atol=1e-13)


def test_loss_is_a_beam_splitter_with_the_environment():
    states = random_states((3, 6))
    pair = np.zeros((3, 6, 6), complex)
    pair[:, :, 0] = states
    for transmission in (0.0, 0.37, 1.0):
        out = fock.beam_splitter(pair, np.arccos(np.sqrt(transmission)))
        np.testing.assert_allclose(
            fock.lose(fock.density(states), transmission), fock.density(out, 0), atol=1e-13
        )
    for wrong in (1.2, -0.1, np.nan):
        with pytest.raises(InvalidInput, match="transmission must be between 0 and 1"):
            fock.lose(fock.density(states), [0.5, wrong, 0.5])


def test_the_cutoff_is_a_whole_number():
    with pytest.raises(InvalidInput, match="cutoff must be at least 2, but is 1"):
        fock.coherent([0.1], 1)
    with pytest.raises(InvalidInput, match="cutoff must be a whole number"):
        fock.coherent([0.1], 2.5)


def test_quadrature_statistics_agree_with_each_other():
    pure = np.pad(random_states((2, 8)), ((0, 0), (0, 2)))  # room for the square of x
    rho = fock.lose(fock.density(pure), 0.8)
    a = ladder(10)
    x = np.cos(0.4) * (a + a.T) + np.sin(0.4) * 1j * (a.T - a)
    mean, variance = fock.quadrature(rho, 0.4)
    exact = np.einsum("bij,ji->b", rho, x).real
    np.testing.assert_allclose(mean, exact, atol=1e-13)
    np.testing.assert_allclose(variance, np.einsum("bij,ji->b", rho, x @ x).real - exact**2, atol=1e-12)
    grid = np.linspace(-15, 15, 3001)
    pdf = fock.quadrature_density(rho, grid, 0.4)
    np.testing.assert_allclose(np.trapezoid(pdf, grid), 1, atol=1e-9)
    np.testing.assert_allclose(np.trapezoid(pdf * grid, grid), mean, atol=1e-9)
    np.testing.assert_allclose(np.trapezoid(pdf * grid**2, grid) - mean**2, variance, atol=1e-8)
    positive = [
        quad(lambda v, b=b: fock.quadrature_density(rho[b : b + 1], [v], 0.4)[0, 0], 0, 15)[0]
        for b in range(2)
    ]
    np.testing.assert_allclose(fock.positive_probability(rho, 0.4), positive, atol=1e-9)


def test_quadratures_of_a_coherent_state_follow_its_amplitude():
    rho = fock.density(fock.coherent([0.7 + 0.4j], 40))
    for angle, centre in ((0.0, 1.4), (np.pi / 2, 0.8)):
        mean, variance = fock.quadrature(rho, angle)
        assert mean[0] == pytest.approx(centre)
        assert variance[0] == pytest.approx(1)
        peak = fock.quadrature_density(rho, [centre], angle)[0, 0]
        assert peak == pytest.approx(1 / np.sqrt(2 * np.pi))


def test_fidelity_of_pure_and_thermal_states():
    pure = fock.density(fock.coherent([0.2, 0.5j], 30))
    other = fock.density(fock.coherent([0.9, -0.4], 30))
    np.testing.assert_allclose(fock.fidelity(pure, other), np.exp([-(0.7**2), -(0.5**2 + 0.4**2)]), atol=1e-9)
    n = np.arange(60)
    p, q = (np.diag(m**n / (1 + m) ** (n + 1)).astype(complex)[None] for m in (0.5, 1.5))
    expected = np.sqrt(np.diagonal(p[0]) * np.diagonal(q[0])).sum().real ** 2  # they commute
    assert fock.fidelity(p, q)[0] == pytest.approx(expected, abs=1e-12)
