"""Turbulence against the figures that define HV 5/7, limits and integrals."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from noclone.link.turbulence import (
    downlink_scintillation,
    hufnagel_valley,
    log_variances,
    rytov_variance,
    turbulent_radius_m,
)


def moment(power):
    """Integral of Cn2(h) h^power."""
    edges = (0, 100, 1000, 5000, 15_000, 100_000)
    return sum(quad(lambda h: hufnagel_valley(h) * h**power, low, high)[0] for low, high in pairwise(edges))


def test_hv_5_7_has_5_cm_and_7_urad():
    wave_number = 2 * np.pi / 0.5e-6
    coherence_m = (0.423 * wave_number**2 * moment(0)) ** (-3 / 5)
    isoplanatic = (2.914 * wave_number**2 * moment(5 / 3)) ** (-3 / 5)
    assert coherence_m == pytest.approx(0.05, rel=0.02)
    assert isoplanatic == pytest.approx(7e-6, rel=0.02)


@pytest.mark.parametrize("elevation_deg", [90.0, 45.0, 25.0])
def test_light_from_space_at_a_point(elevation_deg):
    # 2.25 k^(7/6) sec^(11/6) times the integral of Cn2 h^(5/6): the Rytov variance of a slant path.
    secant = 1 / np.sin(np.radians(elevation_deg))
    expected = 2.25 * (2 * np.pi / 850e-9) ** (7 / 6) * secant ** (11 / 6) * moment(5 / 6)
    assert downlink_scintillation(elevation_deg, 0.0, 850.0) == pytest.approx(expected, rel=2e-3)


def test_light_from_space_in_a_telescope():
    # Geometric optics of a large aperture, 17.34 D^(-7/3) sec^3 times the integral of Cn2 h^2 (Fried, J. Opt.
    # Soc. Am. 57, 169, 1967), for a hard edge; the model's soft edge has 15.35 instead of 17.34.
    index = downlink_scintillation(40.0, np.array([2.0, 4.0]), 850.0)
    secant = 1 / np.sin(np.radians(40.0))
    expected = 15.35 * np.array([2.0, 4.0]) ** (-7 / 3) * secant**3 * moment(2)
    np.testing.assert_allclose(index, expected, rtol=5e-3)
    assert (np.diff(downlink_scintillation(60.0, np.geomspace(1e-3, 10, 40), 850.0)) < 0).all()


def test_rytov_variance_of_a_common_example():
    # A plane wave at 1550 nm over 1 km with Cn2 = 1e-14: k = 4.0537e6 / m, s = 0.199.
    assert rytov_variance(1e-14, 1e3, 1550.0) == pytest.approx(
        1.23e-14 * 4.0537e6 ** (7 / 6) * 10**5.5, rel=1e-5
    )


def test_weak_turbulence_twinkles_by_the_rytov_variance():
    large, small = log_variances(1e-4, 0.0, 1e3, 850.0)
    assert np.expm1(large + small) == pytest.approx(1e-4, rel=1e-3)


def test_strong_turbulence_saturates():
    # Andrews et al., J. Opt. Soc. Am. A 16, 1417 (1999): 1 + 0.86 / s^(2/5) for a plane wave.
    for rytov in (1e5, 1e6, 1e7):
        large, small = log_variances(rytov, 0.0, 1e3, 850.0)
        assert np.expm1(large + small) == pytest.approx(1 + 0.86 * rytov**-0.4, rel=0.02)


def test_a_large_aperture_stills_the_light():
    point, wide = (sum(log_variances(1.0, size, 2e3, 850.0)) for size in (0.0, 0.2))
    assert wide < point / 5


def test_turbulence_spreads_a_beam():
    assert turbulent_radius_m(0.05, 0.0, 2e3, 850.0) == 0.05
    radius = 0.05 * (1 + 1.33 * 0.3 * (2 * 2e3 / (2 * np.pi / 850e-9 * 0.05**2)) ** (5 / 6)) ** 0.6
    assert turbulent_radius_m(0.05, 0.3, 2e3, 850.0) == pytest.approx(radius, rel=1e-12)
