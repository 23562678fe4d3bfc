"""Local-oscillator calibration: a reshaped oscillator lowers the shot noise at unchanged power."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.protocols.symbol_attack import (
    Floats,
    SymbolAttack,
    check_travelling_oscillator,
    resent_information,
)
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class LocalOscillatorCalibration(SymbolAttack):
    """Eve resends a share of the symbols, and delays Bob's trigger by the shape of the oscillator's pulses.

    Resending the share mu brings the excess noise to epsilon = xi + 2 mu. Triggered late, the detector reads
    less of every pulse: she chooses the shot noise N0' = N0 / (1 + eta T epsilon), for which parties who
    infer N0 from the oscillator's power find no excess noise at all.

    Examples
    --------
    >>> attacked = LocalOscillatorCalibration().attacked(SymbolModel())
    >>> round(float(attacked.shot_noise_v2), 4)
    0.3038
    """

    NAME: ClassVar[str] = "local-oscillator-calibration"
    DOES: ClassVar[str] = "measures both quadratures of some symbols, and reshapes the oscillator's pulses"
    RESENDS: ClassVar[str] = "coherent states as measured, and an oscillator of the same power"
    LEARNS: ClassVar[str] = "Bob's reading of resent symbols, up to the noise of his detector"
    CHANGES: ClassVar[str] = "variance and real-time shot noise fall at unchanged oscillator power"
    BREAKS: ClassVar[str] = "the shot noise follows from the oscillator's power"
    SOURCE: ClassVar[str] = (
        "Jouguet, Kunz-Jacques, Diamanti, PRA 87, 062313 (2013); "
        "parameters of Mao et al., New J. Phys. 22, 083073 (2020)"
    )

    resent: float = number("share mu of the symbols that she measures and resends", 1.0, low=0, high=1)

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with resent symbols and the shot noise that hides them."""
        check_travelling_oscillator(model, self.NAME)
        resent = replace(model, resent=np.maximum(model.resent, self.resent))
        hidden = 1 + resent.gain * resent.noise_at_input_snu
        return replace(resent, shot_noise_v2=model.shot_noise_v2 / hidden)

    def information(self, model: SymbolModel) -> Floats:
        """Return what her outcomes tell of the readings; symbols that she lets pass count as untold."""
        return resent_information(self.attacked(model))
