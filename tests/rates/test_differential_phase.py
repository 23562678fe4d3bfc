"""Differential phase shift: threshold, limits, and the constants of the proofs from first principles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import poisson

from noclone.rates.differential_phase import PHASE_PER_BIT_ERROR, block_phase_errors, individual_secrecy
from noclone.rates.entropy import binary_entropy


def test_threshold_for_individual_attacks():
    # 6.0908 % for vanishing light and reconciliation at the Shannon limit.
    zero = brentq(lambda e: float(individual_secrecy(e, 0.0) - binary_entropy(e)), 0.01, 0.15, xtol=1e-14)
    assert zero == pytest.approx(0.060908, abs=5e-7)


def test_threshold_of_one_photon_for_coherent_attacks():
    # Wen, Tamaki, Yamamoto, PRL 103, 170503 (2009), abstract: 4.12 %.
    zero = brentq(lambda e: 1 - binary_entropy(e) - binary_entropy(PHASE_PER_BIT_ERROR * e), 0.01, 0.09)
    assert zero == pytest.approx(0.0412, abs=5e-5)


def test_threshold_of_takesue_2007():
    # Nat. Photon. 1, 343 (2007) gives 4.1 % for mu = .2; with the usual f = 1.16.
    zero = brentq(lambda e: float(individual_secrecy(e, 0.2) - 1.16 * binary_entropy(e)), 0.01, 0.15)
    assert zero == pytest.approx(0.041, abs=6e-4)


def test_secrecy_of_perfect_and_of_bright_light():
    assert individual_secrecy(0.0, 0.2) == pytest.approx(0.6)
    assert individual_secrecy(0.02, [0.5, 0.7]).tolist() == [0.0, 0.0]


@given(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 0.6))
def test_secrecy_never_grows_with_errors(first, second, intensity):
    low, high = sorted((first, second))
    assert individual_secrecy(high, intensity) <= individual_secrecy(low, intensity) + 1e-15


@pytest.mark.parametrize("pulses", [3, 4, 6, 9])
def test_phase_errors_per_bit_error_are_an_eigenvalue(pulses):
    # One photon among L pulses, purified: Alice's string has one minus sign at the photon's place w. Bob's
    # slot i holds pulses i and i + 1; a bit error there, or, read by place, the photon where Alice's is not.
    unit, size = np.eye(pulses), pulses**2
    bit, phase = np.zeros((size, size)), np.zeros((size, size))
    for i in range(pulses - 1):
        pair = np.diag(unit[i] + unit[i + 1])
        swap = np.outer(unit[i], unit[i + 1]) + np.outer(unit[i + 1], unit[i])
        bit += 0.25 * (np.kron(np.eye(pulses), pair) - np.kron(swap, swap))
        first, second = np.outer(unit[i], unit[i]), np.outer(unit[i + 1], unit[i + 1])
        phase += 0.5 * (np.kron(first, second) + np.kron(second, first))
    values, vectors = np.linalg.eigh(bit)
    assert np.abs(phase @ vectors[:, values < 1e-10]).max() < 1e-7
    scaled = vectors[:, values > 1e-10] / np.sqrt(values[values > 1e-10])
    largest = np.linalg.eigvalsh(scaled.T @ phase @ scaled)[-1]
    assert largest == pytest.approx(PHASE_PER_BIT_ERROR, rel=1e-12)


def test_photon_tails_of_a_block():
    mean = 3 * 0.02
    one, two, three = (poisson.sf(n - 1, mean) for n in (1, 2, 3))
    expected = (3 + np.sqrt(5)) * (1e-4 + np.sqrt(one * three)) + two
    assert block_phase_errors(1e-4, 0.02) == pytest.approx(expected, rel=1e-12)
