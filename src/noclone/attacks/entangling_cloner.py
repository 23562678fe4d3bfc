"""Entangling cloner: the collective Gaussian attack that security proofs charge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.protocols.symbol_attack import Floats, SymbolAttack, cloner_information
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class EntanglingCloner(SymbolAttack):
    """Eve replaces the channel by a beam splitter and lets half of an entangled pair in at its other input.

    The beam splitter has the channel's transmittance T. Her half of variance W adds (1 - T)(W - 1) / T of
    excess noise at the channel's input; W - 1 = T xi / (1 - T) makes the noise of the channel besides what
    she adds. She stores what leaves and measures it when all is announced.

    Examples
    --------
    >>> round(float(EntanglingCloner(excess_noise_snu=0.05).attacked(SymbolModel()).excess_noise_snu), 12)
    0.15
    """

    NAME: ClassVar[str] = "entangling-cloner"
    DOES: ClassVar[str] = "replaces the channel by a beam splitter that half of an entangled pair enters too"
    RESENDS: ClassVar[str] = "the mixture of the signal and her half, through a lossless channel"
    LEARNS: ClassVar[str] = "the Holevo information that asymptotic key rates charge, and no more"
    CHANGES: ClassVar[str] = "the excess noise, and with it the variance"
    SOURCE: ClassVar[str] = (
        "Grosshans, Cerf, Wenger, Tualle-Brouri, Grangier, Quantum Inf. Comput. 3, 535 (2003)"
    )

    excess_noise_snu: float = number(
        "noise that she adds to the channel's, at its input", 0.05, unit="shot-noise units", low=0, high=100
    )

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with her noise added to the channel's."""
        return replace(model, excess_noise_snu=np.asarray(model.excess_noise_snu) + self.excess_noise_snu)

    def information(self, model: SymbolModel) -> Floats:
        """Return her Holevo information, all of the channel's noise being hers."""
        return cloner_information(self.attacked(model))
