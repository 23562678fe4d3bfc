"""Light of classical neighbours in the same fibre that ends up in the quantum channel's band.

Neighbours scatter on molecular vibrations into every band around theirs (Raman), scatter elastically
back (Rayleigh), and reach the receiver themselves; the last two are in band only where the receiver's
filter fails to suppress the neighbour's own wavelength.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import c, h
from scipy.special import exprel

Floats = NDArray[np.float64]

DB_PER_NEPER = 10 / np.log(10)


def forward_raman(
    power_mw: ArrayLike,
    length_km: ArrayLike,
    attenuation_db_per_km: ArrayLike,
    coefficient_per_km_nm: ArrayLike,
    filter_nm: ArrayLike,
) -> Floats:
    """Return the Raman light that leaves the fibre with the neighbour: P L exp(-alpha L) beta dlambda.

    Parameters
    ----------
    power_mw : array_like, shape (...)
        Power that the neighbour launches.
    length_km, attenuation_db_per_km : array_like, shape (...)
        Of the fibre, at both wavelengths.
    coefficient_per_km_nm : array_like, shape (...)
        beta, the share of the power scattered into a nanometre per kilometre.
    filter_nm : array_like, shape (...)
        Bandwidth of the receiver.

    Returns
    -------
    ndarray, shape (...)
        Power in mW at the fibre's far end.

    Notes
    -----
    Eraerds et al., New J. Phys. 12, 063027 (2010), for equal attenuation; Kumar, Qin and Alléaume, New J.
    Phys. 17, 043027 (2015).

    Examples
    --------
    >>> round(float(photons_per_s(forward_raman(1.0, 50, 0.2, 3e-9, 0.6), 1550)), -5)
    70200000.0
    """
    length, power = np.asarray(length_km, float), np.asarray(power_mw, float)
    scattered = power * coefficient_per_km_nm * np.asarray(filter_nm, float)
    return np.asarray(scattered * length * np.exp(-length * attenuation_db_per_km / DB_PER_NEPER))


def backward_raman(
    power_mw: ArrayLike,
    length_km: ArrayLike,
    attenuation_db_per_km: ArrayLike,
    coefficient_per_km_nm: ArrayLike,
    filter_nm: ArrayLike,
) -> Floats:
    """Return the Raman light that comes back to where a neighbour is launched.

    It is P beta dlambda (1 - exp(-2 alpha L)) / (2 alpha); parameters, source and result as in
    `forward_raman`, the power at the end at which the neighbour is launched.

    Examples
    --------
    >>> round(float(photons_per_s(backward_raman(1.0, 50, 0.2, 3e-9, 0.6), 1550)), -6)
    151000000.0
    """
    scattered = np.asarray(power_mw, float) * coefficient_per_km_nm * np.asarray(filter_nm, float)
    return np.asarray(scattered * _round_trip_km(length_km, attenuation_db_per_km))


def rayleigh_backscatter(
    power_mw: ArrayLike, length_km: ArrayLike, attenuation_db_per_km: ArrayLike, coefficient_per_km: ArrayLike
) -> Floats:
    """Return the light that comes back at its own wavelength: P B (1 - exp(-2 alpha L)) / (2 alpha).

    Parameters
    ----------
    power_mw, length_km, attenuation_db_per_km : array_like, shape (...)
        As in `forward_raman`.
    coefficient_per_km : array_like, shape (...)
        B, the share of the power scattered back into the fibre per kilometre; 6.2e-5 for standard fibre at
        1550 nm, whose pulses of 1 ns are specified to return -82 dB (Corning SMF-28 data sheet).

    Returns
    -------
    ndarray, shape (...)
        Power in mW at the end at which it is launched.

    Notes
    -----
    Hartog and Gold, J. Lightwave Technol. 2, 76 (1984), integrated over the fibre.

    Examples
    --------
    >>> round(float(10 * np.log10(rayleigh_backscatter(1.0, 100, 0.2, 6.2e-5))), 1)
    -31.7
    """
    power = np.asarray(power_mw, float) * coefficient_per_km
    return np.asarray(power * _round_trip_km(length_km, attenuation_db_per_km))


def photons_per_s(power_mw: ArrayLike, wavelength_nm: ArrayLike) -> Floats:
    """Return the photons per second of a power: P lambda / (h c).

    Examples
    --------
    >>> f"{float(photons_per_s(1.0, 1550)):.4g}"
    '7.803e+15'
    """
    return np.asarray(np.asarray(power_mw, float) * 1e-3 * np.asarray(wavelength_nm, float) * 1e-9 / (h * c))


def _round_trip_km(length_km: ArrayLike, attenuation_db_per_km: ArrayLike) -> Floats:
    """Return (1 - exp(-2 alpha L)) / (2 alpha), which is L without loss."""
    length = np.asarray(length_km, float)
    return np.asarray(length * exprel(-2 * length * attenuation_db_per_km / DB_PER_NEPER))
