"""Local-oscillator intensity: a weaker oscillator hides the noise of an entangling cloner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from noclone.core.fields import number
from noclone.protocols.symbol_attack import (
    Floats,
    SymbolAttack,
    check_travelling_oscillator,
    cloner_information,
    hidden_noise_snu,
)
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class LocalOscillatorIntensity(SymbolAttack):
    """Eve attenuates the local oscillator to the share k, and adds noise that the old shot noise hides.

    All of the reading but the electronic noise shrinks by k. Parties who take the shot noise N0 as
    calibrated overlook (1 - k) N0, so that she may add the excess noise (1 - k) / (k eta T) by an entangling
    cloner: they find xi unchanged and the transmittance k T.

    Examples
    --------
    >>> attacked = LocalOscillatorIntensity().attacked(SymbolModel())
    >>> round(float(attacked.excess_noise_snu), 4), round(attacked.shot_noise_v2, 4)
    (0.4492, 0.38)
    """

    NAME: ClassVar[str] = "local-oscillator-intensity"
    DOES: ClassVar[str] = "attenuates the local oscillator, and clones the signal with entangled pairs"
    RESENDS: ClassVar[str] = "the weaker oscillator, and the signal with noise that a calibrated N0 hides"
    LEARNS: ClassVar[str] = "the Holevo information of the noise that she really adds"
    CHANGES: ClassVar[str] = "oscillator power and real-time shot noise fall to k; a little of the variance"
    BREAKS: ClassVar[str] = "the shot noise is what it was when calibrated"
    SOURCE: ClassVar[str] = (
        "Ma et al., PRA 88, 022339 (2013); parameters of Mao et al., New J. Phys. 22, 083073 (2020)"
    )

    kept: float = number("share k of the oscillator's power that passes", 0.95, low=0, high=1, low_open=True)

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with a weaker oscillator and the noise that it hides."""
        check_travelling_oscillator(model, self.NAME)
        return replace(
            model,
            oscillator_photons=model.oscillator_photons * self.kept,
            shot_noise_v2=model.shot_noise_v2 * self.kept,
            excess_noise_snu=model.excess_noise_snu + hidden_noise_snu(model, self.kept, self.NAME),
        )

    def information(self, model: SymbolModel) -> Floats:
        """Return her Holevo information, all of the channel's noise being hers."""
        return cloner_information(self.attacked(model))
