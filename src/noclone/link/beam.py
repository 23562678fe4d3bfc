"""A Gaussian beam from a telescope to an aperture: its width there and the share that enters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chndtr

Floats = NDArray[np.float64]


def beam_radius_m(
    waist_m: ArrayLike, distance_m: ArrayLike, wavelength_nm: ArrayLike, divergence_urad: ArrayLike = 0.0
) -> Floats:
    """Return the radius at which the intensity has fallen to 1/e^2: sqrt(w0^2 + (theta L)^2).

    Parameters
    ----------
    waist_m : array_like, shape (...)
        w0, the radius where the beam leaves.
    distance_m, wavelength_nm : array_like, shape (...)
        L and the wavelength.
    divergence_urad : array_like, shape (...)
        Half angle theta at which the intensity has fallen to 1/e^2; no beam spreads less than diffraction
        demands, lambda / (pi w0), which is taken where this is smaller.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Saleh and Teich, Fundamentals of Photonics, ch. 3.

    Examples
    --------
    >>> round(float(beam_radius_m(0.02, 1000.0, 850.0)), 5)
    0.02415
    """
    waist = np.asarray(waist_m, float)
    diffraction = np.asarray(wavelength_nm, float) * 1e-9 / (np.pi * waist)
    angle = np.maximum(np.asarray(divergence_urad, float) * 1e-6, diffraction)
    return np.asarray(np.hypot(waist, angle * np.asarray(distance_m, float)))


def aperture_share(aperture_m: ArrayLike, radius_m: ArrayLike, offset_m: ArrayLike = 0.0) -> Floats:
    """Return the share of a Gaussian beam that enters a round aperture beside its axis.

    Parameters
    ----------
    aperture_m : array_like, shape (...)
        Diameter D of the aperture.
    radius_m : array_like, shape (...)
        1/e^2 radius w of the beam.
    offset_m : array_like, shape (...)
        Distance r between the centres.

    Returns
    -------
    ndarray, shape (...)
        1 - exp(-D^2 / (2 w^2)) for r = 0.

    Notes
    -----
    Exact: a photon's squared distance from the aperture's centre is, in units of w^2/4, a noncentral
    chi-square variable of two degrees of freedom and noncentrality 4 r^2 / w^2.

    Examples
    --------
    >>> aperture_share(1.0, [0.5, 10.0]).round(6).tolist()
    [0.864665, 0.004988]
    """
    radius = np.asarray(radius_m, float)
    inside, away = np.asarray(aperture_m, float) / radius, 2 * np.asarray(offset_m, float) / radius
    return np.asarray(chndtr(inside**2, 2.0, away**2))


def mean_aperture_share(aperture_m: ArrayLike, radius_m: ArrayLike, jitter_m: ArrayLike) -> Floats:
    """Return the share that enters a round aperture on average while the beam's axis jitters.

    Parameters
    ----------
    aperture_m, radius_m : array_like, shape (...)
        As in `aperture_share`.
    jitter_m : array_like, shape (...)
        Standard deviation of the axis in each of two directions, Gaussian.

    Returns
    -------
    ndarray, shape (...)
        1 - exp(-D^2 / (2 (w^2 + 4 sigma^2))); for a small aperture the factor beta / (beta + 1) with
        beta = w^2 / (4 sigma^2) of the share without jitter (Toyoshima et al., J. Opt. Soc. Am. A 19,
        567, 2002).

    Examples
    --------
    >>> round(float(mean_aperture_share(1.0, 10.0, 5.0)), 6)
    0.002497
    """
    spread = np.asarray(radius_m, float) ** 2 + 4 * np.asarray(jitter_m, float) ** 2
    return np.asarray(-np.expm1(-(np.asarray(aperture_m, float) ** 2) / (2 * spread)))
