"""Pulsed down-conversion against an enumeration of photon numbers, and against the published formulas."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from noclone.rates.entropy import binary_entropy
from noclone.rates.spdc import coincidence_gain, correlation


def split_probs(photons, angle):
    """|<k, n-k| U |m, n-m>|^2 from the matrix exponential of the rotation of two modes, [m, k]."""
    m = np.arange(photons)
    raise_0 = np.diag(np.sqrt((m + 1) * (photons - m)), -1)  # a0^dagger a1 in the basis |m, n-m>
    return expm(angle / 2 * (raise_0 - raise_0.T)).T ** 2


def enumerated(lam, eta_a, eta_b, dark_a, dark_b, wrong_a, wrong_b, angle, most=40):
    """Gain and correlation by summing over photon numbers, with clicks station by station."""

    def station(zeros, ones, eta, dark, wrong):
        """Probability of any click, and that of bit 0 less that of bit 1 (double clicks cancel)."""
        to_0 = (1 - eta * (1 - wrong)) ** zeros * (1 - eta * wrong) ** ones * (1 - dark)
        to_1 = (1 - eta * wrong) ** zeros * (1 - eta * (1 - wrong)) ** ones * (1 - dark)
        return 1 - (1 - eta) ** (zeros + ones) * (1 - dark) ** 2, to_1 - to_0

    gain = correlated = 0.0
    for n in range(most):
        prob = lam**n / (1 + lam) ** (n + 2)
        table = split_probs(n, angle)
        k = np.arange(n + 1)
        click_b, sign_b = station(k, n - k, eta_b, dark_b, wrong_b)
        click_a, sign_a = station(k, n - k, eta_a, dark_a, wrong_a)
        gain += prob * click_a @ table @ click_b
        correlated += prob * sign_a @ table @ sign_b
    return gain, correlated


@pytest.mark.parametrize("angle", [0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4])
@pytest.mark.parametrize(
    ("lam", "eta_a", "eta_b", "dark_a", "dark_b", "wrong_a", "wrong_b"),
    [
        (0.05, 0.145, 0.145, 3e-6, 3e-6, 0.0, 0.0),
        (0.3, 0.9, 0.4, 1e-2, 3e-3, 0.0, 0.0),
        (0.3, 0.8, 1.0, 0.0, 1e-2, 0.02, 0.1),
        (0.5, 1.0, 1.0, 0.0, 0.0, 0.01, 0.0),
        (0.02, 0.5, 0.01, 1e-5, 1e-4, 0.3, 0.05),
    ],
)
def test_enumeration_of_photon_numbers(lam, eta_a, eta_b, dark_a, dark_b, wrong_a, wrong_b, angle):
    gain, correlated = enumerated(lam, eta_a, eta_b, dark_a, dark_b, wrong_a, wrong_b, angle)
    y0_a, y0_b = 1 - (1 - dark_a) ** 2, 1 - (1 - dark_b) ** 2
    assert float(coincidence_gain(lam, eta_a, eta_b, y0_a, y0_b)) == pytest.approx(gain, rel=1e-10)
    formula = (1 - dark_a) * (1 - dark_b) * correlation(lam, eta_a, eta_b, wrong_a, wrong_b, angle)
    assert float(formula) == pytest.approx(correlated, rel=1e-10, abs=1e-15)


def test_enumeration_settles_the_last_factor_of_eq_10():
    """The denominator holds 1 + a + b - c to the first power; squared it would be off by several percent."""
    lam, eta = 0.1, 0.5
    _, correlated = enumerated(lam, eta, eta, 0, 0, 0, 0, 0.0)
    a = eta * lam
    last = 1 + 2 * a - eta * a
    first_power = 2 * eta**2 * lam * (1 + lam) / ((1 + a) ** 2 * last)
    assert first_power == pytest.approx(correlated, rel=1e-12)
    assert abs(first_power / last / correlated - 1) > 0.05


@given(
    lam=st.floats(1e-6, 2),
    eta_a=st.floats(1e-12, 1),
    eta_b=st.floats(1e-12, 1),
    y0_a=st.floats(0, 0.1),
    y0_b=st.floats(0, 0.1),
)
def test_equations_9_and_10_as_printed_in_exact_arithmetic(lam, eta_a, eta_b, y0_a, y0_b):
    x, ea, eb, ya, yb = (Fraction(value) for value in (lam, eta_a, eta_b, y0_a, y0_b))
    a, b, c = ea * x, eb * x, ea * eb * x
    gain = 1 - (1 - ya) / (1 + a) ** 2 - (1 - yb) / (1 + b) ** 2 + (1 - ya) * (1 - yb) / (1 + a + b - c) ** 2
    term = 2 * ea * eb * x * (1 + x) / ((1 + a) * (1 + b) * (1 + a + b - c))
    assert float(coincidence_gain(lam, eta_a, eta_b, y0_a, y0_b)) == pytest.approx(float(gain), rel=1e-12)
    assert float(correlation(lam, eta_a, eta_b)) == pytest.approx(float(term), rel=1e-12)


@given(
    lam=st.floats(0, 5),
    eta_a=st.floats(0, 1),
    eta_b=st.floats(0, 1),
    wrong=st.floats(0, 0.5),
    angle=st.floats(-10, 10),
)
def test_correlation_never_exceeds_the_gain(lam, eta_a, eta_b, wrong, angle):
    gain = coincidence_gain(lam, eta_a, eta_b, 0.0, 0.0)
    assert abs(correlation(lam, eta_a, eta_b, wrong, 0.0, angle)) <= gain * (1 + 1e-12)
    assert 0 <= gain <= 1


def test_longest_reach():
    """Set of Ma, Fung and Lo's table 1, brightness optimised: no key beyond 61.6 dB in total."""
    loss_db = np.linspace(55, 65, 1001)[:, None]
    lam = np.geomspace(1e-3, 0.5, 400)
    eta = 0.145 * 10 ** (-loss_db / 20)
    gain = coincidence_gain(lam, eta, eta, 6.02e-6, 6.02e-6)
    qber = (gain - 0.97 * correlation(lam, eta, eta)) / (2 * gain)
    key = (1 - 2.22 * binary_entropy(qber)).max(axis=1)
    assert loss_db[key > 0].max() == pytest.approx(61.6, abs=0.05)


def test_faint_sources_are_single_pairs():
    """To first order: 2 lambda pairs, each detected at both ends; the correlation follows the cosine."""
    lam, angle = 1e-9, 0.7
    assert float(coincidence_gain(lam, 0.3, 0.2, 0, 0)) == pytest.approx(2 * lam * 0.06, rel=1e-8)
    seen = correlation(lam, 0.3, 0.2, 0.02, 0.05, angle)
    assert float(seen) == pytest.approx(2 * lam * 0.06 * 0.96 * 0.9 * np.cos(angle), rel=1e-8)
