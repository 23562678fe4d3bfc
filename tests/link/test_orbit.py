"""Passes against Kepler's law, plane geometry and a published pass."""

import numpy as np
import pytest

from noclone.link import orbit


@pytest.mark.parametrize("altitude_km", [300.0, 500.0, 2000.0])
@pytest.mark.parametrize("elevation_deg", [5.0, 30.0, 89.0])
def test_station_satellite_and_centre_form_a_triangle(altitude_km, elevation_deg):
    angle = orbit.central_angle(altitude_km, elevation_deg)
    distance, elevation = orbit.range_and_elevation(altitude_km, angle)
    radius = 6371.0 + altitude_km
    cosine_law = np.sqrt(6371.0**2 + distance**2 + 2 * 6371.0 * distance * np.sin(np.radians(elevation_deg)))
    assert cosine_law == pytest.approx(radius, rel=1e-12)
    assert elevation == pytest.approx(elevation_deg, rel=1e-9)


def test_a_revolution_of_the_space_station():
    # 92.9 minutes at 420 km (NASA); one sidereal day at 42 164 km from the centre.
    assert 2 * np.pi / orbit.angular_speed(420.0) / 60 == pytest.approx(92.8, abs=0.2)
    assert 2 * np.pi / orbit.angular_speed(35_793.0) == pytest.approx(86_164, rel=1e-4)


def test_the_pass_of_micius_took_273_seconds():
    # Liao et al., Nature 549, 43 (2017): about 500 km high, from 1200 km to 645 km and back in 273 s.
    def elevation(distance):
        return np.degrees(np.arcsin((2 * 6371 * 500 + 500**2 - distance**2) / (2 * 6371 * distance)))

    last = orbit.half_pass_s(500.0, elevation(645), elevation(1200))
    assert 2 * last == pytest.approx(273, rel=0.02)
    nearest, farthest = (orbit.at_time(500.0, elevation(645), t)[0] for t in (0.0, last))
    assert nearest == pytest.approx(645, rel=1e-9)
    assert farthest == pytest.approx(1200, rel=1e-9)


def test_a_pass_followed_in_space():
    # Positions from rotating the orbit about an axis; the station stands still.
    altitude, highest = 700.0, 50.0
    radius, nearest = 6371.0 + altitude, orbit.central_angle(altitude, highest)
    for time in (0.0, 60.0, -150.0):
        turn = orbit.angular_speed(altitude) * time
        position = radius * np.array(
            [np.cos(turn) * np.cos(nearest), np.cos(turn) * np.sin(nearest), np.sin(turn)]
        )
        sight = position - [6371.0, 0, 0]
        distance = np.linalg.norm(sight)
        got = orbit.at_time(altitude, highest, time)
        assert got[0] == pytest.approx(distance, rel=1e-12)
        assert got[1] == pytest.approx(np.degrees(np.arcsin(sight[0] / distance)), rel=1e-9)


def test_a_pass_that_does_not_rise_high_enough_takes_no_time():
    assert orbit.half_pass_s(500.0, 10.0, 20.0) == 0
