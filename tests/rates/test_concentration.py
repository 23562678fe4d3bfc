import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from noclone.rates.concentration import (
    clopper_pearson_interval,
    fung_deviation,
    hoeffding_deviation,
    hoeffding_interval,
    hypergeometric_rate,
    serfling_rate,
)


def poisson_binomial(probs):
    """Distribution of a sum of independent 0-1 variables that are not alike, by convolution."""
    law = np.ones(1)
    for p in probs:
        law = np.convolve(law, [1 - p, p])
    return law


@pytest.mark.parametrize("interval", [hoeffding_interval, clopper_pearson_interval])
@pytest.mark.parametrize("eps", [1e-2, 1e-6])
def test_intervals_hold_for_variables_that_are_not_alike(interval, eps):
    rng = np.random.default_rng(3)
    for shape in ((0.3, 5.0), (1.0, 1.0), (0.1, 0.1), (50.0, 50.0)):
        probs = rng.beta(*shape, 120)
        law, count = poisson_binomial(probs), np.arange(121.0)
        lower, upper = interval(count, np.full(121, 120.0), np.full(121, eps))
        assert law[lower > probs.sum()].sum() <= eps
        assert law[upper < probs.sum()].sum() <= eps


@given(st.integers(1, 10**9), st.floats(0, 1), st.floats(1e-18, 0.2))
def test_clopper_pearson_is_the_binomial_tail_and_inside_hoeffding(trials, fraction, eps):
    count = float(round(trials * fraction))
    arguments = np.array(count), np.array(float(trials)), np.array(eps)
    lower, upper = clopper_pearson_interval(*arguments)
    loose_lower, loose_upper = hoeffding_interval(*arguments)
    slack = 1e-9 * trials
    either = np.array([-slack, slack])
    assert loose_lower - slack <= lower <= count <= upper <= loose_upper + slack
    if upper < trials:
        below, above = binom.cdf(count, trials, np.fmin((upper + either) / trials, 1.0))
        assert above <= eps <= below
    if lower > 0:
        below, above = binom.sf(count - 1, trials, np.fmax((lower + either) / trials, 0.0))
        assert below <= eps <= above


def test_hoeffding_is_its_inequality():
    # exp(-2 d^2 / n) = eps
    assert np.exp(-2 * hoeffding_deviation(1e6, 1e-10) ** 2 / 1e6) == pytest.approx(1e-10)


def failure_probability(bound, sampled, rest, wrong, eps):
    """Probability that a bound on the rate of the rest is too low, with `wrong` errors spread at random."""
    seen = np.arange(min(sampled, wrong) + 1.0)
    seen = seen[wrong - seen <= rest]
    claimed = bound(seen, *(np.full(seen.shape, float(x)) for x in (sampled, rest, eps)))
    too_low = claimed < np.fmin((wrong - seen) / rest, 0.5) - 1e-12
    return hypergeom.pmf(seen, sampled + rest, wrong, sampled)[too_low].sum()


@pytest.mark.parametrize("bound", [serfling_rate, hypergeometric_rate])
@pytest.mark.parametrize("eps", [0.3, 1e-3, 1e-5])
def test_rates_of_the_rest_hold_for_every_number_of_errors(bound, eps):
    for sampled, rest in ((30, 40), (100, 400), (400, 100), (1000, 1000)):
        for wrong in np.unique(np.geomspace(1, (sampled + rest) // 2, 12).astype(int)):
            assert failure_probability(bound, sampled, rest, wrong, eps) <= eps**2


def test_fung_is_not_a_bound():
    def fung(errors, sampled, rest, eps):
        return errors / sampled + fung_deviation(errors / sampled, sampled, rest, eps)

    assert failure_probability(fung, 1000, 1000, 10, 1e-3) > 1e-6
    assert fung_deviation(0.0, 10.0, 10.0, 1e-9) == 0.0


def test_exact_rate_is_the_largest_plausible_number_of_errors():
    eps, sampled, rest = 0.05, 20, 30
    for seen in range(0, 12):
        plausible = [m for m in range(seen, seen + rest + 1) if hypergeom.cdf(seen, 50, m, 20) > eps**2]
        expected = min((max(plausible) - seen) / rest, 0.5)
        got = hypergeometric_rate(*(np.array(float(x)) for x in (seen, sampled, rest, eps)))
        assert got == pytest.approx(expected)


@settings(max_examples=60)
@given(st.floats(2, 8), st.floats(1, 7), st.floats(0, 0.5), st.floats(1e-14, 1e-2))
def test_serfling_is_never_below_the_exact_rate(log_sampled, log_rest, rate, eps):
    sampled, rest = np.floor(10.0**log_sampled), np.floor(10.0**log_rest)
    arguments = np.array(np.floor(rate * sampled)), sampled, rest, np.array(eps)
    assert serfling_rate(*arguments) >= hypergeometric_rate(*arguments) - 1e-12


def test_nothing_sampled_means_nothing_known():
    zero, some = np.array(0.0), np.array(100.0)
    for bound in (serfling_rate, hypergeometric_rate):
        assert bound(zero, zero, some, np.array(1e-3)) == 0.5
        assert bound(zero, some, zero, np.array(1e-3)) == 0.5
        assert bound(np.array(np.inf), zero, zero, np.array(1e-3)) == 0.5
    assert fung_deviation(0.1, 0.0, 100.0, 1e-3) == np.inf


def test_a_sample_without_right_bits_or_nothing_to_judge_tells_nothing():
    # Sizes on both sides of LARGEST_EXACT_SAMPLE; estimates of errors may exceed those of single photons.
    for size in (1e6, 1e18):
        for seen, sampled, rest in ((1.5, 1.0, 1.0), (0.1, 1.0, 0.0), (0.1, 0.0, 1.0), (np.inf, 1.0, 1.0)):
            arguments = (np.array(seen * size), np.array(sampled * size), np.array(rest * size))
            for bound in (serfling_rate, hypergeometric_rate):
                assert bound(*arguments, np.array(1e-10)) == 0.5
