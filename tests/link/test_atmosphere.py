"""Air mass and haze against published tables, sky background against its units."""

import numpy as np
import pytest

from noclone.link.atmosphere import air_mass, haze_db_per_km, sky_photons_per_s


def test_air_mass_of_a_spherical_shell():
    # An atmosphere of constant density, 8.43 km high, on a sphere of 6371 km: a model of its own, good above
    # 10 degrees (Schoenberg, Handbuch der Astrophysik II, 1929).
    elevation = np.array([90.0, 60.0, 30.0, 20.0, 15.0])
    ratio = 6371 / 8.43
    sine = np.sin(np.radians(elevation))
    shell = np.sqrt((ratio * sine) ** 2 + 2 * ratio + 1) - ratio * sine
    np.testing.assert_allclose(air_mass(elevation), shell, rtol=5e-3)


def test_air_mass_at_the_zenith_and_at_the_horizon():
    # 1 and 38 (37.92 as often quoted for this formula).
    assert air_mass(90.0) == pytest.approx(1.0, abs=5e-4)
    assert air_mass(0.0) == pytest.approx(37.92, abs=5e-3)


@pytest.mark.parametrize(
    ("visibility_km", "at_785", "at_1550"),
    [(0.05, 315, 272), (0.2, 75, 60), (0.5, 29, 21), (1, 14, 9), (2, 7, 4), (4, 3, 2), (23, 0.5, 0.2)],
)
def test_haze_is_that_of_kim_mcarthur_and_korevaar(visibility_km, at_785, at_1550):
    # Proc. SPIE 4214, 26 (2001), Table 1, printed to these digits.
    def close(value, printed):
        return abs(value - printed) <= (0.05 if printed < 1 else 0.6)

    assert close(haze_db_per_km(visibility_km, 785), at_785)
    assert close(haze_db_per_km(visibility_km, 1550), at_1550)


def test_visibility_is_where_two_per_cent_of_the_contrast_is_left():
    loss_db = 10 * haze_db_per_km(10.0, 550.0)
    assert 10 ** (-loss_db / 10) == pytest.approx(0.02, rel=1e-3)


def test_sky_photons_from_first_principles():
    # 1.5e-6 W/(m^2 sr nm) through 1 m^2 sr and 1 nm is 1.5e-6 W; a photon of 850 nm has 2.337e-19 J.
    angle = 2e6 * np.sqrt(1 / np.pi)
    aperture = 2 * np.sqrt(1 / np.pi)
    assert sky_photons_per_s(1.5e-6, angle, aperture, 1.0, 850.0) == pytest.approx(
        1.5e-6 / 2.337e-19, rel=1e-3
    )
