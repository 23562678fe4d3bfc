"""Phase-shift keying: operators, channel, statistics and leak against independent calculations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.special import eval_hermite, factorial
from scipy.stats import norm

from noclone.core.errors import InvalidInput
from noclone.proofs.library.coherent_states import photon_amplitudes, ring, ring_states
from noclone.proofs.library.heterodyne import sector_operators
from noclone.proofs.library.homodyne import half_line_operator
from noclone.proofs.library.phase_shift_keying import PhaseShiftKeying
from noclone.proofs.library.quaternary import NoisyFibre, quaternary, reconciled_bits, seen_over
from noclone.proofs.library.thermal_loss import choi_operator
from noclone.proofs.problem import problem


def displacement(size, beta):
    """Return D(beta) on few photons, cut from a much larger matrix exponential."""
    lower = np.diag(np.sqrt(np.arange(1, 8 * size)), 1)
    return expm(beta * lower.T - np.conj(beta) * lower)[:size, :size]


def test_overlaps_of_states_are_those_of_coherent_states():
    for amplitude, count, offset in ((0.35, 4, 0.0), (1.3, 4, np.pi / 4), (0.8, 8, 0.1), (0.6, 2, 0.0)):
        states = ring_states(amplitude, count, offset)
        photons = photon_amplitudes(ring(amplitude, count, offset), 60)
        assert np.allclose(states.conj() @ states.T, photons.conj() @ photons.T, atol=1e-14)


@pytest.mark.parametrize("threshold", [0.0, 0.7, -0.5])
def test_half_line_operator_is_the_integral_of_wave_functions(threshold):
    def wave(n, x):
        return eval_hermite(n, x) * np.exp(-(x**2) / 2) / np.sqrt(2.0**n * factorial(n) * np.sqrt(np.pi))

    found = half_line_operator(7, threshold)
    for n in range(7):
        for m in range(n + 1):
            start = threshold / np.sqrt(2)
            expected = quad(lambda x, n=n, m=m: wave(n, x) * wave(m, x), start, 12, epsabs=1e-13)[0]
            assert abs(found[n, m] - expected) < 1e-12


def test_sector_operators_of_a_noisy_detector_are_integrals_of_displaced_thermal_states():
    # Lin and Luetkenhaus, Phys. Rev. Applied 14, 064030 (2020): G_y = D(y') rho_th D(y')^dagger / (pi eta),
    # y' = y / sqrt(eta), with (1 - eta + v) / eta thermal photons; by brute force on a polar grid.
    efficiency, noise, size, radius = 0.7, 0.1, 4, 0.6
    photons = (1 - efficiency + noise) / efficiency
    wide = 40
    thermal = np.diag((photons / (1 + photons)) ** np.arange(wide)) / (1 + photons)
    nodes, weights = np.polynomial.legendre.leggauss(32)
    edge = 6.0
    total = np.zeros((size, size), complex)
    n = np.arange(size)
    for r, share in zip(
        (edge - radius) / 2 * nodes + (edge + radius) / 2, weights * (edge - radius) / 2, strict=True
    ):
        shift = displacement(wide, r / np.sqrt(efficiency))[:size]
        turns = np.exp(1j * np.pi / 4 * nodes[:, None, None] * (n[:, None] - n))
        arc = np.pi / 4 * np.tensordot(weights, turns, 1)
        total += share * r * arc * (shift @ thermal @ shift.T) / (np.pi * efficiency)
    found = sector_operators(4, size, efficiency / (1 + noise), radius / np.sqrt(1 + noise))[0]
    assert np.abs(found - total).max() < 1e-9


def test_choi_operator_is_loss_and_then_random_displacements():
    states, points, through, photons, size = ring_states(0.8, 4), ring(0.8, 4), 0.4, 0.15, 6
    found = choi_operator(states, points, through, photons, size).reshape(4, size, 4, size)
    nodes, weights = np.polynomial.hermite.hermgauss(24)
    x, y = np.meshgrid(nodes, nodes)
    gamma = np.sqrt(photons) * (x + 1j * y).ravel()
    share = np.outer(weights, weights).ravel() / np.pi
    for j, k in ((0, 0), (0, 1), (2, 1)):
        left, right = np.sqrt(through) * points[j], np.sqrt(through) * points[k]
        # D(gamma) |b> = exp((gamma b* - gamma* b) / 2) |b + gamma>
        phase = np.exp((gamma * (left - right).conj() - gamma.conj() * (left - right)) / 2)
        ket, bra = photon_amplitudes(left + gamma, size), photon_amplitudes(right + gamma, size)
        lost = np.vdot(*(photon_amplitudes(np.sqrt(1 - through) * points[[each]], 60)[0] for each in (k, j)))
        expected = lost * np.einsum("g,g,gn,gm->nm", share, phase, ket, bra.conj())
        # |alpha_j><alpha_k| = sum_ab V_ja V*_kb |a><b|
        output = np.einsum("a,b,anbm->nm", states[j], states[k].conj(), found)
        assert np.abs(output - expected).max() < 1e-12


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"detection": "homodyne", "discarded_snu": 0.5},
        {"efficiency": 0.6, "electronic_noise_snu": 0.1, "discarded_snu": 0.7},
        {"efficiency": 0.6, "electronic_noise_snu": 0.1, "trusted": False},
        {"count": 5, "efficiency": 0.6},
        {"count": 8},
        {"tail_order": 3},
    ],
)
def test_modelled_operator_gives_what_is_observed(settings):
    keying = PhaseShiftKeying(amplitude=0.8, cutoff=16, **settings)
    fibre = NoisyFibre(length_km=15, excess_noise_snu=0.05)
    case = seen_over(keying, fibre)
    task = problem(case.declared, case.seen)
    given = np.einsum("kij,ji->k", task.operators, case.start).real
    assert np.all(given > task.low - 1e-9)
    assert np.all(given < task.high + 1e-9)
    levels = np.linalg.eigvalsh(case.start)
    assert levels[0] > -1e-12
    table = keying.joint(*keying.received(fibre.transmittance, fibre.excess_noise_snu))
    assert sum(table.values()) == pytest.approx(1, abs=1e-12)
    for (sent, seen), prob in table.items():
        signal, outcome = case.declared.signals[sent], case.declared.outcomes[seen]
        expected = np.trace(np.kron(signal.operator, outcome.element) @ case.start).real
        assert prob == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("settings", [{}, {"detection": "homodyne"}, {"count": 8}, {"tail_order": 2}])
def test_declared_rotation_permutes_signals_outcomes_and_observations(settings):
    case = quaternary(amplitude=0.7, length_km=30, excess_noise_snu=0.01, cutoff=5, **settings)
    task = problem(case.declared, case.seen)
    (symmetry,) = case.declared.symmetries
    turn = np.kron(symmetry.alice, symmetry.bob)
    keyed = [each for symbols in task.key for each in symbols]
    for operators in (keyed, task.operators[-task.observed :]):
        for one in operators:
            turned = turn @ one @ turn.conj().T
            assert min(np.abs(turned - other).max() for other in operators) < 1e-13


@pytest.mark.parametrize(
    ("length_km", "noise", "amplitude", "bits"),
    # H(Z|X) by two-dimensional cubature in ConicQKD's examples
    [(10, 0.001, 0.6, 1.801849), (60, 0.05, 0.35, 1.992925), (50, 0.01, 0.7, 1.955515)],
)
def test_leak_of_perfect_reconciliation_is_the_conditional_entropy(length_km, noise, amplitude, bits):
    keying = PhaseShiftKeying(amplitude=amplitude, reconciliation_efficiency=1.0)
    case = seen_over(keying, NoisyFibre(length_km=length_km, excess_noise_snu=noise))
    assert case.leak_bits == pytest.approx(bits, abs=1e-6)


def test_leak_of_homodyne_detection_is_that_of_its_authors():
    # error_correction.m of hechuwuliu/HD-QPSK-CVQKD (Liu et al., PRX Quantum 2, 040334): two Gaussians of
    # variance (1 + eta xi) / 2 around +-sqrt(eta) alpha, beta = .95, for one of two quadratures.
    alpha, through, noise, threshold = 0.65, 0.1, 0.02, 0.3
    spread = np.sqrt((1 + through * noise) / 2)
    mean = np.sqrt(through) * alpha
    right, wrong = norm.sf((threshold - mean) / spread), norm.cdf((-threshold - mean) / spread)
    kept = right + wrong
    h = -sum(p * np.log2(p) for p in (right / kept, wrong / kept))
    expected = kept * (0.05 * 1 + 0.95 * h)
    keying = PhaseShiftKeying(amplitude=alpha, detection="homodyne", discarded_snu=threshold * np.sqrt(2))
    found = reconciled_bits(keying.declared, keying.joint(through, through * noise / 2), 0.95)
    assert found == pytest.approx(expected, abs=1e-13)


def test_bad_input_is_named():
    with pytest.raises(InvalidInput, match="amplitude must be above 0"):
        quaternary(amplitude=0.0, length_km=1, excess_noise_snu=0)
    with pytest.raises(InvalidInput, match="amplitude is too small: but for rounding, 4 states of amplitude"):
        quaternary(amplitude=0.001, length_km=1, excess_noise_snu=0)
    with pytest.raises(InvalidInput, match="detection must be one of"):
        quaternary(amplitude=0.5, length_km=1, excess_noise_snu=0, detection="photon counting")
    with pytest.raises(InvalidInput, match="count must be 4 with homodyne detection, but is 8"):
        quaternary(amplitude=0.5, length_km=1, excess_noise_snu=0, detection="homodyne", count=8)
    with pytest.raises(InvalidInput, match="tail_order must be 0 with homodyne detection"):
        quaternary(amplitude=0.5, length_km=1, excess_noise_snu=0, detection="homodyne", tail_order=2)
    with pytest.raises(InvalidInput, match="tail_order must be 0, or at least 2"):
        quaternary(amplitude=0.5, length_km=1, excess_noise_snu=0, tail_order=1)
    with pytest.raises(InvalidInput, match="length_km must be at least 0"):
        quaternary(amplitude=0.5, length_km=-1, excess_noise_snu=0)
