"""Reference pulse: brighter reference pulses lower the phase noise that the parties trust."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import number
from noclone.protocols.symbol_attack import Floats, SymbolAttack, cloner_information
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class ReferencePulse(SymbolAttack):
    """Eve brings brighter reference pulses to Bob, and adds as much noise as his phase estimate then lacks.

    Where the oscillator is Bob's own, he takes its phase from reference pulses, to a variance that their
    photons at his receiver decide. Parties who trust this phase noise subtract what it was when calibrated.
    Eve carries the reference pulses through a channel with less loss, as far as the honest one has any: at a
    transmittance T they get brighter by 1/T at most. The readings' slope and noise stay as they were.

    Examples
    --------
    >>> model = SymbolModel(reference_photons=500.0)
    >>> attacked = ReferencePulse().attacked(model)
    >>> round(float(attacked.excess_noise_snu), 3)
    0.105
    """

    NAME: ClassVar[str] = "reference-pulse"
    DOES: ClassVar[str] = "carries the reference pulses through a better channel, and clones the signal"
    RESENDS: ClassVar[str] = "brighter reference pulses, and the signal with as much noise as they save"
    LEARNS: ClassVar[str] = "the Holevo information of the noise that she really adds"
    CHANGES: ClassVar[str] = "the power of the reference pulses, and nothing else"
    BREAKS: ClassVar[str] = "the phase noise is what it was when calibrated"
    SOURCE: ClassVar[str] = (
        "Ren, Kumar, Wonfor et al., J. Opt. Soc. Am. B 36, B7 (2019); noise matched here in closed form"
    )

    gain: float = number(
        "factor on the photons of the reference pulses at Bob, up to 1/T", 2.0, low=1, high=1e4
    )

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with brighter reference pulses and more noise, the same to Bob in sum.

        Raises
        ------
        InvalidInput
            If the link has no reference pulses.
        """
        if np.any(np.asarray(model.reference_photons) <= 0):
            raise InvalidInput(f"attack {self.NAME}", "needs a link with reference pulses")
        lost = np.maximum(model.transmittance, 1 / self.gain)
        brighter = replace(model, reference_photons=model.reference_photons / lost)
        # The slope sqrt(T) exp(-V / 2) and the power T (V_A + xi) stay while the phase variance V falls.
        factor = np.exp(model.phase_variance - brighter.phase_variance)
        total = model.modulation_snu + model.excess_noise_snu
        return replace(
            brighter,
            transmittance=model.transmittance / factor,
            excess_noise_snu=total * factor - model.modulation_snu,
        )

    def information(self, model: SymbolModel) -> Floats:
        """Return her Holevo information, all of the channel's noise being hers."""
        return cloner_information(self.attacked(model))
