"""Decoy estimates against exact sums over photon numbers, for channels that an eavesdropper may choose."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from noclone.rates.counts import DecoyCounts, expected_counts, expected_photons
from noclone.rates.decoy import keyed_fraction, one_decoy, photon_weights, two_decoys, vacuum_ceiling

PHOTONS = np.arange(60)
channels = st.integers(0, 2**32 - 1)


def random_channel(seed, intensities, probs, vacuum_errors=None):
    """Counts of random yields and error rates for each photon number and basis, and the truth."""
    rng = np.random.default_rng(seed)
    yields = rng.uniform(0, 1, (2, len(PHOTONS))) ** rng.uniform(0.3, 8)
    yields[:, 0] *= rng.uniform(0, 1) ** 4
    errors = rng.uniform(0, 1, yields.shape) * rng.choice([0.05, 1.0])
    if vacuum_errors is not None:
        errors[:, 0] = vacuum_errors
    weights = poisson.pmf(PHOTONS, np.asarray(intensities)[:, None])
    gains = np.einsum("kn,bn->bk", weights, yields)
    error_gains = np.einsum("kn,bn->bk", weights, yields * errors)
    sift = [0.6, 0.2]
    counts = expected_counts(intensities, probs, sift, gains, error_gains)
    one = yields[:, 1]
    photons = expected_photons(intensities, probs, sift, yields[:, 0], one, one * errors[:, 1])
    return DecoyCounts(intensities, probs, counts.detections, counts.errors, photons)


def assert_within_truth(estimate, photons):
    slack = 1e-12
    assert (estimate.vacuum <= photons.vacuum.sum(axis=1) + slack).all()
    assert (estimate.single <= photons.single.sum(axis=1) + slack).all()
    assert (estimate.single_errors >= photons.single_errors.sum(axis=1) - slack).all()


@settings(max_examples=300)
@given(channels, st.floats(0.2, 2.0), st.floats(0.02, 0.9), st.floats(0.0, 0.95))
def test_two_decoys_never_claim_more_than_the_truth(seed, mu1, share2, share3):
    mu2 = share2 * mu1
    mu3 = min(share3 * mu2, 0.99 * (mu1 - mu2))
    counts = random_channel(seed, [mu1, mu2, mu3], [0.5, 0.3, 0.2])
    exact = counts.detections, counts.detections
    estimate = two_decoys(counts, photon_weights(counts), exact, (counts.errors, counts.errors))
    assert_within_truth(estimate, counts.photons)


@settings(max_examples=300)
@given(channels, st.floats(0.2, 2.0), st.floats(0.02, 0.95))
def test_one_decoy_never_claims_more_than_the_truth(seed, mu1, share2):
    counts = random_channel(seed, [mu1, share2 * mu1], [0.7, 0.3], vacuum_errors=0.5)
    weights = photon_weights(counts)
    ceilings = vacuum_ceiling(weights, counts.errors, np.zeros(2))
    assert (ceilings >= counts.photons.vacuum.sum(axis=1)[:, None] - 1e-12).all()
    exact = counts.detections, counts.detections
    estimate = one_decoy(counts, weights, exact, (counts.errors, counts.errors), ceilings.min(axis=1))
    assert_within_truth(estimate, counts.photons)


def test_estimates_are_exact_where_the_algebra_is():
    # Without pulses of two or more photons to hide behind: Y_n = Y_2 for n >= 2 is no longer enough, but
    # vanishing mu2 and mu3 = 0 give the vacuum and single-photon yields themselves.
    counts = random_channel(7, [0.5, 1e-6, 0.0], [0.5, 0.3, 0.2])
    exact = counts.detections, counts.detections
    estimate = two_decoys(counts, photon_weights(counts), exact, (counts.errors, counts.errors))
    np.testing.assert_allclose(estimate.vacuum, counts.photons.vacuum.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(estimate.single, counts.photons.single.sum(axis=1), rtol=1e-4)
    np.testing.assert_allclose(estimate.single_errors, counts.photons.single_errors.sum(axis=1), rtol=1e-4)


def test_keyed_fraction_counts_the_pulses():
    counts = random_channel(1, [0.8, 0.1, 0.0], [0.5, 0.25, 0.25])
    weights = photon_weights(counts)
    keyed = np.array([[True, False, False], [True, True, True]])
    # Single photons: .5 .8 e^-.8 of .5 .8 e^-.8 + .25 .1 e^-.1
    share = 0.4 * np.exp(-0.8) / (0.4 * np.exp(-0.8) + 0.025 * np.exp(-0.1))
    np.testing.assert_allclose(keyed_fraction(weights.one, keyed), [share, 1.0])
    np.testing.assert_allclose(keyed_fraction(weights.empty, ~keyed)[1], 0.0)


def test_nothing_is_known_outside_the_proven_order():
    for intensities in ([0.5, 0.3, 0.2], [0.5, 0.3, 0.3], [0.2, 0.5, 0.0], [0.0, 0.0, 0.0]):
        counts = random_channel(2, intensities, [0.5, 0.3, 0.2])
        exact = counts.detections, counts.detections
        estimate = two_decoys(counts, photon_weights(counts), exact, (counts.errors, counts.errors))
        assert (estimate.single == 0).all()
        assert (estimate.vacuum == 0).all()
        assert np.isinf(estimate.single_errors).all()
    for intensities in ([0.3, 0.3], [0.2, 0.5], [0.5, 0.0]):
        counts = random_channel(2, intensities, [0.5, 0.5])
        exact = counts.detections, counts.detections
        estimate = one_decoy(counts, photon_weights(counts), exact, exact, counts.sifted)
        assert (estimate.single == 0).all()
        assert np.isinf(estimate.single_errors).all()
