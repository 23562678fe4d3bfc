"""Saturation: displaced states push Bob's detector to its limit, where noise is cut off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.protocols.symbol_attack import Floats, SymbolAttack, resent_information
from noclone.sampling.symbols import SymbolModel


@dataclass(frozen=True, kw_only=True)
class Saturation(SymbolAttack):
    """Eve measures and resends every symbol, displaced so that Bob's detector saturates.

    Readings beyond the detector's limit are read as the limit, which lowers their variance and the excess
    noise that the parties find. Behind Bob's attenuator the displacement shrinks with the root of its ratio,
    so that the real-time shot noise stays.

    Examples
    --------
    >>> law = Saturation().attacked(SymbolModel()).reading(1.0).moments()
    >>> round(float(law.mean), 2), round(float(law.variance), 3)
    (12.05, 0.528)
    """

    NAME: ClassVar[str] = "saturation"
    DOES: ClassVar[str] = "measures both quadratures of every symbol"
    RESENDS: ClassVar[str] = "coherent states as measured, displaced to the limit of Bob's detector"
    LEARNS: ClassVar[str] = "Bob's readings, up to the noise of his detector"
    CHANGES: ClassVar[str] = "the mean is far from zero, and the variance falls"
    BREAKS: ClassVar[str] = "readings are linear in the quadrature"
    SOURCE: ClassVar[str] = (
        "Qin et al., PRA 94, 012325 (2016); parameters of Mao et al., New J. Phys. 22, 083073 (2020)"
    )

    displacement: float = number(
        "of Bob's readings", 19.5, unit="standard deviations of shot noise", low=0, high=1e4
    )

    def attacked(self, model: SymbolModel) -> SymbolModel:
        """Return the link with resent, displaced symbols."""
        displacement_v = self.displacement * np.sqrt(model.shot_noise_v2)
        return replace(
            model,
            resent=np.ones_like(np.asarray(model.resent, float))[()],
            displacement_v=model.displacement_v + displacement_v,
        )

    def information(self, model: SymbolModel) -> Floats:
        """Return what her outcomes tell of the cut readings."""
        return resent_information(self.attacked(model))
