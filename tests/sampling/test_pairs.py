"""Sampled photon pairs against the distributions they are drawn from."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import chisquare

from noclone.link import ThresholdDetectors
from noclone.sampling import pairs


def test_number_of_pairs_and_their_split():
    zeros, ones = pairs.down_conversion(0.6, 400_000, np.random.default_rng(1))
    lam = 0.3
    n = np.arange(6)
    expected = (n + 1) * lam**n / (1 + lam) ** (n + 2)
    seen = np.bincount(zeros + ones, minlength=7)
    seen = np.append(seen[:6], seen[6:].sum())
    assert chisquare(seen, zeros.size * np.append(expected, 1 - expected.sum())).pvalue > 1e-4
    split = np.bincount(zeros[zeros + ones == 3], minlength=4)
    assert chisquare(split).pvalue > 1e-4


@pytest.mark.parametrize("angle", [0.0, np.pi / 4, np.pi / 2, -np.pi / 4, 2.5])
@pytest.mark.parametrize(("zeros", "ones"), [(1, 0), (2, 1), (0, 4), (3, 3)])
def test_interference_of_several_photons(zeros, ones, angle):
    total = zeros + ones
    m = np.arange(total)
    raise_0 = np.diag(np.sqrt((m + 1) * (total - m)), -1)
    probs = expm(angle / 2 * (raise_0 - raise_0.T))[:, zeros] ** 2
    rng = np.random.default_rng(2)
    found, rest = pairs.turned(np.full(40_000, zeros), np.full(40_000, ones), angle, rng)
    assert (found + rest == total).all()
    seen = np.bincount(found, minlength=total + 1)
    possible = probs > 1e-12
    assert seen[~possible].sum() == 0
    if possible.sum() > 1:
        assert chisquare(seen[possible], 40_000 * probs[possible] / probs[possible].sum()).pvalue > 1e-4


def test_each_round_keeps_its_own_case():
    zeros, ones = np.array([0, 5, 0, 2]), np.array([0, 0, 7, 2])
    found = pairs.turned(zeros, ones, np.array([1.0, 0.0, np.pi, 0.0]), np.random.default_rng(3))
    assert found[0].tolist() == [0, 5, 7, 2]
    assert found[1].tolist() == [0, 0, 0, 2]


def test_bits_announce_the_detector_or_chance():
    rng = np.random.default_rng(4)
    click_0, click_1 = np.array([False, True, False, True]), np.array([False, False, True, True])
    assert pairs.bits(click_0, click_1, rng)[:3].tolist() == [-1, 0, 1]
    both = pairs.bits(np.ones(10_000, bool), np.ones(10_000, bool), rng)
    assert abs(both.mean() - 0.5) < 0.03


def test_blind_detectors_click_in_the_dark():
    station = ThresholdDetectors(efficiency=0.5, dark_count_prob=0.25)
    many = np.full(100_000, 9)
    dark = pairs.clicks(many, many, 0.0, station, np.random.default_rng(5))
    assert abs(np.mean(dark) - 0.25) < 0.01
