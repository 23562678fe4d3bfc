"""Gaussian states against Fock space, closed forms and the key-rate formulas of Gaussian modulation."""

import numpy as np
import pytest
from scipy.stats import norm

from noclone.core.errors import InvalidInput
from noclone.quantum import fock
from noclone.quantum import gaussian_states as gs
from noclone.rates.gaussian_modulation import after_channel, holevo_heterodyne, holevo_homodyne

CUT = 26


def two_mode_fock(operations, alpha=(0.3 + 0.2j, -0.4j), cutoff=CUT):
    states = fock.coherent([alpha[0]], cutoff)[:, :, None] * fock.coherent([alpha[1]], cutoff)[:, None, :]
    for name, args in operations:
        states = getattr(fock, name)(states, *args)
    return states


def moments(states):
    """Mean vector and covariance of two-mode Fock states, with ladder operators."""
    a = np.diag(np.sqrt(np.arange(1, states.shape[-1])), 1)
    x, p, eye = a + a.T, -1j * (a - a.T), np.eye(len(a))
    operators = [np.kron(x, eye), np.kron(p, eye), np.kron(eye, x), np.kron(eye, p)]
    psi = states.reshape(-1)
    mean = np.array([np.vdot(psi, o @ psi).real for o in operators])
    cov = np.array([[np.vdot(f @ psi, g @ psi).real for g in operators] for f in operators])
    return mean, cov - np.outer(mean, mean)


OPERATIONS = [
    ("squeeze", (0.3 * np.exp(0.5j), 0)),
    ("displace", (0.2 - 0.1j, 1)),
    ("beam_splitter", (0.7, 0.4)),
    ("rotate", (1.1, 1)),
    ("squeeze", (-0.2, 1)),
    ("beam_splitter", (0.3, -0.9, (1, 0))),
]


def test_operations_move_the_moments_as_they_do_in_fock_space():
    state = gs.coherent([0.3 + 0.2j, -0.4j])
    for name, args in OPERATIONS:
        state = getattr(gs, name)(state, *args)
    mean, covariance = moments(two_mode_fock(OPERATIONS))
    np.testing.assert_allclose(state.mean, mean, atol=1e-7)
    np.testing.assert_allclose(state.covariance, covariance, atol=1e-6)


def test_every_operation_is_symplectic():
    form = np.kron(np.eye(2), [[0, 1], [-1, 0]])
    for name, args in OPERATIONS:
        if name == "displace":
            continue
        columns = [getattr(gs, name)(gs.GaussianState(e, np.eye(4)), *args).mean for e in np.eye(4)]
        matrix = np.array(columns).T
        np.testing.assert_allclose(matrix @ form @ matrix.T, form, atol=1e-13)


def test_loss_thermal_noise_and_fidelity_agree_with_fock_space():
    squeezed_fock = fock.squeeze(fock.coherent([0.4j], 60), 0.4)
    lossy_fock = fock.lose(fock.density(squeezed_fock), 0.7)
    lossy = gs.lose(gs.squeeze(gs.coherent([0.4j]), 0.4), 0.7)
    for angle in (0.0, 0.8):
        mean, variance = fock.quadrature(lossy_fock, angle)
        direction = np.array([np.cos(angle), np.sin(angle)])
        assert lossy.mean @ direction == pytest.approx(mean[0], abs=1e-9)
        assert direction @ lossy.covariance @ direction == pytest.approx(variance[0], abs=1e-8)
    n = np.arange(60)  # there, square roots of rounded eigenvalues leave 1e-8 each
    bath_fock = np.diag(0.6**n / 1.6 ** (n + 1)).astype(complex)[None]
    assert gs.fidelity(lossy, gs.thermal([0.6])) == pytest.approx(
        fock.fidelity(lossy_fock, bath_fock)[0], abs=3e-7
    )
    noisy = gs.lose(gs.coherent([0.5]), 0.6, mean_photons=0.3)
    np.testing.assert_allclose(noisy.covariance, (0.6 + 0.4 * 1.6) * np.eye(2), atol=1e-14)


def test_fidelity_of_pure_states_is_their_overlap_in_fock_space():
    first = gs.coherent([0.3 + 0.2j, -0.4j])
    second = first
    for name, args in OPERATIONS:
        second = getattr(gs, name)(second, *args)
    overlap = np.vdot(two_mode_fock([]), two_mode_fock(OPERATIONS))
    assert gs.fidelity(first, second) == pytest.approx(abs(overlap) ** 2, abs=1e-8)
    assert gs.fidelity(first, first) == pytest.approx(1, abs=1e-12)
    assert gs.fidelity(second, second) == pytest.approx(1, abs=1e-12)


def test_fidelity_of_thermal_products_and_of_mixed_two_mode_states():
    p, q = (0.5, 1.2), (1.5, 0.1)
    n = np.arange(400)
    expected = 1.0
    for a, b in zip(p, q, strict=True):  # they commute: a classical fidelity
        expected *= np.sqrt((a / (1 + a)) ** n / (1 + a) * (b / (1 + b)) ** n / (1 + b)).sum() ** 2
    assert gs.fidelity(gs.thermal(p), gs.thermal(q)) == pytest.approx(expected, abs=1e-12)
    # The same unitary on both changes nothing, though the covariance matrices no longer commute.
    turned = [gs.beam_splitter(gs.squeeze(gs.thermal(photons), 0.5), 0.6, 0.2) for photons in (p, q)]
    assert gs.fidelity(*turned) == pytest.approx(expected, abs=1e-12)
    assert gs.fidelity(*turned[::-1]) == pytest.approx(expected, abs=1e-12)


def test_two_mode_squeezed_vacuum():
    r = 0.8
    state = gs.two_mode_squeezed(r)
    c, s = np.cosh(2 * r), np.sinh(2 * r)
    np.testing.assert_allclose(
        state.covariance, [[c, 0, s, 0], [0, c, 0, -s], [s, 0, c, 0], [0, -s, 0, c]], atol=1e-13
    )
    np.testing.assert_allclose(gs.symplectic_eigenvalues(state), [1, 1], atol=1e-12)
    assert gs.purity(state) == pytest.approx(1)
    lam = np.tanh(r) ** 2  # entanglement entropy from the Schmidt coefficients (1 - lam) lam^n
    weights = (1 - lam) * lam ** np.arange(300)
    arm = gs.GaussianState(state.mean[:2], state.covariance[:2, :2])
    assert gs.entropy(arm) == pytest.approx(-(weights * np.log2(weights)).sum(), abs=1e-10)
    assert gs.purity(arm) == pytest.approx((weights**2).sum(), abs=1e-12)


def test_conditioning_on_homodyne_and_heterodyne_outcomes():
    r, outcome = 0.6, 0.9
    c, s = np.cosh(2 * r), np.sinh(2 * r)
    left = gs.homodyne(gs.two_mode_squeezed(r), outcome)
    np.testing.assert_allclose(left.mean, [s / c * outcome, 0], atol=1e-13)
    np.testing.assert_allclose(left.covariance, np.diag([1 / c, c]), atol=1e-12)
    left = gs.homodyne(gs.two_mode_squeezed(r), outcome, mode=1, angle=np.pi / 2)
    np.testing.assert_allclose(left.mean, [0, -s / c * outcome], atol=1e-13)
    left = gs.heterodyne(gs.two_mode_squeezed(r), 0.3 - 0.5j)
    np.testing.assert_allclose(left.covariance, np.eye(2), atol=1e-12)  # a coherent state
    np.testing.assert_allclose(left.mean, 2 * np.tanh(r) * np.array([0.3, 0.5]), atol=1e-12)


def test_homodyne_conditioning_is_that_of_fock_space():
    cutoff, outcome = 32, 0.7
    pair = fock.beam_splitter(
        fock.squeeze(
            fock.coherent([0.3], cutoff)[:, :, None] * fock.coherent([0.2j], cutoff)[:, None, :], 0.4
        ),
        0.7,
    )
    waves = np.array(
        [
            np.sqrt(fock.quadrature_density(np.diag(row).astype(complex)[None], [outcome])[0, 0])
            for row in np.eye(cutoff)
        ]
    )
    hermite = np.polynomial.hermite_e.hermevander(np.array([outcome]), cutoff - 1)[0]
    waves *= np.where(hermite < 0, -1, 1)
    left = pair[0].T @ waves
    rho = fock.density((left / np.linalg.norm(left))[None])
    state = gs.beam_splitter(gs.squeeze(gs.coherent([0.3, 0.2j]), 0.4), 0.7)
    after = gs.homodyne(state, outcome)
    for angle in (0.0, 1.0):
        direction = np.array([np.cos(angle), np.sin(angle)])
        mean, variance = fock.quadrature(rho, angle)
        assert after.mean @ direction == pytest.approx(mean[0], abs=1e-8)
        assert direction @ after.covariance @ direction == pytest.approx(variance[0], abs=1e-7)
    density = norm.pdf(outcome, state.mean[0], np.sqrt(state.covariance[0, 0]))
    assert np.linalg.norm(left) ** 2 == pytest.approx(density, abs=1e-9)


@pytest.mark.parametrize(("variance", "transmission", "excess"), [(5.0, 0.3, 0.02), (20.0, 0.05, 0.01)])
def test_holevo_information_of_gaussian_modulation(variance, transmission, excess):
    photons = transmission * excess / (2 * (1 - transmission))
    shared = gs.lose(gs.two_mode_squeezed(np.arccosh(variance) / 2), transmission, 1, photons)
    standard = after_channel(variance, transmission, transmission * excess)
    for measured, expected in (
        (gs.homodyne(shared, 0.0, mode=1), holevo_homodyne(standard, 0.0)),
        (gs.heterodyne(shared, 0.0, mode=1), holevo_heterodyne(standard, 1.0)),
    ):
        assert gs.entropy(shared) - gs.entropy(measured) == pytest.approx(expected, abs=1e-9)


def test_arrays_of_states_are_what_single_states_are():
    r, alpha, t = np.array([0.1, 0.5, 0.9]), np.array([1.0, 0.2j, -0.3]), np.array([0.2, 0.6, 1.0])
    many = gs.lose(gs.displace(gs.two_mode_squeezed(r), alpha, 1), t, 1, 0.4)
    after = gs.homodyne(many, np.array([0.3, 0.0, -1.0]))
    overlap = gs.fidelity(many, gs.vacuum(2))
    for b in range(3):
        one = gs.lose(gs.displace(gs.two_mode_squeezed(r[b]), alpha[b], 1), t[b], 1, 0.4)
        np.testing.assert_allclose(many.covariance[b], one.covariance, atol=1e-14)
        np.testing.assert_allclose(gs.entropy(many)[b], gs.entropy(one), atol=1e-12)
        np.testing.assert_allclose(overlap[b], gs.fidelity(one, gs.vacuum(2)), atol=1e-12)
        single = gs.homodyne(one, [0.3, 0.0, -1.0][b])
        np.testing.assert_allclose(after.mean[b], single.mean, atol=1e-13)
    grid = gs.squeezed(np.full((4, 3, 2), 0.2))
    assert gs.symplectic_eigenvalues(gs.rotate(grid, np.ones((4, 3)), 1)).shape == (4, 3, 2)


def test_what_is_no_state_is_refused():
    with pytest.raises(InvalidInput, match="mean_photons must be"):
        gs.thermal([-1.0])
    with pytest.raises(InvalidInput, match="transmission must be between 0 and 1"):
        gs.lose(gs.vacuum(1), 1.5)
    with pytest.raises(InvalidInput, match="covariance must be positive"):
        gs.symplectic_eigenvalues(gs.GaussianState(np.zeros(2), np.diag([1.0, -1.0])))


@pytest.mark.parametrize("wrong", [-0.4, np.nan, np.inf])
def test_photon_numbers_and_transmissions_that_are_none(wrong):
    with pytest.raises(InvalidInput, match="mean_photons must be finite and at least 0"):
        gs.thermal([0.5, wrong])
    with pytest.raises(InvalidInput, match="mean_photons must be finite and at least 0"):
        gs.lose(gs.vacuum(1), 0.5, mean_photons=wrong)
    with pytest.raises(InvalidInput, match="transmission must be between 0 and 1"):
        gs.lose(gs.vacuum(1), [0.5, wrong])


@pytest.mark.parametrize("measure", [gs.entropy, gs.purity, gs.symplectic_eigenvalues])
def test_covariances_that_no_state_has(measure):
    for variances, sentence in (
        ([0.6, 1.0], "at least that of a vacuum"),
        ([1e-4, 1e3], "at least that of a vacuum"),
        ([-1.0, 1.0], "must be positive"),
        ([np.nan, 1.0], "must be finite"),
    ):
        both = np.array([np.eye(2), np.diag(variances)])  # one of two states
        with pytest.raises(InvalidInput, match=sentence):
            measure(gs.GaussianState(np.zeros((2, 2)), both))


@pytest.mark.parametrize("strength", [0.5, 3.0, 5.0])
def test_rounding_is_not_taken_for_a_broken_state(strength):
    angles = np.random.default_rng(1).uniform(0, 6, (3, 200))
    state = gs.squeezed(np.full((200, 2), strength))
    state = gs.rotate(gs.beam_splitter(gs.rotate(state, angles[0]), angles[1]), angles[2], 1)
    assert gs.symplectic_eigenvalues(state) == pytest.approx(1, abs=1e-13 * np.exp(4 * strength) + 1e-12)
    assert np.all(gs.entropy(state) >= 0)
