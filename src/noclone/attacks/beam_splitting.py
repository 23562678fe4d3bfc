"""Beam splitting: Eve taps the light that the channel would have lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack, photon_numbers
from noclone.sampling.pulses import PulseSettings, honest_patterns


@dataclass(frozen=True, kw_only=True)
class BeamSplitting(ChannelAttack):
    """Eve replaces the channel by a lossless one behind a beam splitter of the same transmittance.

    She stores what the splitter reflects and, once the bases are announced, knows the bit of every pulse of
    which she holds a photon. Nothing changes for Bob. Of a coherent state of mean photon number mu she
    knows the share 1 - exp(-mu (1 - t)) of the sifted bits, t being the channel's transmittance.

    Examples
    --------
    >>> BeamSplitting(fraction=0.3)
    BeamSplitting(fraction=0.3)
    """

    NAME: ClassVar[str] = "beam-splitting"
    DOES: ClassVar[str] = "splits off the light that the channel would have lost, and stores it"
    RESENDS: ClassVar[str] = "the rest, through a channel without loss"
    LEARNS: ClassVar[str] = "the bit of every attacked pulse of which she holds a photon"
    CHANGES: ClassVar[str] = "nothing"
    SOURCE: ClassVar[str] = (
        "Bennett, Bessette, Brassard, Salvail and Smolin, J. Cryptology 5, 3 (1992); "
        "Félix, Gisin, Stefanov and Zbinden, J. Mod. Opt. 48, 2009 (2001)"
    )

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the honest patterns, apart by whether Eve holds a photon and by the bit on it."""
        whole = honest_patterns(replace(model, channel_transmittance=1.0), settings)
        passing = np.asarray(model.channel_transmittance, float)[..., None] ** photon_numbers(settings)
        nothing = passing * whole
        # The difference is of nearly equal numbers where Eve hardly ever holds a photon.
        something = np.maximum(honest_patterns(model, settings) - nothing, 0.0)
        bits = [(settings.sent_bit == bit)[:, None, None] for bit in (0, 1)]
        return [nothing, *(np.where(bit, something, 0.0) for bit in bits)]
