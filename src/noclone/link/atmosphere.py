"""What the atmosphere takes from a beam and what its glow adds: air mass, haze, sky background."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.link.scattering import DB_PER_NEPER, photons_per_s

Floats = NDArray[np.float64]


def air_mass(elevation_deg: ArrayLike) -> Floats:
    """Return how much more air lies along a slant path than above the station.

    Parameters
    ----------
    elevation_deg : array_like, shape (...)
        Angle e above the horizon, 0 to 90.

    Returns
    -------
    ndarray, shape (...)
        1 / (sin e + 0.50572 (e + 6.07995)^-1.6364).

    Notes
    -----
    Kasten and Young, Appl. Opt. 28, 4735 (1989), their approximation of the tables.

    Examples
    --------
    >>> air_mass([90, 30, 10, 0]).round(3).tolist()
    [1.0, 1.994, 5.586, 37.92]
    """
    elevation = np.asarray(elevation_deg, float)
    return np.asarray(1 / (np.sin(np.radians(elevation)) + 0.50572 * (elevation + 6.07995) ** -1.6364))


def haze_db_per_km(visibility_km: ArrayLike, wavelength_nm: ArrayLike) -> Floats:
    """Return the extinction by haze: (3.912 / V) (lambda / 550 nm)^-q per kilometre, in decibels.

    Parameters
    ----------
    visibility_km : array_like, shape (...)
        Meteorological visibility V, at which a contrast has fallen to 2 %.
    wavelength_nm : array_like, shape (...)
        Visible to near infrared.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Kruse, McGlauchlin and McQuistan, Elements of Infrared Technology (1962): q = 1.6 for V > 50 km, 1.3 for
    V > 6 km, else 0.585 V^(1/3). For haze; fog attenuates all these wavelengths alike.

    Examples
    --------
    >>> haze_db_per_km([23, 1], 1550).round(2).tolist()
    [0.19, 9.27]
    """
    visibility = np.asarray(visibility_km, float)
    exponent = np.where(visibility > 50, 1.6, np.where(visibility > 6, 1.3, 0.585 * np.cbrt(visibility)))
    return np.asarray(
        3.912 / visibility * (np.asarray(wavelength_nm, float) / 550) ** -exponent * DB_PER_NEPER
    )


def sky_photons_per_s(
    radiance: ArrayLike,
    field_of_view_urad: ArrayLike,
    aperture_m: ArrayLike,
    filter_nm: ArrayLike,
    wavelength_nm: ArrayLike,
) -> Floats:
    """Return the photons of a glowing sky that a telescope collects per second.

    Parameters
    ----------
    radiance : array_like, shape (...)
        Spectral radiance of the sky in W / (m^2 sr nm).
    field_of_view_urad : array_like, shape (...)
        Full angle phi of the field of view; the solid angle is pi phi^2 / 4.
    aperture_m : array_like, shape (...)
        Diameter of the telescope.
    filter_nm, wavelength_nm : array_like, shape (...)
        Bandwidth and centre of the filter.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Miao et al., New J. Phys. 7, 215 (2005).

    Examples
    --------
    >>> f"{float(sky_photons_per_s(1.5e-6, 100, 1.0, 1.0, 850)):.4g}"
    '3.959e+04'
    """
    solid_angle = np.pi * (np.asarray(field_of_view_urad, float) * 1e-6) ** 2 / 4
    area = np.pi * np.asarray(aperture_m, float) ** 2 / 4
    watts = np.asarray(radiance, float) * solid_angle * area * np.asarray(filter_nm, float)
    return photons_per_s(watts * 1e3, wavelength_nm)
