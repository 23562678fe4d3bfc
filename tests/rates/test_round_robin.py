"""Round-robin DPS: the closed solution of the maximisation, and the photon threshold."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import xlogy
from scipy.stats import binom, poisson

from noclone.rates.entropy import binary_entropy
from noclone.rates.round_robin import (
    binomial_ceiling,
    collective_leaks,
    phase_error_leaks,
    secret_bits_of_block,
    tagged_cost,
)


def information(x, pulses):
    """The sum that is maximised, in bits per sifted bit."""
    k = np.arange(1, len(x))
    a, b = (pulses - k) * x[:-1], k * x[1:]
    return (xlogy(a + b, a + b) - xlogy(a, a) - xlogy(b, b)).sum() / np.log(2) / (pulses - 1)


@pytest.mark.parametrize(("pulses", "photons"), [(3, 1), (4, 2), (8, 3), (16, 5), (20, 12)])
def test_collective_leak_is_the_maximum(pulses, photons):
    def loss(y):
        x = np.exp(y - y.max())
        return -information(x / x.sum(), pulses)

    found = minimize(loss, np.linspace(0, -1, photons + 1), method="BFGS", options={"gtol": 1e-10})
    assert collective_leaks(pulses)[photons - 1] == pytest.approx(-found.fun, rel=1e-8)


@pytest.mark.parametrize("pulses", [5, 16, 64, 200])
def test_collective_leaks_are_smaller_and_grow(pulses):
    tight, loose = collective_leaks(pulses), phase_error_leaks(pulses)
    assert (np.diff(tight) >= -1e-12).all()
    assert (tight[: len(loose)] < loose).all()
    assert tight.max() <= 1.0 + 1e-12


def test_three_pulses_give_key_only_by_the_tighter_bound():
    assert phase_error_leaks(3).size == 0
    assert collective_leaks(3)[0] < 0.7


def test_one_photon_and_long_blocks_leak_nothing():
    assert phase_error_leaks(128)[0] == pytest.approx(float(binary_entropy(1 / 127)), rel=1e-14)
    assert collective_leaks(256)[0] < collective_leaks(64)[0] < collective_leaks(16)[0]


@pytest.mark.parametrize("kept", [1e-3, 0.05, 0.3])
def test_threshold_is_the_best_one(kept):
    leaks, mean = phase_error_leaks(32), 0.6
    tails = poisson.sf(np.arange(1, len(leaks) + 1), mean)
    costs = [
        min(1.0, (e + (kept - e) * leak) / kept) if e < kept else 1.0
        for e, leak in zip(tails, leaks, strict=True)
    ]
    assert tagged_cost(kept, mean, leaks) == pytest.approx(min(costs), rel=1e-12)


def test_bright_blocks_are_known_to_eve():
    assert tagged_cost([0.1, 0.0], [50.0, 0.1], phase_error_leaks(16)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("trials", "prob"), [(1e3, 0.03), (1e6, 1e-5), (1e9, 0.2), (1e8, 1e-12)])
def test_binomial_ceiling_is_safe_and_close(trials, prob):
    ceiling = float(binomial_ceiling(trials, prob, 1e-10))
    assert binom.sf(np.ceil(ceiling) - 1, trials, prob) <= 1e-10
    exact = binom.isf(1e-10, trials, prob)
    assert exact <= ceiling <= exact + 3 + 0.25 * (exact - trials * prob)


def test_secret_bits_of_large_blocks_approach_the_limit():
    limit = 0.01 * (1.0 - tagged_cost(0.01, 0.02, phase_error_leaks(32)))
    shares = [secret_bits_of_block(0.01 * n, n, 0.02, 32, 1e-20) / n for n in (1e6, 1e9, 1e12, 1e15)]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(float(limit), rel=1e-4)
    assert shares[-1] <= limit
