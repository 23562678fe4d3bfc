"""Discrete modulation against Fock matrices, 60-digit arithmetic, closed forms and sampled information."""

import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.special import gammaln

from noclone.link.coherent import constellation
from noclone.rates.discrete_modulation import (
    InformationCurve,
    after_channel,
    least_covariance,
    level_information,
    moments,
    psk_information,
)
from noclone.rates.gaussian_modulation import (
    after_channel as gaussian_channel,
)
from noclone.rates.gaussian_modulation import (
    gaussian_information,
    heterodyne_noise,
    holevo_heterodyne,
    signal_to_noise,
)

SHAPES = {
    name: constellation(name, "binomial" if "qam" in name else "uniform", 0.0)
    for name in ("bpsk", "qpsk", "8psk", "16qam", "64qam", "256qam")
}


def of(name, photons):
    shape = SHAPES[name]
    return moments(shape.points, shape.probs, shape.symmetry, photons)


def fock_moments(points, probs, photons, size=60):
    """From the definitions, with square roots of matrices; for states that are far from parallel."""
    n = np.arange(size)
    amplitudes = points * np.sqrt(photons)
    states = (
        np.exp(-(abs(amplitudes) ** 2) / 2) * amplitudes ** n[:, None] / np.exp(gammaln(n + 1) / 2)[:, None]
    )
    tau = (states * probs) @ states.conj().T
    values, vectors = eigh(tau)
    keep = values > 1e-13
    values, vectors = values[keep], vectors[:, keep]
    root, inverse = ((vectors * values**power) @ vectors.conj().T for power in (0.5, -0.5))
    a = np.diag(np.sqrt(n[1:]), 1)
    shifted = root @ a @ inverse
    means = np.einsum("nk,nm,mk->k", states.conj(), shifted, states)
    squares = np.linalg.norm(shifted @ states, axis=0) ** 2
    trace = np.trace(root @ a @ root @ a.conj().T)
    return trace.real, probs @ (squares - abs(means) ** 2)


@pytest.mark.parametrize(("name", "photons"), [("bpsk", 0.3), ("qpsk", 0.8), ("8psk", 3.0), ("16qam", 4.0)])
def test_moments_from_their_definition(name, photons):
    shape = SHAPES[name]
    found = of(name, photons)
    expected = fock_moments(shape.points, shape.probs, photons)
    np.testing.assert_allclose([found.correlation, found.deviation], expected, rtol=1e-8)


@pytest.mark.parametrize(
    ("name", "distribution", "photons", "correlation", "deviation"),
    [  # Gram matrices in 60-digit arithmetic
        ("qpsk", "uniform", 0.16, 0.425557705460979276, 0.0257256428948648318),
        ("16qam", "uniform", 2.5, 2.92444749093810657, 0.0673986781784385184),
        ("64qam", "binomial", 2.5, 2.95751290445088486, 0.00077443061429535148),
    ],
)
def test_moments_in_many_digits(name, distribution, photons, correlation, deviation):
    shape = constellation(name, distribution, 0.0)
    found = moments(shape.points, shape.probs, shape.symmetry, photons)
    assert found.correlation == pytest.approx(correlation, rel=1e-13)
    assert found.deviation == pytest.approx(deviation, rel=1e-10)


@pytest.mark.parametrize("phases", [2, 3, 4, 8])
def test_phase_shift_keying_in_closed_form(phases):
    photons = np.array([0.02, 0.16, 0.5, 2.0])
    n = np.arange(phases * 12)
    poisson = np.exp(n * np.log(photons[:, None]) - photons[:, None] - gammaln(n + 1))
    now = poisson.reshape(len(photons), -1, phases).sum(axis=1)
    before = np.roll(now, 1, axis=1)
    overlap = (before**1.5 / now**0.5).sum(axis=1)
    ring = np.exp(2j * np.pi * np.arange(phases) / phases)
    found = moments(ring, np.full(phases, 1 / phases), phases, photons)
    np.testing.assert_allclose(found.correlation, photons * overlap, rtol=1e-11)
    np.testing.assert_allclose(
        found.deviation, photons * ((before**2 / now).sum(axis=1) - overlap**2), rtol=1e-9, atol=1e-13
    )


@pytest.mark.parametrize("name", SHAPES)
def test_symmetry_is_only_a_shortcut(name):
    shape = SHAPES[name]
    photons = 0.5 if name == "256qam" else 1.5
    np.testing.assert_allclose(
        of(name, photons), moments(shape.points, shape.probs, 1, photons), rtol=1e-9, atol=1e-12
    )


def test_moments_of_eight_phases():
    eight = of("8psk", 0.36)
    received = 0.5 * 0.36 + 0.5 * 0.01 / 2
    least = least_covariance(eight, 0.5**0.5 * eight.correlation, 0.5**0.5 * 0.36, received)
    assert [float(x) for x in (least, eight.deviation, eight.correlation)] == pytest.approx(
        [0.9470141625, 0.0530610905, 0.6859283359], abs=1e-10
    )


def test_large_constellations_approach_the_gaussian():
    gap = [1 - float(of(name, 2.5).correlation) / np.sqrt(2.5 * 3.5) for name in ("16qam", "64qam", "256qam")]
    assert gap[0] > gap[1] > gap[2] > 0
    assert gap[2] < 3e-5
    t = np.array([0.5, 0.1])
    near = holevo_heterodyne(after_channel(of("256qam", 2.5), t, 0.0), 1.0)
    np.testing.assert_allclose(near, holevo_heterodyne(gaussian_channel(6.0, t, 0.0), 1.0), rtol=2e-3)
    assert np.all(near > holevo_heterodyne(gaussian_channel(6.0, t, 0.0), 1.0))


def test_rate_of_256_qam():
    t, noise = 0.1, 0.1 * 0.02
    snr = signal_to_noise(5.0, 1.0, t, noise, heterodyne_noise(1.0, 0.0))
    holevo = holevo_heterodyne(after_channel(of("256qam", 2.5), t, noise), 1.0)
    assert 0.95 * gaussian_information(snr, 2) - holevo == pytest.approx(0.03096, abs=5e-6)


def test_two_states_need_a_quiet_channel():
    """Two states get a key only below about .002 shot-noise units of excess noise."""
    shape = SHAPES["bpsk"]
    curve = InformationCurve(shape.levels, shape.level_probs, 2)
    photons, t = np.geomspace(1e-4, 2, 60), np.array([0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999])[:, None]
    states = of("bpsk", photons)

    def best(excess_noise):
        snr = signal_to_noise(2 * photons, 1.0, t, t * excess_noise, 1.0)
        return np.max(curve(snr) - holevo_heterodyne(after_channel(states, t, t * excess_noise), 1.0))

    assert best(0.0) > 0.015
    assert best(0.001) > 0.001
    assert best(0.005) < 0


def sampled_information(points, probs, snr, rounds=200_000):
    rng = np.random.default_rng(2)
    amplitudes = np.sqrt(2 * snr) * points
    sent = rng.choice(len(points), size=rounds, p=probs)
    seen = amplitudes[sent] + rng.standard_normal(rounds) + 1j * rng.standard_normal(rounds)
    likelihood = np.exp(-(abs(seen[:, None] - amplitudes) ** 2) / 2)
    bits = np.log2(likelihood[np.arange(rounds), sent] / (likelihood @ probs))
    return bits.mean(), bits.std() / np.sqrt(rounds)


@pytest.mark.parametrize(("name", "snr"), [("bpsk", 0.5), ("qpsk", 1.5), ("8psk", 4.0), ("16qam", 6.0)])
def test_information_against_sampling(name, snr):
    shape = SHAPES[name]
    curve = InformationCurve(shape.levels, shape.level_probs, shape.symmetry)
    mean, spread = sampled_information(shape.points, shape.probs, snr)
    assert float(curve(snr)) == pytest.approx(mean, abs=4.5 * spread)


@pytest.mark.parametrize("name", ["bpsk", "8psk", "64qam"])
def test_curve_against_quadrature(name):
    shape = SHAPES[name]
    curve = InformationCurve(shape.levels, shape.level_probs, shape.symmetry)
    snr = np.geomspace(1e-5, 500, 13)
    if shape.levels.size:
        exact = 2 * level_information(shape.levels, shape.level_probs, snr)
    else:
        exact = psk_information(shape.symmetry, snr)
    np.testing.assert_allclose(curve(snr), exact, rtol=2e-9)
    assert np.all(curve(snr) <= gaussian_information(snr, 2) * (1 + 1e-9))
    assert float(curve(1e9)) <= np.log2(len(shape.points))


def test_information_of_four_states():
    t = 10**-0.2  # 10 km, excess noise .005
    snr = signal_to_noise(2 * 0.48**2, 1.0, t, 0.005 * t, 1.0)
    assert 2 * level_information(np.array([-1.0, 1.0]), np.full(2, 0.5), snr) == pytest.approx(
        0.19546, abs=5e-6
    )
    assert gaussian_information(snr, 2) == pytest.approx(0.19553, abs=5e-6)
