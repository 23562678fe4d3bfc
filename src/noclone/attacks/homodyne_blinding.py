"""Homodyne blinding: bright incoherent light at the signal input saturates Bob's detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.protocols.symbol_attack import Floats, SymbolAttack, resent_information
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class HomodyneBlinding(SymbolAttack):
    """Eve measures and resends every symbol, and shines a laser of her own into the signal input.

    A beam splitter of transmittance t that is not quite balanced turns n photons of light that does not
    interfere with the oscillator into the mean difference eta (1 - 2 t) n of photoelectrons, which brings
    the readings to the detector's limit without a phase lock. The light's shot noise of eta n photoelectrons
    and its fluctuation from pulse to pulse add noise; all three shrink with Bob's attenuator.

    Examples
    --------
    >>> law = HomodyneBlinding().attacked(SymbolModel()).reading(1.0)
    >>> round(float(law.offset_v) / 0.4**0.5, 2)
    -19.6
    """

    NAME: ClassVar[str] = "homodyne-blinding"
    DOES: ClassVar[str] = "measures both quadratures of every symbol"
    RESENDS: ClassVar[str] = "coherent states as measured, and bright light that saturates Bob's detector"
    LEARNS: ClassVar[str] = "Bob's readings, up to the noise of his detector and of her light"
    CHANGES: ClassVar[str] = "the mean is far from zero, and the variance falls"
    BREAKS: ClassVar[str] = "readings are linear in the quadrature"
    SOURCE: ClassVar[str] = (
        "Qin, Kumar, Makarov, Alleaume, PRA 98, 012312 (2018); its noise is derived here from photon counting"
    )

    photons: float = number("of her light, at Bob's signal input", 4e6, unit="per symbol", low=0, high=1e12)
    transmittance: float = number("t of Bob's beam splitter for her light", 0.51, low=0, high=1)
    fluctuation: float = number("relative standard deviation of her light", 0.01, low=0, high=1)

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of the laser that blinds."""
        return {"bob": self.photons}

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with resent symbols and foreign light."""
        return replace(
            model,
            resent=np.ones_like(np.asarray(model.resent, float))[()],
            foreign_signal_photons=self.photons,
            foreign_oscillator_photons=0.0,
            foreign_imbalance=1 - 2 * self.transmittance,
            foreign_fluctuation=self.fluctuation,
            foreign_alternates=0.0,
        )

    def information(self, model: SymbolModel) -> Floats:
        """Return what her outcomes tell of the cut readings."""
        return resent_information(self.attacked(model))
