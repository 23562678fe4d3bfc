"""Dead-time attack: Eve leaves Bob one detector that can click, and knows which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack
from noclone.sampling.patterns import with_dead
from noclone.sampling.pulses import PulseSettings, honest_patterns


@dataclass(frozen=True, kw_only=True)
class DeadTime(ChannelAttack):
    """Eve sends a weak pulse of her own just before each of Alice's, which she leaves alone.

    Her pulse has one of the four states at random and arrives in the same setting of Bob's basis, too early
    to be counted. In that basis all its photons fall on one detector, elsewhere half on each; who detects one
    is dead for Alice's pulse. With m photons of hers that would be detected, and y = exp(-m / 2), a sifted
    bit is the opposite of her pulse's with probability 1 / (1 + y), and clicks fall to (1 + y)^2 / 4.

    Weier et al., New J. Phys. 13, 073024 (2011) inferred 98.8 % of a key in this way, in a receiver with
    passive basis choice, without touching Alice's photons. The default brightness is ours.

    Examples
    --------
    >>> DeadTime(blinding_photons=50).blinding_photons
    50.0
    """

    NAME: ClassVar[str] = "dead-time"
    DOES: ClassVar[str] = "sends a pulse in a random state before each pulse, so that detectors are dead"
    RESENDS: ClassVar[str] = "nothing: Alice's pulses pass untouched"
    LEARNS: ClassVar[str] = "which detector was alive, hence the bit"
    CHANGES: ClassVar[str] = "clicks fall to little more than a quarter; double clicks and errors fall too"
    BREAKS: ClassVar[str] = "both detectors are ready whenever a pulse is counted"
    SOURCE: ClassVar[str] = "Weier et al., New J. Phys. 13, 073024 (2011)"

    blinding_photons: float = number(
        "mean photons of Eve's pulse that reach Bob's receiver", 30.0, low=0, high=1e9
    )

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of the pulse that she sends ahead."""
        return {"bob": self.blinding_photons}

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the patterns after each of the four states of Eve's pulse."""
        honest = honest_patterns(model, settings)
        detected = np.asarray(self.blinding_photons * np.asarray(model.efficiency, float))
        found = []
        for basis, bit in np.ndindex(2, 2):
            in_basis = (settings.measured_basis == basis)[:, None]
            shares = (np.where(in_basis, bit == detector, 0.5) for detector in (0, 1))
            light = (detected, detected * model.efficiency_mismatch)
            dead = (-np.expm1(-mean * share) for mean, share in zip(light, shares, strict=True))
            found.append(with_dead(honest, *dead) / 4)
        return found
