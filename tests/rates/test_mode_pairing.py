"""Mode pairing against a plain simulation of the pairing, sums over distances, and quadrature over phases."""

import numpy as np
import pytest

from noclone.rates.mdi import diagonal_gains, rectilinear_gains
from noclone.rates.mode_pairing import matched_pairs, paired, pairs_per_round, phase_coherence


def greedy_pairs(clicks, length):
    """Pair clicks one by one: each waits for the next, and is dropped if that comes too late."""
    waiting, pairs = None, []
    for place in clicks:
        if waiting is not None and place - waiting <= length:
            pairs.append((waiting, place))
            waiting = None
        else:
            waiting = place
    return np.array(pairs)


@pytest.mark.parametrize(("p", "length"), [(0.3, 1), (0.3, 4), (0.05, 10), (0.02, 1000), (0.9, 3)])
def test_pairs_per_round_in_a_simulated_run(p, length):
    rounds = 300_000
    clicks = np.flatnonzero(np.random.default_rng(length).random(rounds) < p)
    pairs = greedy_pairs(clicks.tolist(), length)
    expected = float(pairs_per_round(p, length)) * rounds
    assert abs(len(pairs) - expected) < 4 * np.sqrt(expected)
    distances = pairs[:, 1] - pairs[:, 0]
    turn = 2.0 / length
    cosines = np.cos(turn * distances)
    error = cosines.std() / np.sqrt(len(pairs))
    assert abs(cosines.mean() - float(phase_coherence(p, length, turn))) < 4 * error + 1e-12


def test_limits_of_the_pairing():
    assert float(pairs_per_round(1e-6, 1e12)) == pytest.approx(5e-7, rel=1e-9)
    assert float(pairs_per_round(1e-6, 1)) == pytest.approx(1e-12 / (1 + 1e-6), rel=1e-9)
    assert float(pairs_per_round(1.0, 5)) == 0.5
    assert float(pairs_per_round(0.0, 5)) == 0.0


@pytest.mark.parametrize(("p", "length", "turn"), [(0.01, 50, 0.02), (0.3, 7, 0.5), (1e-4, 2000, 1e-4)])
def test_coherence_is_the_sum_over_distances(p, length, turn):
    distances = np.arange(1, length + 1)
    weights = p * (1 - p) ** (distances - 1)
    expected = (weights * np.cos(turn * distances)).sum() / weights.sum()
    assert float(phase_coherence(p, length, turn)) == pytest.approx(expected, rel=1e-12)


def test_key_pairs_are_the_rectilinear_basis_of_mdi():
    """Two rounds are two modes: the joint probabilities of sending and clicking are the same."""
    light = 0.3, 0.1
    pairs, mdi = paired(*light, 0.5, 1e-3), rectilinear_gains(*light, 1e-3, 0.0)
    # Both orders of each pattern, a quarter of the choices in each of the two rounds.
    joint = pairs.click**2 * np.array([pairs.key_pair, pairs.key_error])
    assert joint == pytest.approx(np.array([mdi.click, mdi.error]) / 4, rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "dark", "wrong"), [(0.1, 0.2, 1e-6, 0.01), (2.0, 0.5, 0.01, 0.1), (9.0, 10.0, 0.0, 0.0)]
)
def test_matched_pairs_without_drift_are_the_diagonal_basis(a, b, dark, wrong):
    pairs, mdi = matched_pairs(a, b, dark, wrong, 0.05, 100, 0.0), diagonal_gains(2 * a, 2 * b, dark, wrong)
    assert pairs == pytest.approx(mdi, rel=1e-8)


def test_matched_pairs_with_drift_by_quadrature():
    a, b, dark, wrong, p, length, turn = 0.8, 0.5, 1e-3, 0.05, 0.1, 20, 0.1
    phases, distances = np.arange(64) * 2 * np.pi / 64, np.arange(1, length + 1)
    weights = p * (1 - p) ** (distances - 1)

    def ports(phase):
        mean, cross = (a + b) / 2, np.sqrt(a * b) * np.cos(phase)
        lit = [1 - (1 - dark) * np.exp(-(mean + sign * cross)) for sign in (1, -1)]
        return lit[0] * (1 - lit[1]), lit[1] * (1 - lit[0])

    click = error = 0.0
    left, right = ports(phases)
    for distance, weight in zip(distances, weights / weights.sum(), strict=True):
        later_left, later_right = ports(phases + turn * distance)
        same = (left * later_left + right * later_right).mean()
        other = (left * later_right + right * later_left).mean()
        click += weight * (same + other)
        error += weight * ((1 - wrong) * other + wrong * same)
    found = matched_pairs(a, b, dark, wrong, p, length, turn)
    assert found == pytest.approx((click, error), rel=1e-12)
