"""Decoy-state BB84 beside `qkd` 0.2.0, on random parameters: gains, vacuum and weak decoy, Lim et al. 2014.

Where both compute the same quantity from the same numbers they agree. They differ in two places:

- Errors of several photons. `qkd` gives a click of any number of photons the error probability of one; here
  photons divide between the detectors one by one and double clicks are decided by a coin. Error gains
  differ by the order of the light that arrives, gains agree; rates are compared at equal statistics.
- The finite key. From equal counts the bounds agree to rounding; `qkd` rounds nothing down but takes the
  Shannon limit times f as leakage, which a distilled key here replaces by what was charged.
"""

import importlib

import numpy as np
import pytest

from noclone.link import ThresholdDetectors
from noclone.link.gains import poissonian
from noclone.rates import bounds
from noclone.rates.counts import DecoyCounts, expected_counts
from noclone.rates.key_terms import shannon_leak

core = importlib.import_module("qkd._core")

SETS = 250


def random_links(rng):
    for _ in range(SETS):
        mu = rng.uniform(0.3, 0.8)
        weak = rng.uniform(0.02, 0.25)
        yield mu, weak, 10 ** rng.uniform(-4.5, -0.5), 10 ** rng.uniform(-8, -5), rng.uniform(0, 0.05)


def statistics(mu, transmittance, dark, misalignment):
    """Gain and error rate of qkd's own model, which takes the background of both detectors together."""
    return core.decoy_gain(mu, transmittance, 1 - (1 - dark) ** 2, misalignment)


def test_gains_agree():
    for mu, _, transmittance, dark, misalignment in random_links(np.random.default_rng(1)):
        bob = ThresholdDetectors(efficiency=1.0, dark_count_prob=dark, misalignment=misalignment)
        gains = poissonian(bob, np.array([mu]), np.ones(1), transmittance, 1e9)
        gain, error = statistics(mu, transmittance, dark, misalignment)
        assert float(gains.click[0]) == pytest.approx(gain, rel=1e-9)
        # The difference is of the order of the light that arrives, and of the background.
        assert float(gains.error[0] / gains.click[0]) == pytest.approx(
            error, abs=0.06 * mu * transmittance + dark
        )


def test_vacuum_and_weak_decoy_rates_agree():
    compared = 0
    for mu, weak, transmittance, dark, misalignment in random_links(np.random.default_rng(2)):
        gains, errors = np.array(
            [statistics(light, transmittance, dark, misalignment) for light in (mu, weak)]
        ).T
        background = 1 - (1 - dark) ** 2
        gains, errors = np.append(gains, background), np.append(errors, 0.5)
        _, phase_error, singles = core.decoy_bounds(
            mu, weak, 0.0, gains[0], errors[0], gains[1], errors[1], gains[2], errors[2]
        )
        theirs = core.bb84_rate(0.5, gains[0], errors[0], singles, phase_error, 1.16)
        probs = [1 - 2e-9, 1e-9, 1e-9]
        counts = expected_counts([mu, weak, 0.0], probs, [0.5, 0.5], [gains], [gains * errors])
        keyed = [[True, False, False], [False] * 3]
        terms = bounds.get("vacuum-weak").key_terms(counts, keyed, shannon_leak(counts, keyed, 1.16), 0, 0)
        ours = float(terms.length) / probs[0]
        assert ours == pytest.approx(max(theirs, 0.0), rel=1e-6, abs=1e-15)
        compared += ours > 0
    assert compared > SETS / 2


def test_lengths_of_lim_2014_agree():
    rng = np.random.default_rng(3)
    compared = 0
    for mu, weak, transmittance, dark, misalignment in random_links(rng):
        lights, probs = [mu, min(weak, 0.45 * mu), 2e-4], np.array([0.6, 0.25, 0.15])
        share, pulses, eps = rng.uniform(0.6, 0.95), 10 ** rng.uniform(9, 12), 1e-9
        gains, errors = np.array([statistics(light, transmittance, dark, misalignment) for light in lights]).T
        sift = np.array([share**2, (1 - share) ** 2])
        detections = pulses * sift[:, None] * probs * gains
        wrong = detections * errors
        each = core.bb84_eps(eps)
        empty, single = core.decoy_counts(*lights, tuple(probs), tuple(detections[0]), each)
        _, tested = core.decoy_counts(*lights, tuple(probs), tuple(detections[1]), each)
        failed = core.decoy_errors(*lights, tuple(probs), tuple(wrong[1]), each)
        phase_error = core.bb84_phase(failed, tested, single, eps)
        key, rate = detections[0].sum(), wrong[0].sum() / detections[0].sum()
        theirs = core.bb84_length(empty, single, phase_error, key, rate, 1.16, eps, 1e-15)
        counts = DecoyCounts(lights, probs, detections, wrong)
        keyed = [[True] * 3, [False] * 3]
        terms = bounds.get("lim-2014").key_terms(counts, keyed, shannon_leak(counts, keyed, 1.16), eps, 1e-15)
        assert float(terms.length) == pytest.approx(max(theirs, 0.0), rel=1e-6, abs=1.0)
        compared += theirs > 0
    assert compared > SETS / 2
