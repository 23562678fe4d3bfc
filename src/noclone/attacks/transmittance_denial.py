"""Transmittance denial: periodic loss that lowers the key of a link at little power."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.protocols.symbol_attack import Floats, SymbolAttack, cloner_information
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class TransmittanceDenial(SymbolAttack):
    """Eve attenuates the channel in short, regular bursts.

    In every period of `period_blocks` blocks the first `burst_share` of them pass with the share `kept` of
    their light. She learns nothing that the channel's loss and noise would not tell her anyway. A single
    burst looks like weather; its period is a line in the power spectrum of the transmittance (Bartlett's
    estimate).

    Examples
    --------
    >>> through = TransmittanceDenial(period_blocks=4, burst_share=0.25, kept=0.5).attacked(
    ...     SymbolModel(transmittance=np.full(6, 0.2))
    ... )
    >>> through.transmittance.tolist()
    [0.1, 0.2, 0.2, 0.2, 0.1, 0.2]
    """

    NAME: ClassVar[str] = "transmittance-denial"
    DOES: ClassVar[str] = "attenuates the channel in regular bursts of blocks"
    RESENDS: ClassVar[str] = "the signal, attenuated in bursts"
    LEARNS: ClassVar[str] = "nothing beyond what the channel's loss and noise tell her anyway"
    CHANGES: ClassVar[str] = "transmittance and variance, periodically"
    SOURCE: ClassVar[str] = "Dai, Huang, Zhang, Photonics 9, 365 (2022), on low-rate denial of service"

    period_blocks: int = number("from burst to burst", 8, unit="blocks", low=2, high=1e6, whole=True)
    burst_share: float = number("share of a period's blocks that are attenuated", 0.25, low=0, high=1)
    kept: float = number("share of the light that passes in a burst", 0.8, low=0, high=1)

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with bursts, block by block; a model without blocks is the first block."""
        transmittance = np.asarray(model.transmittance, float)
        block = np.arange(transmittance.size).reshape(transmittance.shape)
        burst = block % self.period_blocks < self.burst_share * self.period_blocks
        return replace(model, transmittance=np.where(burst, self.kept, 1.0) * transmittance)

    def information(self, model: SymbolModel) -> Floats:
        """Return the Holevo information of the channel as she leaves it."""
        return cloner_information(self.attacked(model))
