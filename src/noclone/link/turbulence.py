"""Optical turbulence: how strong it is along a path, and how much it makes received light fluctuate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Gauss-Legendre nodes in the logarithm of the height, 0.1 m to 60 km: within 1e-6 for the profile below.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_LOG_LOW, _LOG_HIGH = np.log(0.1), np.log(6e4)
_HEIGHTS_M = np.exp(_LOG_LOW + (_LOG_HIGH - _LOG_LOW) * (1 + _NODES) / 2)
_STEPS_M = _WEIGHTS * (_LOG_HIGH - _LOG_LOW) / 2 * _HEIGHTS_M


def hufnagel_valley(
    height_m: ArrayLike, ground: ArrayLike = 1.7e-14, wind_m_per_s: ArrayLike = 21.0
) -> Floats:
    """Return the refractive-index structure parameter at a height, in m^(-2/3).

    Parameters
    ----------
    height_m : array_like, shape (...)
        Above the ground.
    ground : array_like, shape (...)
        Cn2 at the ground.
    wind_m_per_s : array_like, shape (...)
        Root-mean-square wind at 5 to 20 km. The defaults are the model HV 5/7: at 0.5 um and in the zenith,
        a coherence diameter of 5 cm and an isoplanatic angle of 7 urad.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Andrews and Phillips, Laser Beam Propagation through Random Media, 2nd ed. (2005).

    Examples
    --------
    >>> f"{float(hufnagel_valley(0.0)):.3g}"
    '1.73e-14'
    """
    height = np.asarray(height_m, float)
    tropopause = 0.00594 * (np.asarray(wind_m_per_s, float) / 27) ** 2 * (1e-5 * height) ** 10
    surface = np.asarray(ground, float) * np.exp(-height / 100)
    return np.asarray(tropopause * np.exp(-height / 1000) + 2.7e-16 * np.exp(-height / 1500) + surface)


def rytov_variance(cn2: ArrayLike, distance_m: ArrayLike, wavelength_nm: ArrayLike) -> Floats:
    """Return the variance of the log intensity of a plane wave in weak, even turbulence.

    Parameters
    ----------
    cn2 : array_like, shape (...)
        Refractive-index structure parameter along the path, in m^(-2/3).
    distance_m, wavelength_nm : array_like, shape (...)
        Length L of the path and the wavelength.

    Returns
    -------
    ndarray, shape (...)
        1.23 Cn2 k^(7/6) L^(11/6); the turbulence is weak where it is below 1.

    Notes
    -----
    Andrews and Phillips (2005).

    Examples
    --------
    >>> round(float(rytov_variance(1e-14, 1000.0, 1550.0)), 4)
    0.1991
    """
    wave_number = 2e9 * np.pi / np.asarray(wavelength_nm, float)
    return np.asarray(
        1.23 * np.asarray(cn2, float) * wave_number ** (7 / 6) * np.asarray(distance_m, float) ** (11 / 6)
    )


def log_variances(
    rytov: ArrayLike, aperture_m: ArrayLike, distance_m: ArrayLike, wavelength_nm: ArrayLike
) -> tuple[Floats, Floats]:
    """Return the log variances of the power in an aperture from large and from small turbulent cells.

    Parameters
    ----------
    rytov : array_like, shape (...)
        Rytov variance of the path.
    aperture_m : array_like, shape (...)
        Diameter D over which the intensity is averaged; 0 for a point.
    distance_m, wavelength_nm : array_like, shape (...)
        Length of the path and the wavelength.

    Returns
    -------
    large, small : ndarray, shape (...)
        The power is a product of two independent factors of these log variances; its scintillation index
        is exp(large + small) - 1, in any strength of turbulence.

    Notes
    -----
    Plane wave, Andrews and Phillips (2005), with d^2 = k D^2 / (4 L); for D = 0 the point
    receiver of Al-Habash, Andrews and Phillips, Opt. Eng. 40, 1554 (2001).

    Examples
    --------
    >>> large, small = log_variances(1.0, 0.0, 1000.0, 1550.0)
    >>> round(float(large), 4), round(float(small), 4)
    (0.2051, 0.3294)
    """
    rytov = np.asarray(rytov, float)
    wave_number = 2e9 * np.pi / np.asarray(wavelength_nm, float)
    size = wave_number * np.asarray(aperture_m, float) ** 2 / (4 * np.asarray(distance_m, float))
    strong = rytov ** (6 / 5)
    large = 0.49 * rytov / (1 + 0.65 * size + 1.11 * strong) ** (7 / 6)
    small = 0.51 * rytov * (1 + 0.69 * strong) ** (-5 / 6) / (1 + 0.90 * size + 0.62 * size * strong)
    return np.asarray(large), np.asarray(small)


def turbulent_radius_m(
    radius_m: ArrayLike, rytov: ArrayLike, distance_m: ArrayLike, wavelength_nm: ArrayLike
) -> Floats:
    """Return the long-term radius of a beam that turbulence spreads: w (1 + 1.33 s Lambda^(5/6))^(3/5).

    Parameters
    ----------
    radius_m : array_like, shape (...)
        1/e^2 radius w that the beam would have at the receiver.
    rytov, distance_m, wavelength_nm : array_like, shape (...)
        Rytov variance s, length L of the path, wavelength; Lambda = 2 L / (k w^2).

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Andrews and Phillips (2005), for even turbulence.

    Examples
    --------
    >>> round(float(turbulent_radius_m(0.05, 1.0, 2000.0, 850.0)), 4)
    0.0604
    """
    radius = np.asarray(radius_m, float)
    wave_number = 2e9 * np.pi / np.asarray(wavelength_nm, float)
    diffraction = 2 * np.asarray(distance_m, float) / (wave_number * radius**2)
    return np.asarray(radius * (1 + 1.33 * np.asarray(rytov, float) * diffraction ** (5 / 6)) ** (3 / 5))


def downlink_scintillation(
    elevation_deg: ArrayLike,
    aperture_m: ArrayLike,
    wavelength_nm: ArrayLike,
    ground: ArrayLike = 1.7e-14,
    wind_m_per_s: ArrayLike = 21.0,
) -> Floats:
    """Return the scintillation index of light from space in an aperture on the ground.

    Parameters
    ----------
    elevation_deg : array_like, shape (...)
        Of the source above the horizon.
    aperture_m, wavelength_nm : array_like, shape (...)
        Diameter D of the receiver and the wavelength.
    ground, wind_m_per_s : array_like, shape (...)
        Of the profile `hufnagel_valley`.

    Returns
    -------
    ndarray, shape (...)
        For a point, 2.25 k^(7/6) sec^(11/6)(z) times the integral of Cn2(h) h^(5/6), z the zenith angle.

    Notes
    -----
    Andrews and Phillips (2005): weak fluctuations of a plane wave, averaged over an
    aperture with a soft edge. Weak means an index of a point well below 1, so elevations above some 20
    degrees.

    Examples
    --------
    >>> round(float(downlink_scintillation(90.0, 0.0, 850.0)), 3)
    0.127
    """
    wave_number = 2e9 * np.pi / np.asarray(wavelength_nm, float)
    secant = 1 / np.sin(np.radians(np.asarray(elevation_deg, float)))
    blur = wave_number * np.asarray(aperture_m, float) ** 2 / 16
    integral = np.zeros(())
    for height, step in zip(_HEIGHTS_M, _STEPS_M, strict=True):
        kernel = ((blur + 1j * height * secant) ** (5 / 6)).real - blur ** (5 / 6)
        integral = integral + step * hufnagel_valley(height, ground, wind_m_per_s) * kernel
    return np.asarray(8.70 * wave_number ** (7 / 6) * secant * integral)
