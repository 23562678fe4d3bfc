"""MDI-QKD and mode pairing against the package qkd 0.2.0, on random parameters.

Where both compute the same thing they agree: gains, yields, three-intensity rates, the estimates of Curty et
al., and the number of pairs. They differ, and we keep our answer, in

- the announcement of mode pairing: the protocol announces rounds with exactly one click; qkd follows the
  simulation of Zeng et al., which counts any click (rates differ by up to some per cent at short distance);
- phase drift: qkd takes the mean phase to be half the pairing length's, as Xie et al. estimate it, and the
  phase error to be that of the drift alone; here the cosine is averaged over the distances at which clicks
  are paired, and dark counts add their share. Sampled rounds agree with the latter;
- the key bits of Curty et al.: qkd gives up a tenth of them for the error rate and rounds them down, here
  all are kept, as their error rate is known once they are verified.
"""

import importlib

import numpy as np
import pytest

from noclone.link import FixedLoss, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.mdi import MDI
from noclone.protocols.mode_pairing import ModePairing
from noclone.rates.entropy import binary_entropy
from noclone.rates.mdi import diagonal_gains, rectilinear_gains, single_photon_pairs
from noclone.rates.mdi_curty import count_deviation, curty_2014, overhead_bits
from noclone.rates.mode_pairing import pairs_per_round, phase_coherence

qkd = importlib.import_module("qkd")
core = importlib.import_module("qkd._core")

SETS = 250


def close(value):
    return pytest.approx(value, rel=1e-6, abs=1e-300)


def test_gains_and_yields():
    rng = np.random.default_rng(1)
    for _ in range(SETS):
        mu_a, mu_b = 10 ** rng.uniform(-5, 1, 2)
        eta_a, eta_b = 10 ** rng.uniform(-6, 0, 2)
        noise = 10 ** rng.uniform(-12, -4), rng.uniform(0, 0.3)
        for ours, theirs in (
            (rectilinear_gains(eta_a * mu_a, eta_b * mu_b, *noise), core.mdi_rect),
            (diagonal_gains(eta_a * mu_a, eta_b * mu_b, *noise), core.mdi_diag),
        ):
            gain, qber = theirs(mu_a, mu_b, eta_a, eta_b, *noise)
            assert ours.click == close(gain)
            assert min(ours.error / ours.click, 0.5) == close(qber)
        ours = single_photon_pairs(eta_a, eta_b, *noise)
        assert (ours.click, ours.error / ours.click) == close(core.mdi_yield(eta_a, eta_b, *noise))


def source(intensities):
    return WeakCoherentSource(intensities=tuple(float(x) for x in intensities), clock_rate_hz=1e9)


def relay(a, b, loss_a, loss_b, eta, dark, misalignment):
    return Link(
        alice=source(a),
        bob=source(b),
        channels=(FixedLoss(loss_db=loss_a), FixedLoss(loss_db=loss_b)),
        middle=ThresholdDetectors(efficiency=eta, dark_count_prob=dark, misalignment=misalignment),
    )


def swap(a, b, loss_a, loss_b, eta, dark, misalignment, block=None, probs=None, bias=None, states=None):
    def sender(intensities):
        keying = {} if bias is None else {"bias": bias}
        decoy = qkd.Decoy(tuple(float(x) for x in intensities), probs)
        return qkd.Sender(modulation=qkd.BasisKeying(decoy=decoy, sift=1.0, **keying))

    return qkd.Swap(
        alice=sender(a),
        bob=sender(b),
        relay=qkd.Relay(
            bell=qkd.BellAnalyser(
                eta=eta, dark=dark, misalign=misalignment, misalign_test=misalignment, states=states
            )
        ),
        channels=tuple(qkd.Fiber(T=10 ** (-loss / 10)) for loss in (loss_a, loss_b)),
        security=qkd.TestBasisBound(f=1.16, block=block),
    ).run()


# All pulses are taken to be signals in Z, as the peer's asymptotic rate does.
ALL_KEY = {"intensity_probs": (1 - 2e-9, 1e-9, 1e-9), "basis_probs": (1.0, 0.5, 0.5)}


def test_published_example_of_the_peer():
    """The figures that its documentation prints for two arms of 25 km."""
    link = relay((0.5, 0.1, 0.0), (0.5, 0.1, 0.0), 5.0, 5.0, 0.145, 6.02e-6, 0.015)
    key = MDI(**ALL_KEY, bound="three-intensity").rate(link)
    assert key.rate_per_pulse == pytest.approx(9.14295489524867e-6, rel=1e-6)
    assert key.qber == pytest.approx(0.01602283621399531, rel=1e-9)
    assert key.bounds["phase_error"] == pytest.approx(0.10025112854983996, rel=1e-9)
    sent = 0.25 * np.exp(-1.0)
    assert key.bounds["single_photon_pairs"] / sent == pytest.approx(0.0009047183333000796, rel=1e-6)


def test_three_intensity_rates():
    rng, keys = np.random.default_rng(2), 0
    for _ in range(SETS):
        a, b = ([rng.uniform(0.2, 0.8), rng.uniform(0.005, 0.1), 0.0] for _ in range(2))
        hardware = (
            *rng.uniform(0, 20, 2),
            rng.uniform(0.1, 1),
            10 ** rng.uniform(-9, -6),
            rng.uniform(0, 0.02),
        )
        theirs = swap(a, b, *hardware)
        ours = MDI(**ALL_KEY, bound="three-intensity").rate(relay(a, b, *hardware))
        # The shares of the decoys, 2e-9, are what remains of the difference.
        assert ours.rate_per_pulse == pytest.approx(theirs.key_rate, rel=1e-6)
        assert ours.bounds["phase_error"] == close(theirs.e1)
        keys += theirs.key_rate > 0
    assert keys > SETS / 2


def blocks(count):
    """Counts of one Bell state for random hardware and choices."""
    rng = np.random.default_rng(3)
    for _ in range(count):
        a, b = (
            np.array([rng.uniform(0.2, 0.8), rng.uniform(0.02, 0.15), rng.uniform(0, 5e-3)]) for _ in range(2)
        )
        eta = 10 ** rng.uniform(-2, -0.3, 2)
        light = eta[0] * a[:, None], eta[1] * b, 10 ** rng.uniform(-9, -6), rng.uniform(0, 0.02)
        bias, share = rng.uniform(0.2, 0.8), np.outer(*rng.dirichlet([2, 2, 2], 2))
        chosen, tested = bias**2 * share, (1 - bias) ** 2 * share
        key, test = rectilinear_gains(*light), diagonal_gains(*light)
        half = 0.5 * 10 ** rng.uniform(12, 16)
        counts = [np.floor(half * x) for x in (chosen * key.click, tested * test.click, tested * test.error)]
        yield a, b, chosen, tested, *counts


def flat(values):
    return [float(x) for x in np.ravel(values)]


def test_estimates_of_curty():
    eps, known = core.mdi_eps(1e-10), 0
    sample = np.sqrt(np.log(1 / eps) / 2)  # what Serfling's inequality takes from an undisclosed string
    for a, b, chosen, tested, key, test, errors in blocks(SETS):
        ours = curty_2014(a, b, chosen, tested, key, test, errors, eps)
        below, above, _ = core.mdi_deviate(key[0, 1], key.sum(), eps)
        assert count_deviation(key[0, 1], key.sum(), eps) == close((below, above))
        sets = flat(a), flat(b)
        vacuum = core.mdi_vacuum(*sets, flat(chosen), flat(key), key[0, 0], eps)
        single = core.mdi_single(*sets, flat(chosen), flat(key), key[0, 0], eps)
        assert max(np.floor(ours.vacuum - sample), 0) == close(vacuum)
        assert max(np.floor(ours.single - sample), 0) == close(single)
        pairs = core.mdi_pairs(*sets, flat(tested), flat(test), eps)
        faults = core.mdi_faults(*sets, flat(tested), flat(errors), eps)
        # It rounds the number of phase errors up to a whole one.
        theirs = core.mdi_phase(float(ours.single), pairs, faults, eps)
        assert ours.phase_error == pytest.approx(theirs, rel=1e-6, abs=1 / max(float(ours.single), 1))
        known += 0 < ours.phase_error < 0.5
    assert known > SETS / 4


def test_key_length_of_curty():
    rng = np.random.default_rng(5)
    for _ in range(SETS):
        bits = 10 ** rng.uniform(6, 10)
        n0, n1 = bits * rng.uniform(0, 0.1), bits * rng.uniform(0.3, 0.8)
        phase, qber, eps_sec = rng.uniform(0, 0.1), rng.uniform(0, 0.05), 10 ** rng.uniform(-12, -6)
        theirs = core.mdi_length(n0, n1, phase, bits, qber, 1.16, eps_sec, 1e-15)
        ours = n0 + n1 * (1 - binary_entropy(phase)) - 1.16 * bits * binary_entropy(qber)
        ours -= overhead_bits(eps_sec / 266, 1e-15)
        assert max(np.floor(ours), 0) == close(theirs)


def test_finite_keys_of_curty_are_those_of_the_peer_but_for_its_sample():
    """Its key from nine tenths of the bits is nine tenths of ours, less what sampling costs."""
    rng, keys = np.random.default_rng(6), 0
    for _ in range(40):
        a, b = ([rng.uniform(0.3, 0.6), rng.uniform(0.05, 0.1), 0.0] for _ in range(2))
        hardware = *rng.uniform(0, 6, 2), rng.uniform(0.5, 1), 1e-8, rng.uniform(0, 0.01)
        probs, bias, rounds = (0.4, 0.4, 0.2), 0.5, 1e14
        block = qkd.RelayBlock(n=rounds, eps_sec=1e-10, eps_cor=1e-15)
        theirs = swap(a, b, *hardware, block=block, probs=probs, bias=bias, states=2).key_rate
        protocol = MDI(intensity_probs=probs, basis_probs=(0.5,) * 3, bound="curty-2014")
        ours = float(protocol.rate(relay(a, b, *hardware), pulses=rounds).rate_per_pulse)
        assert theirs == pytest.approx(0.9 * ours, rel=1e-3)
        keys += theirs > 0
    assert keys > 20


def test_pairs_per_round():
    rng = np.random.default_rng(7)
    for _ in range(SETS):
        p, length = 10 ** rng.uniform(-9, 0), int(10 ** rng.uniform(0, 9))
        assert pairs_per_round(p, length) == close(core.pairing_pairs(p, length))


def any_click(eta, mu, dark, length, misalignment, f_ec):
    """The mode-pairing rate where any click counts, from our yields."""
    none, one, both = (1 - (1 - 2 * dark) * np.exp(-eta * mu * k) for k in (0, 1, 2))
    p = 0.25 * (none + 2 * one + both)
    kept, wrong = 2 * (none * both + one * one), 2 * none * both
    first, second = (1 - (1 - 2 * dark) * (1 - eta) ** k for k in (1, 2))
    single = (mu * np.exp(-mu)) ** 2 * 2 * (2 * dark * second + first**2)
    pairs = single_photon_pairs(eta, eta, dark, misalignment)
    secret = single * (1 - binary_entropy(pairs.error / pairs.click))
    key = secret - f_ec * kept * binary_entropy(wrong / kept)
    return pairs_per_round(p, length) * max(float(key), 0.0) / (16 * p * p)


def peer_mode_pairing(eta, mu, dark, length, misalignment, f_ec):
    kept, qber = core.pairing_sift(eta, mu, dark)
    error = core.mdi_yield(eta, eta, dark, misalignment)[1]
    pairs = core.pairing_pairs(core.pairing_click(eta, mu, dark), length)
    return core.pairing_rate(pairs, kept, core.pairing_single(eta, mu, dark), error, qber, f_ec)


def mode_pairing(eta, mu, dark, length, misalignment, f_ec):
    link = relay((mu,), (mu,), 0.0, 0.0, eta, dark, misalignment)
    return float(ModePairing(pairing_length=length, f_ec=f_ec).rate(link).rate_per_pulse)


def test_mode_pairing_rates_differ_by_the_announcement_only():
    rng, keys, apart = np.random.default_rng(8), 0, []
    for _ in range(SETS):
        eta, mu, dark = 10 ** rng.uniform(-3.5, -0.5), rng.uniform(0.2, 1.0), 10 ** rng.uniform(-10, -7)
        rest = int(10 ** rng.uniform(0, 6)), rng.uniform(0, 0.08), rng.uniform(1, 1.3)
        theirs = peer_mode_pairing(eta, mu, dark, *rest)
        assert any_click(eta, mu, dark, *rest) == pytest.approx(theirs, rel=1e-6)
        if theirs > 0 and eta < 0.01:
            apart.append(mode_pairing(eta, mu, dark, *rest) / theirs - 1)
        keys += theirs > 0
    assert keys > SETS / 2
    # Where one click in a hundred rounds is common the two are within a per cent.
    assert 0 < np.abs(apart).max() < 0.01


def test_drift_of_half_the_pairing_length_is_not_the_mean_drift():
    """Where clicks are rare their distances are uniform up to the pairing length, and the error is larger."""
    phase, theirs = core.pairing_drift(1e9, 50_000, 8e3, 0.0)
    assert phase == pytest.approx(0.2)
    rare = 0.5 * (1 - float(phase_coherence(1e-9, 50_000, 8e-6)))
    assert rare == pytest.approx(0.5 * (1 - np.sin(2 * phase) / (2 * phase)), rel=1e-3)
    assert rare > theirs
    assert 0.5 * (1 - float(phase_coherence(1e-3, 50_000, 8e-6))) < theirs
