"""Efficiency mismatch: faked states that hardly any detector sees unless Bob chooses Eve's basis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.attacks.time_shift import early_or_late
from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import (
    ChannelAttack,
    as_parameter,
    no_photon,
    one_photon,
    photon_numbers,
    share_needed,
    signal_gain,
    signal_photon_probs,
    with_efficiencies,
)
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class EfficiencyMismatch(ChannelAttack):
    """Eve measures as in intercept-resend and fakes states that Bob detects in her basis only, with her bit.

    Of an attacked pulse that is not empty she measures a photon in a random basis. She resends the opposite
    bit in the opposite basis, at the time at which the detector of the bit she found is the better one. If
    Bob measures in her basis, either detector may get the photon, and the better one, with her bit, detects
    it; if he measures in the other, the worse detector gets it. With q = 1/`ratio` for both detectors the
    error rate of the sifted bits is 2 q / (1 + 3 q) and the gain of single photons falls to (1 + 3 q) / 4
    (Makarov, Anisimov and Skaar 2006). Her own channel's transmittance makes that good as far as the
    honest channel has the loss, so that the signal's gain stays.

    Examples
    --------
    >>> EfficiencyMismatch(ratio=20)
    EfficiencyMismatch(fraction=1.0, ratio=20.0, shift_ps=500.0)
    """

    NAME: ClassVar[str] = "efficiency-mismatch"
    DOES: ClassVar[str] = "measures each pulse in a random basis"
    RESENDS: ClassVar[str] = (
        "the opposite bit in the opposite basis, when the detector of the bit found is the better one"
    )
    LEARNS: ClassVar[str] = "nearly every bit that Bob detects: he hardly detects anything in another basis"
    CHANGES: ClassVar[str] = (
        "arrival times spread to both sides; the error rate rises to 2 q / (1 + 3 q); weak intensities gain"
    )
    BREAKS: ClassVar[str] = "both detectors are equally efficient whenever a photon arrives"
    SOURCE: ClassVar[str] = "Makarov, Anisimov and Skaar, PRA 74, 022313 (2006)"

    ratio: float = number(
        "efficiency of the better detector over that of the other at either arrival", 20.0, low=1, high=1e6
    )
    shift_ps: float = number("how early and how late she resends", 500.0, unit="ps", low=0, high=1e5)

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's basis and bit."""
        return faked_states(model, settings, 1.0, 1 / self.ratio)

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return the arrival times of early and late faked states."""
        return early_or_late(honest, self.shift_ps, 0.5)


def faked_states(model: DetectionModel, settings: PulseSettings, better: float, worse: float) -> list[Floats]:
    """Return the outcomes of faked states, as `ChannelAttack.outcomes` does.

    Parameters
    ----------
    model, settings
    better, worse : float
        Shares of their efficiencies, above 0, that the detector of Eve's bit and the other one keep at the
        time at which she resends.
    """
    receivers = (with_efficiencies(model, better, worse), with_efficiencies(model, worse, better))
    transmittance = _transmittance(model, settings, receivers)
    photons = photon_numbers(settings)
    found = [np.where(photons == 0, no_photon(model, settings), 0.0)]
    for bit, receiver in enumerate(receivers):
        shown = one_photon(replace(receiver, channel_transmittance=transmittance), settings)
        for basis in (0, 1):
            # She finds Alice's bit, or in the other basis a random one; both bases are equally likely.
            prob = np.where(settings.sent_basis == basis, settings.sent_bit == bit, 0.5) / 2
            own = (settings.measured_basis == basis)[:, None, None]
            faked = np.where(own, (shown[0] + shown[1]) / 2, shown[1 - bit])
            found.append(np.where(photons == 0, 0.0, prob[:, None, None] * faked))
    return found


def _transmittance(
    model: DetectionModel, settings: PulseSettings, receivers: tuple[DetectionModel, DetectionModel]
) -> Floats:
    """Return the transmittance, at most 1, with which the signal keeps its gain.

    One photon clicks with a probability that is linear in the transmittance, so two points give the line.
    """
    photons = np.arange(settings.photon_probs.shape[1])
    dark = signal_gain(model, settings, 0 * photons)
    missing = signal_gain(model, settings, photons) - dark
    # Half of the fakes are measured in Eve's basis and show either bit; the others show the wrong one.
    clicks = [
        1 - replace(receiver, channel_transmittance=1.0).patterns(1, 0, shown, 0)[..., 0]
        for bit, receiver in enumerate(receivers)
        for shown in (0, 1, 1 - bit, 1 - bit)
    ]
    light = 1 - signal_photon_probs(settings)[0]
    return share_needed(missing, light * (as_parameter(sum(clicks) / len(clicks)) - dark))
