"""Continuous-variable key rates against the packages `qkd` and `qosst-skr`, on random parameters.

They agree to 1e-6, with one exception: the untrusted homodyne rate of `qosst-skr` 0.10 evaluates entropies at
squared symplectic eigenvalues, so that its Holevo bound is too large
(`test_untrusted_homodyne_of_qosst`); `qkd` and a brute-force calculation agree with us. `qosst-skr` gives 0
where a rate is negative.
"""

import importlib

import numpy as np
import pytest

from noclone.rates import discrete_modulation as discrete
from noclone.rates.cv_mdi import after_relay, relay_information
from noclone.rates.gaussian_modulation import (
    after_channel,
    behind_detector,
    gaussian_information,
    heterodyne_noise,
    holevo_heterodyne,
    holevo_homodyne,
    homodyne_noise,
    signal_to_noise,
)

core = importlib.import_module("qkd._core")
qosst = importlib.import_module("qosst_skr")

SETS = 250


def gaussian_sets():
    rng = np.random.default_rng(11)
    return {
        "v_a": rng.uniform(0.5, 30, SETS),
        "t": 10 ** -rng.uniform(0.02, 2.5, SETS),
        "xi": rng.uniform(0, 0.05, SETS),
        "eta": rng.uniform(0.3, 0.99, SETS),
        "v_el": rng.uniform(0, 0.3, SETS),
        "beta": rng.uniform(0.85, 1, SETS),
    }


def ours(v_a, t, xi, eta, v_el, beta, quadratures, trusted=True):
    detector = (homodyne_noise, heterodyne_noise)[quadratures - 1](eta, v_el)
    information = gaussian_information(signal_to_noise(v_a, 1.0, t, t * xi, detector), quadratures)
    state = after_channel(v_a + 1, t, t * xi)
    if not trusted:
        state, detector = behind_detector(state, eta, quadratures * v_el), quadratures - 1.0
    return information, (holevo_homodyne, holevo_heterodyne)[quadratures - 1](state, detector)


@pytest.mark.parametrize("quadratures", [1, 2])
@pytest.mark.parametrize("trusted", [True, False])
def test_gaussian_modulation_against_qkd(quadratures, trusted):
    p = gaussian_sets()
    information, holevo = ours(**p, quadratures=quadratures, trusted=trusted)
    theirs = np.array(
        [core.cv_rate(*row, quadratures == 1, trusted) for row in zip(*p.values(), strict=True)]
    )
    np.testing.assert_allclose(information, theirs[:, 0], rtol=1e-6)
    np.testing.assert_allclose(holevo, theirs[:, 1], rtol=1e-6)
    np.testing.assert_allclose(p["beta"] * information - holevo, theirs[:, 2], rtol=1e-6, atol=1e-11)


@pytest.mark.parametrize(
    ("quadratures", "peer"),
    [(1, qosst.GaussianTrustedHomodyneAsymptotic), (2, qosst.GaussianTrustedHeterodyneAsymptotic)],
)
def test_trusted_gaussian_modulation_against_qosst(quadratures, peer):
    p = gaussian_sets()
    information, holevo = ours(**p, quadratures=quadratures)
    names = ("Va", "T", "xi", "eta", "Vel", "beta")
    theirs = [
        peer.skr(**dict(zip(names, map(float, row), strict=True))) for row in zip(*p.values(), strict=True)
    ]
    rate = np.maximum(p["beta"] * information - holevo, 0)
    assert np.count_nonzero(rate) > 50
    np.testing.assert_allclose(rate, theirs, rtol=1e-6, atol=1e-11)


def test_untrusted_homodyne_of_qosst():
    """Its mutual information is ours; its Holevo bound is the right one only for squared eigenvalues of 1.

    For every set ours equals that of `qkd` and of the brute force in the tests of the rates, and theirs is
    what the sum of g((lambda^2 - 1) / 2) gives instead of that of g((lambda - 1) / 2).
    """
    p = gaussian_sets()
    peer = qosst.GaussianUntrustedHomodyneAsymptotic
    for v_a, t, xi in zip(p["v_a"], p["t"], p["xi"], strict=True):
        information, holevo = ours(v_a, t, xi, 1.0, 0.0, 1.0, 1)
        assert information == pytest.approx(peer._iab(v_a, t, xi, 1.0), rel=1e-6)
        assert holevo == pytest.approx(core.cv_rate(v_a, t, xi, 1.0, 0.0, 1.0, True, True)[1], rel=1e-6)
        a, b, product = (float(x) for x in after_channel(v_a + 1, t, t * xi))
        total = (a - b) ** 2 + 2 * product
        gap = np.sqrt(total**2 - 4 * product**2)
        squared = np.array([(total + gap) / 2, (total - gap) / 2, a * product / b])
        n = (squared - 1) / 2
        g = (n + 1) * np.log2(n + 1) - n * np.log2(np.maximum(n, 1e-300))
        assert peer._holevo_bound(v_a, t, xi) == pytest.approx(g[0] + g[1] - g[2], rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("phases", [3, 4, 8])
def test_phase_shift_keying_against_qkd(phases):
    rng = np.random.default_rng(phases)
    alpha, t, xi = rng.uniform(0.1, 1.2, SETS), 10 ** -rng.uniform(0.01, 2, SETS), rng.uniform(0, 0.03, SETS)
    eta, v_el, beta = rng.uniform(0.3, 1, SETS), rng.uniform(0, 0.05, SETS), rng.uniform(0.85, 1, SETS)
    ring, share = np.exp(2j * np.pi * np.arange(phases) / phases), np.full(phases, 1 / phases)
    states = discrete.moments(ring, share, phases, alpha**2)
    through, noise = eta * t, eta * t * xi + 2 * v_el
    state = discrete.after_channel(states, through, noise)
    holevo = holevo_heterodyne(state, 1.0)
    snr = signal_to_noise(2 * alpha**2, 1.0, through, noise, 1.0)
    information = discrete.psk_information(phases, snr)
    z = np.sqrt(state.alice * state.bob - state.product)
    theirs = np.array(
        [core.dm_rate(phases, *map(float, row)) for row in zip(alpha, t, xi, eta, v_el, beta, strict=True)]
    )
    np.testing.assert_allclose(z, theirs[:, 3], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(information, theirs[:, 0], rtol=1e-6)
    np.testing.assert_allclose(holevo, theirs[:, 1], rtol=1e-6)
    np.testing.assert_allclose(beta * information - holevo, theirs[:, 2], rtol=1e-6, atol=1e-9)


def test_relay_against_qkd():
    rng = np.random.default_rng(21)
    v_a, beta = rng.uniform(0.5, 100, SETS), rng.uniform(0.8, 1, SETS)
    t_a, t_b = rng.uniform(0.02, 0.99, (2, SETS))
    omega_a, omega_b = 1 + rng.exponential(0.02, (2, SETS))
    noise = ((1 - t_a) * (omega_a - 1) + (1 - t_b) * (omega_b - 1)) / 2
    state = after_relay(v_a + 1, v_a + 1, t_a, t_b, noise)
    information, holevo = relay_information(state), holevo_heterodyne(state, 1.0)
    sets = zip(v_a, t_a, t_b, omega_a, omega_b, 0 * beta, 0 * beta, beta, strict=True)
    theirs = np.array([core.cvmdi_point(*map(float, row)) for row in sets])
    np.testing.assert_allclose(information, theirs[:, 0], rtol=1e-6)
    np.testing.assert_allclose(holevo, theirs[:, 1], rtol=1e-6)
    np.testing.assert_allclose(beta * information - holevo, theirs[:, 2], rtol=1e-6, atol=1e-9)


def test_infinite_modulation_against_qkd():
    rng = np.random.default_rng(22)
    for t_a, t_b in rng.uniform(0.3, 0.99, (SETS, 2)):
        state = after_relay(1e7, 1e7, t_a, t_b, 0.0)
        rate = relay_information(state) - holevo_heterodyne(state, 1.0)
        assert rate == pytest.approx(core.cvmdi_rate(t_a, t_b, 2 * (t_a + t_b) / (t_a * t_b)), abs=1e-5)
