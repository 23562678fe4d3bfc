"""Raw bits, single photons and pairs against plain calculations and the gain of pairing."""

import numpy as np
import pytest
from scipy.optimize import minimize

from noclone.rates.interference import matched_clicks, random_phase_click
from noclone.rates.sending_or_not_sending import (
    lone_click,
    odd_parity_pairs,
    raw_bits,
    sliced_clicks,
    untagged_bits,
)
from noclone.rates.shor_preskill import key_terms


def test_equal_parties_give_the_formula_of_the_paper():
    eps, mu, eta, dark, astray = 0.035, 0.45, 5e-4, 1e-9, 0.05
    bits = raw_bits(eps, eps, eta * mu, eta * mu, dark)
    total = (
        2 * eps * (1 - eps) * random_phase_click(eta * mu, 0, dark)
        + (1 - eps) ** 2 * random_phase_click(0, 0, dark)
        + eps**2 * random_phase_click(eta * mu, eta * mu, dark)
    )
    assert bits.total == pytest.approx(total, rel=1e-14)
    single = untagged_bits(eps, eps, mu, mu, eta, eta, dark, astray)
    s1 = eta * (1 - dark) + 2 * (1 - eta) * dark * (1 - dark)
    assert single.alice + single.bob == pytest.approx(2 * eps * (1 - eps) * mu * np.exp(-mu) * s1, rel=1e-13)
    e1 = (astray * eta * (1 - dark) + (1 - eta) * dark * (1 - dark)) / s1
    assert single.phase_error == pytest.approx(e1, rel=1e-13)


@pytest.mark.parametrize("seed", range(20))
def test_a_photon_of_unequal_parties_followed_through_the_beam_splitter(seed):
    rng = np.random.default_rng(seed)
    send_a, send_b, mu_a, mu_b, eta_a, eta_b = rng.uniform(0.02, 0.9, 6)
    dark, phase = 10 ** rng.uniform(-8, -2), rng.uniform(0, 1)
    weight_a, weight_b = (
        send_a * (1 - send_b) * mu_a * np.exp(-mu_a),
        send_b * (1 - send_a) * mu_b * np.exp(-mu_b),
    )
    state = np.sqrt(np.array([weight_a, weight_b])) * np.exp([0, 1j * phase])  # unnormalised
    arrived = state * np.sqrt([eta_a, eta_b])
    bright, other = np.abs(np.array([[1, 1], [1, -1]]) @ arrived) ** 2 / 2
    lost = weight_a + weight_b - bright - other
    right = bright * (1 - dark) + lost * dark * (1 - dark)
    wrong = other * (1 - dark) + lost * dark * (1 - dark)
    found = untagged_bits(send_a, send_b, mu_a, mu_b, eta_a, eta_b, dark, np.sin(phase / 2) ** 2)
    assert found.alice + found.bob == pytest.approx(right + wrong, rel=1e-12)
    assert found.phase_error == pytest.approx(wrong / (right + wrong), rel=1e-12)


@pytest.mark.parametrize("dark", [0.0, 1e-9, 0.1])
def test_a_lone_pulse_is_one_of_random_phase(dark):
    arriving = np.array([0.0, 1e-9, 0.01, 2.0])
    assert lone_click(arriving, dark) == pytest.approx(random_phase_click(arriving, 0.0, dark), rel=1e-13)


@pytest.mark.parametrize("width", [1e-3, 0.3, np.pi / 2])
def test_a_slice_averaged_on_a_fine_grid(width):
    a, b, astray, dark = 0.3, 0.5, 0.04, 1e-4
    apart = (np.arange(200_000) + 0.5) / 200_000 * width
    fine = matched_clicks(a, b, (1 - 2 * astray) * np.cos(apart), dark)
    found = sliced_clicks(a, b, astray, width, dark)
    assert found == pytest.approx([each.mean() for each in fine], rel=1e-9)


def test_pairs_counted_one_by_one():
    bits = raw_bits(0.3, 0.2, 0.4, 0.2, 0.02)
    single = untagged_bits(0.3, 0.2, 0.5, 0.5, 0.8, 0.4, 0.02, 0.03)
    zeros = {"right": bits.bob, "wrong": bits.both}
    ones = {"right": bits.alice, "wrong": bits.neither}
    all_zeros, all_ones = sum(zeros.values()), sum(ones.values())
    pairs = min(all_zeros, all_ones)
    kept = {kind: pairs * zeros[kind] / all_zeros * ones[kind] / all_ones for kind in ("right", "wrong")}
    found = odd_parity_pairs(bits, single)
    assert found.total == pytest.approx(sum(kept.values()), rel=1e-13)
    assert found.wrong == pytest.approx(kept["wrong"], rel=1e-13)
    expected = pairs * single.bob / all_zeros * single.alice / all_ones
    assert found.untagged == pytest.approx(expected, rel=1e-13)


def best(pairing):
    """The best rate at 300 km for a detection efficiency of 1/2."""
    eta = 0.5 * 10**-3.0

    def loss(x):
        eps, mu = np.exp(x)
        bits = raw_bits(eps, eps, eta * mu, eta * mu, 1e-9)
        single = untagged_bits(eps, eps, mu, mu, eta, eta, 1e-9, 0.05)
        if pairing:
            pairs = odd_parity_pairs(bits, single)
            terms = key_terms(pairs.untagged, pairs.phase_error, pairs.total, pairs.wrong / pairs.total, 1.1)
        else:
            terms = key_terms(
                single.alice + single.bob, single.phase_error, bits.total, bits.wrong / bits.total, 1.1
            )
        return -float(sum(terms.values())) * 1e6

    found = minimize(loss, np.log([0.1, 0.5]), method="Nelder-Mead", options={"fatol": 1e-9, "xatol": 1e-6})
    return -found.fun / 1e6, np.exp(found.x)


def test_pairing_gains_a_factor_of_1_83_at_300_km():
    # Xu, Yu, Jiang, Hu, Wang, PRA 101, 042330 (2020) with eta_D = .5, p_d = 1e-9, e_X = 5 %, f = 1.1.
    plain, (plain_eps, plain_mu) = best(pairing=False)
    paired, (paired_eps, paired_mu) = best(pairing=True)
    assert paired / plain == pytest.approx(1.83, abs=0.005)
    assert (plain_eps, plain_mu) == pytest.approx((0.035, 0.45), rel=0.02)
    assert (paired_eps, paired_mu) == pytest.approx((0.281, 0.50), rel=0.01)
