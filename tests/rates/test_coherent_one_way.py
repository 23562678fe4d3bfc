"""Coherent one-way: the legacy numbers, and the attack that voids them played on pulses."""

import numpy as np
import pytest

from noclone.rates.coherent_one_way import (
    discrimination_prob,
    legacy_rate,
    visibility_phase_error,
    zero_error_gain,
)
from noclone.rates.entropy import binary_entropy


def test_perfect_visibility_leaves_the_beam_splitting_attack():
    # Eve holds |a> or |0>, overlap e^(-mu): Holevo h((1 - e^-mu)/2).
    assert visibility_phase_error(1.0, 0.3) == pytest.approx(0.5 * (1 - np.exp(-0.3)), rel=1e-14)


def test_low_visibility_gives_no_key():
    assert visibility_phase_error(0.7, 0.5) == 0.5


def test_legacy_rate_at_a_published_value_of_another_package():
    # qkd 0.2.0, docs/usage.md: 9.0139e-5 bits per pulse for mu = .5, 100 km, detectors of 10 %, 1e-6 dark
    # counts, 2 % misalignment, 10 % to the monitor, 10 % decoys, phase error .15, f = 1.1.
    signal, background = -np.expm1(-0.5 * 0.01 * 0.9 * 0.1), 1 - (1 - 1e-6) ** 2
    gain = background + (1 - background) * signal
    qber = (0.5 * background + 0.02 * (gain - background)) / gain
    assert legacy_rate(0.9 * gain, qber, 0.15, 1.1) == pytest.approx(9.0139e-5, rel=3e-5)


@pytest.mark.parametrize("intensity", [1e-3, 0.1, 0.5, 3.0])
def test_equal_discrimination_is_the_smallest_eigenvalue(intensity):
    g = np.exp(-intensity)
    gram = np.array([[1, g, np.sqrt(g)], [g, 1, np.sqrt(g)], [np.sqrt(g), np.sqrt(g), 1]])
    assert discrimination_prob(intensity) == pytest.approx(np.linalg.eigvalsh(gram)[0], rel=1e-9)


def attack(intensity, decoy_prob, sequences, rng):
    """Play the attack: what Eve sends on for each sequence, and what she knows."""
    sent = rng.choice(3, size=sequences, p=[0.5 * (1 - decoy_prob)] * 2 + [decoy_prob])  # 0a, a0, aa
    known = rng.random(sequences) < discrimination_prob(intensity)
    forward = np.zeros(sequences, bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]])))
    for begin, end in edges.reshape(-1, 2):
        run = sent[begin:end]
        starts, stops = np.flatnonzero(run == 0), np.flatnonzero(run == 1)
        if starts.size and stops.size and starts[0] < stops[-1]:
            forward[begin + starts[0] : begin + stops[-1] + 1] = True
    return sent, forward


def test_attack_leaves_no_trace_and_reaches_its_gain():
    rng = np.random.default_rng(11)
    sent, forward = attack(0.5, 0.1, 400_000, rng)
    full = np.stack([sent != 0, sent != 1], axis=1)
    at_bob = full & forward[:, None]
    # Whenever two neighbouring pulses are full for Alice, Bob receives both or neither: visibility 1.
    alice, bob = full.reshape(-1), at_bob.reshape(-1)
    both = alice[1:] & alice[:-1]
    assert (bob[1:][both] == bob[:-1][both]).all()
    # Bob never receives light in an empty pulse: no bit error.
    assert not (bob & ~alice).any()
    gain, expected = (forward & (sent != 2)).mean(), zero_error_gain(0.5, 0.1)
    assert gain == pytest.approx(expected, abs=6 * np.sqrt(expected / 400_000))


def test_secure_rate_can_only_be_of_second_order():
    # The brightest pulses that the attack cannot reproduce give a gain that falls with the square.
    mu = np.logspace(-9, -0.3, 20_000)
    best = []
    for transmittance in (1e-4, 1e-6):
        honest = 0.9 * -np.expm1(-transmittance * mu)
        best.append(honest[honest > zero_error_gain(mu, 0.1)].max())
    assert best[0] / best[1] == pytest.approx(1e4, rel=0.02)


def test_legacy_rate_is_the_entropy_balance():
    assert legacy_rate(1.0, 0.11, 0.0, 1.0) == pytest.approx(1 - float(binary_entropy(0.11)), rel=1e-14)
