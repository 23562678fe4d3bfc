"""A beam through sea water of one of Jerlov's types."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.fields import choice, number
from noclone.link.beam import aperture_share, beam_radius_m
from noclone.link.device import Channel, Floats, Segments

WATERS = ("I", "IA", "IB", "II", "III", "1C", "3C", "5C", "7C", "9C")
"""Jerlov's types of water, oceanic (Roman) and coastal (C), each from clear to turbid."""


@cache
def _table() -> dict[str, NDArray[np.float64]]:
    """Return wavelength, absorption and scattering of each water, shape (3, W)."""
    with files("noclone.link").joinpath("jerlov.csv").open() as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    columns = ("wavelength_nm", "absorption_per_m", "scattering_per_m")
    return {
        water: np.array([[float(row[name]) for row in rows if row["water"] == water] for name in columns])
        for water in WATERS
    }


def attenuation_per_m(water: str, wavelength_nm: ArrayLike) -> Floats:
    """Return the beam attenuation coefficient of a type of water, absorption and scattering together.

    Parameters
    ----------
    water : str
        One of `WATERS`.
    wavelength_nm : array_like, shape (...)
        400 to 600; between the table's steps of 25 nm it is interpolated.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Types IB to 5C as measured: Williamson and Hollins, Appl. Opt. 61, 9951 (2022). The others by inversion
    of Jerlov's diffuse attenuation: Solonenko and Mobley, Appl. Opt. 54, 5392 (2015), whose scattering
    differs from the measured one by up to a factor of 4.

    Examples
    --------
    >>> attenuation_per_m("I", [450, 500]).round(4).tolist()
    [0.0218, 0.0285]
    """
    wavelengths, absorption, scattering = _table()[water]
    return np.asarray(np.interp(np.asarray(wavelength_nm, float), wavelengths, absorption + scattering))


@dataclass(frozen=True, kw_only=True)
class Underwater(Channel):
    """A beam through water; scattered light counts as lost.

    A wide receiver also collects light that was scattered forward, so that the true loss in turbid water
    is smaller: the rate here is a lower bound.

    Examples
    --------
    >>> shares, transmittance = Underwater(length_m=100, water="I", wavelength_nm=500).segments()
    >>> float((10 * np.log10(transmittance[0])).round(2))
    -12.37
    """

    KIND: ClassVar[str] = "underwater"

    length_m: float = number("length", unit="m", low=0, high=10_000)
    water: str = choice("Jerlov's type of water", "I", WATERS)
    wavelength_nm: float = number("wavelength", 450.0, unit="nm", low=400, high=600)
    waist_m: float = number(
        "1/e^2 radius of the beam where it leaves", 0.005, unit="m", low=0, low_open=True, high=1
    )
    divergence_urad: float = number(
        "half angle of the beam at 1/e^2; diffraction decides where it is smaller",
        0.0,
        unit="urad",
        low=0,
        high=1e6,
    )
    aperture_m: float = number("diameter of the receiver", 0.05, unit="m", low=0, low_open=True, high=10)

    def segments(self) -> Segments:
        """Return the one share and its transmittance."""
        radius = beam_radius_m(self.waist_m, self.length_m, self.wavelength_nm, self.divergence_urad)
        survive = np.exp(-np.asarray(self.length_m) * attenuation_per_m(self.water, self.wavelength_nm))
        return np.ones(1), np.asarray(survive * aperture_share(self.aperture_m, radius))[None]
