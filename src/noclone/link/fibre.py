"""An optical fibre: loss, dispersion, and the light of classical neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.link.device import Channel, Floats, Segments
from noclone.link.scattering import backward_raman, forward_raman, photons_per_s, rayleigh_backscatter
from noclone.link.segments import steady


@dataclass(frozen=True, kw_only=True)
class Fibre(Channel):
    """An optical fibre with exponential loss.

    Classical channels may share the fibre: `forward_power_mw` is launched in all together with the
    quantum light, `backward_power_mw` at the receiver's end. Their Raman light enters the receiver's filter,
    and so does their own wavelength, by Rayleigh scattering or directly, as far as `filter_isolation_db`
    lets it pass. Neighbours are taken to lose as much as the quantum light.

    Chromatic dispersion spreads light of a finite linewidth in time (`pulse_spread_s`).

    Examples
    --------
    >>> _, transmittance = Fibre(length_km=50).segments()
    >>> round(float(transmittance[0]), 6)
    0.1
    >>> f"{float(Fibre(length_km=50, forward_power_mw=1).noise_photons_per_s()):.3g}"
    '7.02e+07'
    """

    KIND: ClassVar[str] = "fibre"

    length_km: float = number("length", unit="km", low=0, high=20_000)
    attenuation_db_per_km: float = number("attenuation", 0.2, unit="dB/km", low=0, high=100)
    insertion_loss_db: float = number("fixed loss of components", 0.0, unit="dB", low=0, high=200)
    connectors: int = number("connectors on the way", 0, low=0, high=10_000, whole=True)
    connector_loss_db: float = number("loss of each connector", 0.25, unit="dB", low=0, high=10)
    splices: int = number("splices on the way", 0, low=0, high=10_000, whole=True)
    splice_loss_db: float = number("loss of each splice", 0.02, unit="dB", low=0, high=10)
    dispersion_ps_per_nm_km: float = number(
        "chromatic dispersion; 17 for standard fibre at 1550 nm",
        0.0,
        unit="ps/(nm km)",
        low=-300,
        high=300,
    )
    linewidth_nm: float = number(
        "spectral width of the quantum light, full width at half maximum", 0.0, unit="nm", low=0, high=1000
    )
    forward_power_mw: float = number(
        "classical power launched along with the quantum light", 0.0, unit="mW", low=0, high=1e4
    )
    backward_power_mw: float = number(
        "classical power launched at the receiver's end", 0.0, unit="mW", low=0, high=1e4
    )
    raman_per_km_nm: float = number(
        "share of classical power that Raman scattering brings into each nanometre; the default is the worst "
        "of the C band",
        3e-9,
        unit="1/(km nm)",
        low=0,
        high=1e-6,
    )
    rayleigh_per_km: float = number(
        "share of classical power scattered back at its own wavelength", 6.2e-5, unit="1/km", low=0, high=0.01
    )
    filter_nm: float = number("bandwidth of the receiver's filter", 0.6, unit="nm", low=0, high=1000)
    filter_isolation_db: float = number(
        "suppression of the neighbours' own wavelengths by the filter", 200.0, unit="dB", low=0, high=200
    )
    wavelength_nm: float = number("wavelength of the quantum light", 1550.0, unit="nm", low=200, high=2500)

    def segments(self) -> Segments:
        """Return the one share and its transmittance."""
        return steady(
            self.length_km * self.attenuation_db_per_km
            + self.insertion_loss_db
            + self.connectors * self.connector_loss_db
            + self.splices * self.splice_loss_db
        )

    def pulse_spread_s(self) -> Any:
        """Return by how much dispersion lengthens a pulse, full width at half maximum: |D| L dlambda.

        It adds in squares to the other spreads of Gaussian shape (Agrawal, Fiber-Optic Communication
        Systems, ch. 2, for a source much broader than its modulation).

        Examples
        --------
        >>> float(Fibre(length_km=100, dispersion_ps_per_nm_km=17, linewidth_nm=0.1).pulse_spread_s())
        1.7e-10
        """
        return np.abs(self.dispersion_ps_per_nm_km) * self.length_km * self.linewidth_nm * 1e-12

    def noise_photons_per_s(self) -> Floats | float:
        """Return the neighbours' photons in the quantum band at the fibre's end."""
        if not np.any(self.forward_power_mw) and not np.any(self.backward_power_mw):
            return 0.0
        way = (self.length_km, self.attenuation_db_per_km)
        raman = (*way, self.raman_per_km_nm, self.filter_nm)
        forward, backward = self.forward_power_mw, self.backward_power_mw
        scattered = forward_raman(forward, *raman) + backward_raman(backward, *raman)
        arriving = forward * 10 ** (-self.length_km * self.attenuation_db_per_km / 10)
        returning = rayleigh_backscatter(backward, *way, self.rayleigh_per_km)
        leaked = (arriving + returning) * 10 ** (-self.filter_isolation_db / 10)
        return photons_per_s(scattered + leaked, self.wavelength_nm)
