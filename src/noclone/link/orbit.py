"""A satellite on a circular orbit as a ground station sees it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0
"""Mean radius."""
EARTH_GM_KM3_PER_S2 = 398_600.4418
"""Gravitational constant times the mass of the Earth (IERS conventions)."""


def central_angle(altitude_km: ArrayLike, elevation_deg: ArrayLike) -> Floats:
    """Return the angle at the Earth's centre between the station and a satellite, in radians.

    Parameters
    ----------
    altitude_km : array_like, shape (...)
        h above the ground.
    elevation_deg : array_like, shape (...)
        e above the station's horizon.

    Returns
    -------
    ndarray, shape (...)
        arccos(R cos e / (R + h)) - e.

    Examples
    --------
    >>> float(np.degrees(central_angle(500.0, 0.0)).round(2))
    21.99
    """
    elevation = np.radians(np.asarray(elevation_deg, float))
    ratio = EARTH_RADIUS_KM / (EARTH_RADIUS_KM + np.asarray(altitude_km, float))
    return np.asarray(np.arccos(ratio * np.cos(elevation)) - elevation)


def range_and_elevation(altitude_km: ArrayLike, angle: ArrayLike) -> tuple[Floats, Floats]:
    """Return how far away and how high a satellite is at a central angle.

    Parameters
    ----------
    altitude_km : array_like, shape (...)
        Above the ground.
    angle : array_like, shape (...)
        Central angle in radians.

    Returns
    -------
    range_km, elevation_deg : ndarray, shape (...)

    Examples
    --------
    >>> distance, elevation = range_and_elevation(500.0, central_angle(500.0, 20.0))
    >>> round(float(distance), 1), round(float(elevation), 6)
    (1192.8, 20.0)
    """
    radius = EARTH_RADIUS_KM + np.asarray(altitude_km, float)
    up = radius * np.cos(angle) - EARTH_RADIUS_KM
    along = radius * np.sin(angle)
    return np.asarray(np.hypot(up, along)), np.asarray(np.degrees(np.arctan2(up, along)))


def angular_speed(altitude_km: ArrayLike) -> Floats:
    """Return the speed of a circular orbit in radians per second, sqrt(G M / (R + h)^3).

    Examples
    --------
    >>> float((2 * np.pi / angular_speed(500.0) / 60).round(1))  # a revolution in minutes
    94.5
    """
    radius = EARTH_RADIUS_KM + np.asarray(altitude_km, float)
    return np.asarray(np.sqrt(EARTH_GM_KM3_PER_S2 / radius**3))


def half_pass_s(altitude_km: ArrayLike, max_elevation_deg: ArrayLike, min_elevation_deg: ArrayLike) -> Floats:
    """Return the time from the highest point of a pass until the satellite has sunk to an elevation.

    Parameters
    ----------
    altitude_km : array_like, shape (...)
        Above the ground.
    max_elevation_deg, min_elevation_deg : array_like, shape (...)
        Elevations at the highest point and at the end.

    Returns
    -------
    ndarray, shape (...)
        0 where the end is not below the highest point.

    Notes
    -----
    cos(angle(t)) = cos(angle(0)) cos(w t) for the central angle. The Earth's rotation is left out; it
    changes durations by up to a tenth, by direction.

    Examples
    --------
    >>> round(2 * float(half_pass_s(500.0, 90.0, 10.0)))
    443
    """
    nearest, last = (
        central_angle(altitude_km, max_elevation_deg),
        central_angle(altitude_km, min_elevation_deg),
    )
    return np.asarray(np.arccos(np.minimum(np.cos(last) / np.cos(nearest), 1.0)) / angular_speed(altitude_km))


def at_time(altitude_km: ArrayLike, max_elevation_deg: ArrayLike, time_s: ArrayLike) -> tuple[Floats, Floats]:
    """Return range and elevation at a time before or after the highest point.

    Parameters
    ----------
    altitude_km, max_elevation_deg, time_s : array_like, shape (...)

    Returns
    -------
    range_km, elevation_deg : ndarray, shape (...)

    Examples
    --------
    >>> [round(float(each), 2) for each in at_time(500.0, 90.0, 0.0)]
    [500.0, 90.0]
    """
    nearest = central_angle(altitude_km, max_elevation_deg)
    cosine = np.cos(nearest) * np.cos(angular_speed(altitude_km) * np.asarray(time_s, float))
    return range_and_elevation(altitude_km, np.arccos(np.clip(cosine, -1.0, 1.0)))
