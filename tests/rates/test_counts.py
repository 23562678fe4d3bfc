import dataclasses

import numpy as np
import pytest
from scipy.stats import poisson

from noclone.core.errors import InvalidInput
from noclone.rates import gains
from noclone.rates.counts import DecoyCounts, expected_counts, expected_photons, keyed_mask

GOOD = {
    "intensities": [0.5, 0.1],
    "intensity_probs": [0.9, 0.1],
    "detections": [[900.0, 20.0], [90.0, 2.0]],
    "errors": [[9.0, 1.0], [1.0, 0.0]],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("intensities", 0.5),
        ("intensities", [0.5, -0.1]),
        ("intensities", [0.5, np.nan]),
        ("intensities", [0.5, 0.2, 0.1]),
        ("intensity_probs", [1.0, 0.0]),
        ("intensity_probs", [0.9, 0.2]),
        ("detections", [[900.0, 20.0]]),
        ("detections", [[900.0, np.inf], [90.0, 2.0]]),
        ("errors", [[901.0, 1.0], [1.0, 0.0]]),
    ],
)
def test_bad_counts_are_refused_by_name(field, value):
    with pytest.raises(InvalidInput) as refused:
        DecoyCounts(**{**GOOD, field: value})
    assert refused.value.field.startswith("counts.")


def test_photons_must_fit():
    photons = expected_photons([0.5], [1.0], [0.5, 0.5], [0.0], [0.1], [0.0])
    with pytest.raises(InvalidInput, match=r"counts\.photons"):
        DecoyCounts(**GOOD, photons=photons)


@pytest.mark.parametrize("keyed", [[True, False], [[True] * 3] * 2, [[False] * 2] * 2])
def test_bad_masks_are_refused(keyed):
    with pytest.raises(InvalidInput, match="keyed"):
        keyed_mask(keyed, 2)


def test_expected_counts_are_products_of_probabilities():
    counts = expected_counts([0.5, 0.1], [0.9, 0.1], [0.64, 0.04], [[1e-2, 2e-3]], [[1e-4, 1e-5]])
    np.testing.assert_allclose(counts.detections, [[5.76e-3, 1.28e-4], [3.6e-4, 8e-6]])
    np.testing.assert_allclose(counts.errors[1], [3.6e-6, 4e-8])
    detections, errors = counts.scaled(1e9).keyed([[True, False], [False, False]])
    np.testing.assert_allclose(detections, [5.76e6, 0.0])
    np.testing.assert_allclose(errors, [5.76e4, 0.0])


def test_bases_may_differ():
    counts = expected_counts([0.5], [1.0], [0.5, 0.5], [[1e-2], [2e-2]], [[1e-4], [3e-4]])
    np.testing.assert_allclose(counts.sifted, [5e-3, 1e-2])
    np.testing.assert_allclose(counts.sifted_errors, [5e-5, 1.5e-4])


def test_grids_of_any_rank_broadcast():
    eta = np.geomspace(1e-4, 1e-1, 5)
    probs = np.stack([np.linspace(0.5, 0.9, 3), 1 - np.linspace(0.5, 0.9, 3)])[:, :, None]
    mu = np.array([0.5, 0.1])
    gain = gains.gain(mu[:, None, None], eta, 1e-6)
    whole = expected_counts(mu, probs, [0.5, 0.5], gain[None], 0.01 * gain[None])
    assert np.broadcast_shapes(whole.detections.shape, (1, 1, 3, 5)) == (2, 2, 3, 5)
    for i in range(3):
        for j in range(5):
            point_gain = gains.gain(mu, eta[j], 1e-6)
            point = expected_counts(mu, probs[:, i, 0], [0.5, 0.5], [point_gain], [0.01 * point_gain])
            np.testing.assert_allclose(whole.detections[:, :, i, j], point.detections, rtol=1e-14)


def test_photon_numbers_add_up_to_the_gain():
    eta, background, misalignment = 0.03, 1e-3, 0.02
    mu, photons = np.array([0.7, 0.1, 0.0]), np.arange(40)
    yields = 1 - (1 - background) * (1 - eta) ** photons
    error_yields = 0.5 * background + misalignment * (yields - background)
    law = poisson.pmf(photons, mu[:, None])
    gain = gains.gain(mu, eta, background)
    np.testing.assert_allclose(gain, law @ yields, rtol=1e-12)
    np.testing.assert_allclose(
        gains.error_gain(gain, background, misalignment), law @ error_yields, rtol=1e-12
    )
    assert gains.single_photon_yield(eta, background) == pytest.approx(yields[1])
    probs, sift = [0.5, 0.3, 0.2], [0.25, 0.25]
    counts = expected_photons(mu, probs, sift, [yields[0]], [yields[1]], [error_yields[1]])
    np.testing.assert_allclose(counts.vacuum[0], 0.25 * np.array(probs) * law[:, 0] * yields[0])
    np.testing.assert_allclose(counts.single[1], 0.25 * np.array(probs) * law[:, 1] * yields[1], atol=1e-18)
    np.testing.assert_allclose(counts.single_errors[1, 0], 0.25 * 0.5 * law[0, 1] * error_yields[1])


def test_scaling_takes_the_photons_along():
    photons = expected_photons([0.5, 0.1], [0.9, 0.1], [0.5, 0.5], [1e-6], [0.1], [0.001])
    counts = dataclasses.replace(DecoyCounts(**GOOD), photons=photons).scaled(np.array([10.0, 20.0]))
    np.testing.assert_allclose(counts.detections[..., 0], 10.0 * np.array(GOOD["detections"]))
    np.testing.assert_allclose(counts.photons.single[..., 1], 20.0 * photons.single)


def test_afterpulses_fall_at_random():
    detected, in_error = gains.with_afterpulses(0.1, 0.001, 0.04)
    assert detected == pytest.approx(0.104)
    assert in_error == pytest.approx(0.001 + 0.002)
