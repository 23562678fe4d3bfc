"""Wavelength attack: at wavelengths of Eve's choice, Bob's beam splitter does not choose his basis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack, no_photon, photon_numbers
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class Wavelength(ChannelAttack):
    """Eve measures and resends at a wavelength that a passive receiver sends to the analyser of her basis.

    Bob's basis is chosen by a beam splitter. Its ratio depends on the wavelength, so that light of one
    reaches the analyser of basis Z with `share_z`, light of the other that of X with `share_x`. Eve measures
    without loss, in basis Z as often as Bob does, and resends as many photons as there were in the basis
    used, with the bit found, through the honest channel. In the table a basis is Bob's choice; a photon sent
    to the analyser of a basis that he uses with probability q, with probability s instead of q, arrives there
    s / q times as often.

    For single photons and equal bases the error rate is (1 - s) / 2 with s the mean of both shares, and the
    gain stays as it was. The shares are those of 1290 nm and 1470 nm in Li et al., PRA 84, 062308 (2011).

    Examples
    --------
    >>> Wavelength().share_x
    0.986
    """

    NAME: ClassVar[str] = "wavelength"
    DOES: ClassVar[str] = "measures each pulse in one of the two bases at random"
    RESENDS: ClassVar[str] = (
        "as many photons, with the bit found, at a wavelength that is analysed in the basis used"
    )
    LEARNS: ClassVar[str] = "the bit of every event analysed in her basis: nearly all of them"
    CHANGES: ClassVar[str] = "hardly anything: some errors, fewer double clicks"
    BREAKS: ClassVar[str] = "Bob's choice of basis is independent of what arrives"
    SOURCE: ClassVar[str] = "Li et al., PRA 84, 062308 (2011)"

    share_z: float = number("share of Eve's light for basis Z that is analysed in Z", 0.997, low=0, high=1)
    share_x: float = number("share of Eve's light for basis X that is analysed in X", 0.986, low=0, high=1)

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's basis and bit."""
        measured, photons = settings.measured_basis, photon_numbers(settings)
        use = np.bincount(measured, settings.probs, minlength=2)
        found = [np.where(photons == 0, no_photon(model, settings), 0.0)]
        for basis, bit in np.ndindex(2, 2):
            # She finds Alice's bit, or in the other basis a random one.
            prob = use[basis] * np.where(settings.sent_basis == basis, settings.sent_bit == bit, 0.5)
            own = (self.share_z, self.share_x)[basis]
            arriving = np.where(measured == basis, own, 1 - own) / use[measured]
            transmittance = np.minimum(1.0, model.channel_transmittance * arriving[:, None])
            through = replace(model, channel_transmittance=transmittance)
            resent = through.patterns(photons[:, 0], basis, bit, measured[:, None])
            found.append(np.where(photons == 0, 0.0, prob[:, None, None] * resent))
        return found
