"""Sources of light: what they refuse, and the photon statistics of those that are not lasers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import comb
from scipy.stats import binom, geom, poisson

from noclone.core.errors import InvalidInput
from noclone.link import WeakCoherentSource
from noclone.link.sources import HeraldedSource, QuantumDotSource
from noclone.rates.flaws.multiphoton import multiphoton_prob
from noclone.sampling.photons import heralded, quantum_dot

LASER = {"intensities": (0.5, 0.1), "clock_rate_hz": 1e9}


def moments(probs):
    n = np.arange(len(probs))
    return probs @ n, probs @ (n * (n - 1)) / (probs @ n) ** 2


@pytest.mark.parametrize(
    ("flaws", "sentence"),
    [
        ({"intensity_fluctuation": 0.95}, "intensity_fluctuation must be at least 0 and at most 0.9"),
        ({"intensity_fluctuation": 0.7, "intensity_correlation": 0.5}, "must leave intensities above 0"),
        ({"random_phases": 2.5}, "random_phases must be a whole number"),
        ({"random_phases": 1}, "must be 0 or at least 2"),
        ({"trojan_photons": -1}, "trojan_photons must be at least 0"),
        ({"correlation_range": 0}, "correlation_range must be at least 1"),
    ],
)
def test_impossible_lasers_are_refused(flaws, sentence):
    with pytest.raises(InvalidInput) as caught:
        WeakCoherentSource(**LASER, **flaws)
    assert sentence in str(caught.value)


def test_deviations_of_both_causes_multiply():
    source = WeakCoherentSource(**LASER, intensity_fluctuation=0.1, intensity_correlation=0.02)
    assert float(source.intensity_deviation) == pytest.approx(1.1 * 1.02 - 1)


def test_impossible_quantum_dots_are_refused():
    with pytest.raises(InvalidInput, match="g2 must be below 1 / mean_photons"):
        QuantumDotSource(mean_photons=1.0, g2=1.0, clock_rate_hz=1e8)


@given(st.floats(0.001, 1.0), st.floats(0.0, 0.99))
def test_a_quantum_dot_has_its_mean_and_g2(mean, g2):
    probs = quantum_dot(mean, g2)
    assert (probs >= 0).all()
    assert probs.sum() == pytest.approx(1.0)
    assert moments(probs) == pytest.approx((mean, g2))
    assert probs[2] == pytest.approx(float(multiphoton_prob(mean, g2)))


@given(
    st.floats(1e-4, 2.0),
    st.floats(0.05, 1.0),
    st.floats(0.0, 0.1),
    st.floats(0.05, 1.0),
    st.sampled_from(["thermal", "poisson"]),
)
def test_heralded_photons_are_what_the_sum_over_pairs_gives(pairs, found, dark, leaves, statistics):
    n = np.arange(400)
    number = poisson.pmf(n, pairs) if statistics == "poisson" else geom.pmf(n + 1, 1 / (1 + pairs))
    announced = number * (1 - (1 - dark) * (1 - found) ** n)
    announced /= announced.sum()
    photons = np.arange(12)
    expected = binom.pmf(photons[:, None], n, leaves) @ announced
    probs = heralded(pairs, found, dark, leaves, statistics)
    shown = np.zeros(12)
    shown[: min(12, probs.size)] = probs[:12]
    assert probs.sum() == pytest.approx(1.0)
    # The distribution is a difference of two; of few pairs it keeps so many digits fewer.
    np.testing.assert_allclose(shown, expected, rtol=1e-9, atol=1e-15 / min(1.0, pairs))
    mean, g2 = moments(probs)
    assert probs[2:].sum() <= multiphoton_prob(mean, g2) + 1e-15


def test_weak_heralding_gives_the_known_g2():
    # Each pair announces with a small probability: P(n) ~ n p(n), so that g2 is 4 times the mean number of
    # pairs in one mode and 2 times in many, to first order.
    for statistics, factor in (("thermal", 4), ("poisson", 2)):
        _, g2 = moments(heralded(1e-4, 1e-3, 0.0, 0.3, statistics))
        assert g2 == pytest.approx(factor * 1e-4, rel=1e-3)


def test_grids_of_heralded_sources_share_their_last_column():
    rows = heralded(np.array([0.01, 1.0]), 0.5, 0.0, 0.7, "thermal")
    alone = heralded(0.01, 0.5, 0.0, 0.7, "thermal")
    np.testing.assert_allclose(rows[0, : alone.size - 1], alone[:-1], rtol=1e-12)
    assert rows.sum(axis=-1) == pytest.approx([1.0, 1.0])


def test_a_perfect_herald_of_a_pair_leaves_no_empty_pulse():
    assert (
        HeraldedSource(mean_pairs=(0.1,), herald_efficiency=1.0, clock_rate_hz=1e6).signal_efficiency == 1.0
    )
    probs = heralded(0.1, 1.0, 0.0, 1.0, "poisson")
    assert probs[0] == 0.0
    assert probs[2] / probs[1] == pytest.approx(0.1 / comb(2, 1))
