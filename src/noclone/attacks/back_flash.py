"""Back-flash: an avalanche in Bob's detector sends out light that tells Eve which detector it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack
from noclone.sampling.pulses import PulseSettings, honest_patterns


@dataclass(frozen=True, kw_only=True)
class BackFlash(ChannelAttack):
    """Eve only listens: she catches photons that Bob's detectors emit when they click.

    A click's flash passes the receiver's optics backwards, leaves by the line with the polarisation of its
    detector, and is caught and identified with `flash_prob`. Two flashes of a double click tell nothing of
    the random bit that Bob then takes. Nothing that the parties see changes.

    Kurtsiefer et al., J. Mod. Opt. 48, 2039 (2001) found the flash. The default is of the order of what
    slowly gated detectors were reported to leak (Meda et al., Light Sci. Appl. 6, e16261, 2017), not one of
    their figures.

    Examples
    --------
    >>> BackFlash(flash_prob=0.01).flash_prob
    0.01
    """

    NAME: ClassVar[str] = "back-flash"
    DOES: ClassVar[str] = "catches the light that Bob's detectors emit when they click"
    RESENDS: ClassVar[str] = "nothing: Alice's pulses pass untouched"
    LEARNS: ClassVar[str] = "Bob's bit, for every click whose flash she catches"
    CHANGES: ClassVar[str] = "nothing"
    BREAKS: ClassVar[str] = "nothing about Bob's results leaves his station but what he announces"
    SOURCE: ClassVar[str] = "Kurtsiefer et al., J. Mod. Opt. 48, 2039 (2001)"

    flash_prob: float = number(
        "probability that a click's flash reaches Eve and tells her the detector", 0.05, low=0, high=1
    )

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the honest patterns, apart by the detector whose flash Eve caught."""
        honest = honest_patterns(model, settings)
        caught = [self.flash_prob * honest * np.eye(4)[1 + detector] for detector in (0, 1)]
        return [honest - caught[0] - caught[1], *caught]
