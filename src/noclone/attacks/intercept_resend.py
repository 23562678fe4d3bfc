"""Intercept and resend: Eve measures in a random basis and sends on what she found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.attack import Attack
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class InterceptResend(Attack):
    """Eve measures every attacked pulse that is not empty and resends one photon.

    She sits at Alice's end, measures without loss or error in one of the two bases with
    probability 1/2 each, and sends exactly one photon, in the basis she used and with the bit
    she found, into the honest channel. In Alice's basis she finds Alice's bit; in the other, a
    random bit, however many photons there are. Empty pulses stay empty.

    For single photons, an honest error rate e becomes e + (fraction / 4)(1 - 2 e) in the sifted
    bits (Bennett and Brassard 1984 for e = 0). A bright source loses gain as well, because many
    photons are replaced by one.

    Examples
    --------
    >>> InterceptResend(fraction=0.5).fraction
    0.5
    """

    NAME: ClassVar[str] = "intercept-resend"
    DOES: ClassVar[str] = "measures each pulse in one of the two bases at random"
    RESENDS: ClassVar[str] = "one photon, in the basis used and with the bit found"
    LEARNS: ClassVar[str] = "the bit of every attacked pulse that she measured in Alice's basis: half of them"

    def attacked_patterns(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return the mean over Eve's basis and the bit she finds."""
        sent_bit, measured = settings.sent_bit, settings.measured_basis
        resent = np.zeros((len(settings.probs), 4))
        for basis in (0, 1):
            found = model.patterns(1, basis, sent_bit, measured)
            random = (model.patterns(1, basis, 0, measured) + model.patterns(1, basis, 1, measured)) / 2
            resent += np.where((settings.sent_basis == basis)[:, None], found, random) / 2
        empty = model.patterns(0, settings.sent_basis, sent_bit, measured)
        photons = np.arange(settings.photon_probs.shape[1])
        return np.where((photons == 0)[None, :, None], empty[:, None], resent[:, None])
