"""Polarisation: an oscillator in a turned polarisation lowers the shot noise where nobody measures it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

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
class Polarisation(SymbolAttack):
    """Eve turns the oscillator's polarisation, so that less of it reaches the homodyne detector.

    Bob compensates polarisation by what he measures of a few pulses; those she leaves alone (`fraction` is
    the share of the others). Of the rest, cos^2 of the angle interferes. The power in front of the
    polarising beam splitter stays what it was. As with the oscillator's intensity, a calibrated shot noise
    hides the noise of an entangling cloner.

    Examples
    --------
    >>> attacked = Polarisation(angle_deg=60).attacked(SymbolModel())
    >>> round(float(attacked.shot_noise_v2), 12), attacked.oscillator_photons
    (0.1, 10000000.0)
    """

    NAME: ClassVar[str] = "polarisation"
    DOES: ClassVar[str] = (
        "turns the polarisation of oscillator pulses that Bob does not check, and clones the signal"
    )
    RESENDS: ClassVar[str] = "the turned oscillator, and the signal with noise that a calibrated N0 hides"
    LEARNS: ClassVar[str] = "the Holevo information of the noise that she really adds"
    CHANGES: ClassVar[str] = "the real-time shot noise falls, while the oscillator's power stays"
    BREAKS: ClassVar[str] = "the shot noise is what it was when calibrated"
    SOURCE: ClassVar[str] = (
        "Zhao et al., arXiv:1803.10496 (2018); that the hidden noise is a cloner's is ours"
    )

    angle_deg: float = number("by which the polarisation is turned", 15.0, unit="degrees", low=0, high=89)

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with less of the oscillator in the right polarisation."""
        check_travelling_oscillator(model, self.NAME)
        kept = np.cos(np.deg2rad(self.angle_deg)) ** 2
        return replace(
            model,
            shot_noise_v2=model.shot_noise_v2 * kept,
            excess_noise_snu=model.excess_noise_snu + hidden_noise_snu(model, kept, self.NAME),
        )

    def information(self, model: SymbolModel) -> Floats:
        """Return her Holevo information, all of the channel's noise being hers."""
        return cloner_information(self.attacked(model))
