"""A horizontal path through the atmosphere, from telescope to telescope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from noclone.core.fields import choice, number
from noclone.link.atmosphere import haze_db_per_km, sky_photons_per_s
from noclone.link.beam import aperture_share, beam_radius_m
from noclone.link.device import Channel, Floats, Segments
from noclone.link.fading import along_first, exponential_nodes, gamma, log_normal, product
from noclone.link.segments import grid_rank
from noclone.link.turbulence import log_variances, rytov_variance, turbulent_radius_m

_POINTING_NODES = 6
_LOG_NORMAL_NODES = 8
_GAMMA_NODES = 6  # of each of the two factors


@dataclass(frozen=True, kw_only=True)
class FreeSpace(Channel):
    """A beam through even turbulence and haze, of which a telescope collects what hits its aperture.

    The transmittance fluctuates: pointing jitter moves the beam across the aperture, turbulence makes the
    collected power twinkle. `segments` holds both as nodes of a quadrature, so that a rate is averaged over
    fading, never taken at the mean. Fading is slow against the clock and independent of what is sent.

    The turbulence also spreads the beam (`turbulent_radius_m`), but neither depolarises nor delays.

    Examples
    --------
    >>> way = FreeSpace(length_km=10, waist_m=0.05, aperture_m=0.2, pointing_jitter_urad=5)
    >>> shares, transmittance = way.segments()
    >>> len(shares), round(float(shares @ transmittance), 4)
    (6, 0.2765)
    """

    KIND: ClassVar[str] = "free-space"

    length_km: float = number("length", unit="km", low=0, low_open=True, high=1000)
    waist_m: float = number(
        "1/e^2 radius of the beam where it leaves", unit="m", low=0, low_open=True, high=10
    )
    aperture_m: float = number("diameter of the receiving telescope", unit="m", low=0, low_open=True, high=50)
    wavelength_nm: float = number("wavelength", 850.0, unit="nm", low=200, high=2500)
    divergence_urad: float = number(
        "half angle of the beam at 1/e^2; diffraction decides where it is smaller",
        0.0,
        unit="urad",
        low=0,
        high=1e5,
    )
    pointing_jitter_urad: float = number(
        "standard deviation of the beam's direction in each of two axes", 0.0, unit="urad", low=0, high=1e4
    )
    visibility_km: float = number(
        "meteorological visibility, which decides the loss in haze", 23.0, unit="km", low=0.01, high=1e6
    )
    turbulence_cn2: float = number(
        "refractive-index structure parameter; 1e-17 weak, 1e-13 strong",
        0.0,
        unit="m^(-2/3)",
        low=0,
        high=1e-11,
    )
    fading: str = choice(
        "distribution of the twinkling; log-normal holds in weak turbulence only",
        "gamma-gamma",
        ("gamma-gamma", "log-normal"),
    )
    optics_loss_db: float = number("loss of the receiver's optics", 0.0, unit="dB", low=0, high=100)
    sky_radiance: float = number(
        "spectral radiance behind the transmitter", 0.0, unit="W/(m^2 sr nm)", low=0, high=1e3
    )
    field_of_view_urad: float = number(
        "full angle of the receiver's field of view", 100.0, unit="urad", low=0, high=1e6
    )
    filter_nm: float = number("bandwidth of the receiver's filter", 1.0, unit="nm", low=0, high=1000)

    def segments(self) -> Segments:
        """Return shares of the time and transmittances over the distribution of fading.

        Up to 6 x 36 nodes; one where neither pointing nor turbulence is at work. Where twinkling would
        carry more light to the aperture than there is, all of it arrives.
        """
        rank = grid_rank(self)
        distance = np.asarray(self.length_km) * 1e3
        rytov = rytov_variance(self.turbulence_cn2, distance, self.wavelength_nm)
        radius = beam_radius_m(self.waist_m, distance, self.wavelength_nm, self.divergence_urad)
        radius = turbulent_radius_m(radius, rytov, distance, self.wavelength_nm)
        parts = [self._pointing(radius, distance, rank)]
        if np.any(rytov):
            parts += self._twinkling(rytov, distance, rank)
        shares, fading = product(*parts)
        haze_db = self.length_km * haze_db_per_km(self.visibility_km, self.wavelength_nm)
        return shares, np.minimum(fading * 10 ** (-(haze_db + self.optics_loss_db) / 10), 1.0)

    def _pointing(self, radius: Floats, distance: Floats, rank: int) -> tuple[Floats, Floats]:
        jitter = distance * self.pointing_jitter_urad * 1e-6
        if not np.any(jitter):
            return np.ones(1), aperture_share(self.aperture_m, radius)[None]
        shares, squared = exponential_nodes(_POINTING_NODES)
        offset = jitter * np.sqrt(2 * along_first(squared, rank))
        return shares, aperture_share(self.aperture_m, radius, offset)

    def _twinkling(self, rytov: Floats, distance: Floats, rank: int) -> list[tuple[Floats, Floats]]:
        large, small = log_variances(rytov, self.aperture_m, distance, self.wavelength_nm)
        if self.fading == "log-normal":
            return [log_normal(np.expm1(large + small), _LOG_NORMAL_NODES, rank)]
        return [gamma(large, _GAMMA_NODES, rank), gamma(small, _GAMMA_NODES, rank)]

    def noise_photons_per_s(self) -> Any:
        """Return the photons of the sky behind the receiver's optics."""
        if not np.any(self.sky_radiance):
            return 0.0
        collected = sky_photons_per_s(
            self.sky_radiance, self.field_of_view_urad, self.aperture_m, self.filter_nm, self.wavelength_nm
        )
        return collected * 10 ** (-self.optics_loss_db / 10)
