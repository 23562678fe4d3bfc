"""Optimal cloning of single photons: Bob gets one copy, Eve the rest, measured when the basis is known."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack, one_photon, photon_numbers
from noclone.sampling.pulses import PulseSettings, honest_patterns

BALANCED_DISTURBANCE = float(1 - np.sqrt(0.5)) / 2
"""The error rate at which the phase-covariant cloner tells Eve as much as Bob knows: 14.6 %."""


@dataclass(frozen=True, kw_only=True)
class CloningAttack(ChannelAttack):
    """Eve clones every attacked pulse of one photon and sends Bob's copy into the honest channel.

    She counts the photons first, and lets other pulses pass. Her measurement, after the bases are announced,
    tells her Bob's error and a guess of Alice's bit.
    """

    disturbance: float = number(
        "share of the sifted bits of single photons that the cloning flips",
        BALANCED_DISTURBANCE,
        low=0,
        high=0.5,
    )

    @abstractmethod
    def guess_probs(self) -> tuple[float, float]:
        """Return the probability that Eve guesses Alice's bit where Bob's copy is right, and where wrong."""

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of Bob's patterns and Eve's two findings: the error and the guess."""
        photons = photon_numbers(settings)
        sent, matched = settings.sent_bit, settings.sent_basis == settings.measured_basis
        copies = one_photon(model, settings)
        found = [np.where(photons == 1, 0.0, honest_patterns(model, settings))]
        guess_probs = self.guess_probs()
        for error, error_prob in enumerate((1 - self.disturbance, self.disturbance)):
            for guess in (0, 1):
                right = guess_probs[error]
                prob = error_prob * np.where(guess == sent, right, 1 - right)
                # In the other basis the copy is a random bit, whatever Eve has.
                shows_1 = np.where(matched, sent ^ error, 0.5)[:, None, None]
                copy = prob[:, None, None] * ((1 - shows_1) * copies[0] + shows_1 * copies[1])
                found.append(np.where(photons == 1, copy, 0.0))
        return found
