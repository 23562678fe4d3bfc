"""Gaussian beams against integrals over the aperture and sampled photons."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive

from noclone.link.beam import aperture_share, beam_radius_m, mean_aperture_share
from noclone.link.fading import exponential_nodes


@pytest.mark.parametrize("radius", [0.3, 1.0, 9.0])
@pytest.mark.parametrize("offset", [0.0, 0.4, 1.5])
def test_share_is_the_intensity_over_the_aperture(radius, offset):
    def ring(r):  # the beam's intensity, averaged over the angle, on a ring around the aperture's centre
        argument = 4 * r * offset / radius**2
        return 4 * r / radius**2 * np.exp(-2 * (r - offset) ** 2 / radius**2) * ive(0, argument)

    expected = quad(ring, 0, 0.5, epsrel=1e-12, epsabs=0)[0]
    assert aperture_share(1.0, radius, offset) == pytest.approx(expected, rel=1e-10)


def test_share_is_that_of_sampled_photons():
    rng = np.random.default_rng(5)
    photons = rng.normal([0.7, 0.0], 2.0 / 2, (1_000_000, 2))
    hit = np.hypot(*photons.T) < 0.5
    assert aperture_share(1.0, 2.0, 0.7) == pytest.approx(hit.mean(), abs=4.5 * hit.std() / 1e3)


def test_jitter_averages_to_the_closed_form():
    rng = np.random.default_rng(6)
    offset = np.hypot(*rng.normal(0, 3.0, (2, 400_000)))
    share = aperture_share(1.0, 8.0, offset)
    mean = mean_aperture_share(1.0, 8.0, 3.0)
    assert mean == pytest.approx(share.mean(), abs=4.5 * share.std() / 632)
    shares, squared = exponential_nodes(6)
    nodes = shares @ aperture_share(1.0, 8.0, 3.0 * np.sqrt(2 * squared))
    assert nodes == pytest.approx(mean, rel=1e-6)


def test_a_small_aperture_loses_beta_over_beta_plus_one():
    beta = 10.0**2 / (4 * 5.0**2)
    ratio = mean_aperture_share(1e-3, 10.0, 5.0) / aperture_share(1e-3, 10.0)
    assert ratio == pytest.approx(beta / (beta + 1), rel=1e-6)


def test_a_collimated_beam_has_grown_by_root_two_at_the_rayleigh_range():
    rayleigh_m = np.pi * 0.02**2 / 850e-9
    assert beam_radius_m(0.02, rayleigh_m, 850.0) == pytest.approx(0.02 * np.sqrt(2), rel=1e-12)


def test_no_beam_spreads_less_than_diffraction():
    assert beam_radius_m(0.1, 1e6, 850.0, 1.0) == beam_radius_m(0.1, 1e6, 850.0)
    assert beam_radius_m(0.1, 1e6, 850.0, 10.0) == pytest.approx(10.0005, rel=1e-6)
