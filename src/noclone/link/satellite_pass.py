"""The downlink from a satellite during one pass over the station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import number
from noclone.link.atmosphere import air_mass, sky_photons_per_s
from noclone.link.beam import aperture_share, beam_radius_m
from noclone.link.device import Channel, Floats, Segments
from noclone.link.fading import along_first, exponential_nodes, log_normal, product
from noclone.link.orbit import at_time, half_pass_s
from noclone.link.segments import grid_rank
from noclone.link.turbulence import downlink_scintillation

_TIMES = 16
_POINTING_NODES = 5
_TWINKLING_NODES = 4


@dataclass(frozen=True, kw_only=True)
class SatellitePass(Channel):
    """Light from a satellite on a circular orbit, while it is higher than a smallest elevation.

    `segments` follows the pass in time, and at each time the fading by pointing jitter and turbulence
    (log-normal, Hufnagel-Valley profile); a rate is averaged over all of it. The pass is the same before and
    after its highest point, so that half of it stands for the whole. Refraction and the Earth's
    rotation are left out.

    Examples
    --------
    >>> way = SatellitePass(altitude_km=500, waist_m=0.1, aperture_m=1.0, divergence_urad=7)
    >>> round(way.duration_s())
    359
    >>> shares, transmittance = way.segments()
    >>> (10 * np.log10(transmittance[[0, -1]])).round(1).tolist()
    [-15.0, -26.6]
    """

    KIND: ClassVar[str] = "satellite-pass"

    altitude_km: float = number("height of the orbit above the ground", unit="km", low=100, high=50_000)
    waist_m: float = number(
        "1/e^2 radius of the beam where it leaves", unit="m", low=0, low_open=True, high=10
    )
    aperture_m: float = number(
        "diameter of the telescope on the ground", unit="m", low=0, low_open=True, high=50
    )
    max_elevation_deg: float = number(
        "elevation at the highest point of the pass", 90.0, unit="degrees", low=0, low_open=True, high=90
    )
    min_elevation_deg: float = number(
        "elevation at which the link begins and ends", 15.0, unit="degrees", low=0, high=90, high_open=True
    )
    wavelength_nm: float = number("wavelength", 850.0, unit="nm", low=200, high=2500)
    divergence_urad: float = number(
        "half angle of the beam at 1/e^2; diffraction decides where it is smaller",
        0.0,
        unit="urad",
        low=0,
        high=1e4,
    )
    pointing_jitter_urad: float = number(
        "standard deviation of the beam's direction in each of two axes", 0.0, unit="urad", low=0, high=1e4
    )
    zenith_loss_db: float = number(
        "loss in the atmosphere towards the zenith", 1.0, unit="dB", low=0, high=100
    )
    turbulence_cn2: float = number(
        "refractive-index structure parameter at the ground; 1.7e-14 for HV 5/7, 0 for a still atmosphere",
        0.0,
        unit="m^(-2/3)",
        low=0,
        high=1e-11,
    )
    wind_m_per_s: float = number("wind at 5 to 20 km, root mean square", 21.0, unit="m/s", low=0, high=100)
    optics_loss_db: float = number("loss of the optics at both ends", 0.0, unit="dB", low=0, high=100)
    sky_radiance: float = number("spectral radiance of the sky", 0.0, unit="W/(m^2 sr nm)", low=0, high=1e3)
    field_of_view_urad: float = number(
        "full angle of the receiver's field of view", 100.0, unit="urad", low=0, high=1e6
    )
    filter_nm: float = number("bandwidth of the receiver's filter", 1.0, unit="nm", low=0, high=1000)

    def check(self) -> None:
        """Refuse a pass that does not rise above the elevation at which the link begins."""
        if self.min_elevation_deg >= self.max_elevation_deg:
            raise InvalidInput(
                "min_elevation_deg",
                f"must be below max_elevation_deg, but is {self.min_elevation_deg:g} and not below "
                f"{self.max_elevation_deg:g}",
            )

    def duration_s(self) -> Any:
        """Return how long the satellite is above the smallest elevation."""
        return 2 * half_pass_s(self.altitude_km, self.max_elevation_deg, self.min_elevation_deg)

    def transmittance_at(self, range_km: Any, elevation_deg: Any, offset_m: Any = 0.0) -> Floats:
        """Return the transmittance at a distance and elevation, without turbulence.

        Parameters
        ----------
        range_km, elevation_deg : array_like, shape (...)
            Where the satellite is.
        offset_m : array_like, shape (...)
            Distance of the beam's axis from the telescope's centre.

        Examples
        --------
        >>> still = SatellitePass(altitude_km=500, waist_m=0.1, aperture_m=1.0, divergence_urad=7)
        >>> float((10 * np.log10(still.transmittance_at(1200.0, 20.0))).round(2))
        -24.42
        """
        distance = np.asarray(range_km, float) * 1e3
        radius = beam_radius_m(self.waist_m, distance, self.wavelength_nm, self.divergence_urad)
        loss_db = self.zenith_loss_db * air_mass(elevation_deg) + self.optics_loss_db
        return np.asarray(aperture_share(self.aperture_m, radius, offset_m) * 10 ** (-loss_db / 10))

    def segments(self) -> Segments:
        """Return shares of the time and transmittances, from the highest point to the end of the pass.

        16 times (Gauss-Legendre), each with up to 5 x 4 nodes of fading.
        """
        rank = grid_rank(self)
        nodes, weights = np.polynomial.legendre.leggauss(_TIMES)
        half = half_pass_s(self.altitude_km, self.max_elevation_deg, self.min_elevation_deg)
        times = half * along_first((1 + nodes) / 2, rank)
        distance, elevation = at_time(self.altitude_km, self.max_elevation_deg, times)
        parts = [self._pointing(distance, elevation, rank)]
        if np.any(self.turbulence_cn2):
            # Arrays here have the axis of times in front of the grid.
            index = downlink_scintillation(
                elevation, self.aperture_m, self.wavelength_nm, self.turbulence_cn2, self.wind_m_per_s
            )
            parts.append(log_normal(index, _TWINKLING_NODES, rank + 1))
        fading_shares, transmittance = product(*parts)
        shares = np.outer(weights / 2, fading_shares).ravel()
        by_time = np.swapaxes(transmittance, 0, 1)
        return shares, np.minimum(by_time.reshape(-1, *by_time.shape[2:]), 1.0)

    def _pointing(self, distance: Floats, elevation: Floats, rank: int) -> tuple[Floats, Floats]:
        if not np.any(self.pointing_jitter_urad):
            return np.ones(1), self.transmittance_at(distance, elevation)[None]
        shares, squared = exponential_nodes(_POINTING_NODES)
        jitter_m = distance * 1e3 * self.pointing_jitter_urad * 1e-6
        offset = jitter_m * np.sqrt(2 * along_first(squared, rank + 1))
        return shares, self.transmittance_at(distance, elevation, offset)

    def noise_photons_per_s(self) -> Any:
        """Return the photons of the sky behind the optics."""
        if not np.any(self.sky_radiance):
            return 0.0
        collected = sky_photons_per_s(
            self.sky_radiance, self.field_of_view_urad, self.aperture_m, self.filter_nm, self.wavelength_nm
        )
        return collected * 10 ** (-self.optics_loss_db / 10)
