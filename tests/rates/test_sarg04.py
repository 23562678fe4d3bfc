import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import entr

from noclone.rates.entropy import binary_entropy
from noclone.rates.sarg04 import (
    PAIR_LIMIT,
    SINGLE_LIMIT,
    decoy_rate,
    pair_phase_error,
    single_photon_secrecy,
)

ERROR = st.floats(0.0, 0.33)


def test_thresholds_are_those_of_tamaki_and_lo():
    # PRA 73, 010302(R) (2006): 9.68 % and 2.71 %.
    single = brentq(lambda e: float(single_photon_secrecy(e) - binary_entropy(e)), 0.01, 0.2)
    pairs = brentq(lambda e: float(1 - binary_entropy(pair_phase_error(e)) - binary_entropy(e)), 1e-3, 0.1)
    assert single == pytest.approx(0.09689, abs=5e-6)
    assert pairs == pytest.approx(0.02710, abs=5e-6)


@given(ERROR)
def test_the_share_of_double_errors_is_the_worst_that_is_allowed(e):
    shares = np.linspace(e / 2, e, 400)
    weights = np.stack([1 - 2.5 * e + shares, e - shares, shares, 1.5 * e - shares])
    secrecy = 1 + binary_entropy(e) - entr(np.maximum(weights, 0)).sum(axis=0) / np.log(2)
    assert single_photon_secrecy(e) == pytest.approx(max(secrecy.min(), 0.0), abs=2e-5)
    assert single_photon_secrecy(e) <= max(secrecy.min(), 0.0) + 1e-12


@given(st.floats(0.0, 0.16))
def test_the_pairs_phase_error_is_the_least_line_of_the_proof(e):
    """Tamaki and Lo bound e_p by x e_b + y(x) for every x; y(x) from their operator inequality.

    y(x) = (3 - 2 x + sqrt(6 - 6 sqrt(2) x + 4 x^2)) / 6.
    """

    def line(x):
        return x * e + (3 - 2 * x + np.sqrt(6 - 6 * np.sqrt(2) * x + 4 * x * x)) / 6

    slopes = np.concatenate([np.linspace(0.5, 20.0, 20_000), np.geomspace(20.0, 1e7, 20_000)])
    assert pair_phase_error(e) == pytest.approx(line(slopes).min(), abs=1e-7)
    assert np.all(line(slopes) >= pair_phase_error(e) - 1e-9)


def test_nothing_is_secret_from_the_limits_on():
    assert single_photon_secrecy(SINGLE_LIMIT) == pytest.approx(0.0, abs=1e-12)
    assert single_photon_secrecy(0.45) == pytest.approx(0.0, abs=1e-12)
    assert pair_phase_error(PAIR_LIMIT) == pytest.approx(0.5)
    assert pair_phase_error(0.4) == pytest.approx(0.5)


def decoy_terms(length_km, mu):
    """Terms for the setup of Gobby, Yuan and Shields, with the paper's eqs. (40)-(43)."""
    eta, dark, error = 0.045 * 10 ** (-0.021 * length_km), 1.7e-6, 0.033
    parts = []
    for photons in (1, 2):
        seen = 1 - (1 - eta) ** photons
        weight = mu**photons * np.exp(-mu) / photons
        parts.append(weight * (seen * (error / 2 + 0.25) + (1 - seen) * dark / 2))
        parts.append(weight * (seen * error / 2 + (1 - seen) * dark / 4))
    seen = -np.expm1(-eta * mu)
    gain = seen * (error / 2 + 0.25) + (1 - seen) * dark / 2
    return decoy_rate(gain, seen * error / 2 + (1 - seen) * dark / 4, *parts, 1.22)


def test_the_reach_with_decoys_is_the_papers():
    # Fung, Tamaki, Lo, PRA 73, 012337 (2006): 97.2 km, at the best intensity; their formulas give 97.30 km.
    intensities = np.geomspace(1e-3, 1.0, 3000)

    def best(length_km):
        return float(sum(decoy_terms(length_km, intensities)).max())

    assert brentq(best, 60.0, 140.0, xtol=1e-6) == pytest.approx(97.2, abs=0.15)


def test_with_decoys_it_is_behind_bb84():
    # The same setup; BB84 with infinitely many decoys of Ma et al., PRA 72, 012326 (2005): 2.226e-4 at 50 km.
    best = float(sum(decoy_terms(50.0, np.geomspace(1e-3, 1.0, 500))).max())
    assert 1e-5 < best < 2.226e-4
