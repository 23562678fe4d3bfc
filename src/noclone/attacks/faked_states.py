"""Faked states: pulses of many photons that make a detector click where Bob measures in Eve's basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.special import xlog1py

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats, Parameter
from noclone.protocols.channel_attack import ChannelAttack
from noclone.protocols.readings import Readings
from noclone.sampling.patterns import with_noise
from noclone.sampling.pulses import PulseSettings

SILENT = np.array([1.0, 0.0, 0.0, 0.0])
"""No detector clicks."""


@dataclass(frozen=True, kw_only=True)
class FakedStates(ChannelAttack):
    """Eve measures and resends pulses to which superlinear detectors respond all or nothing.

    She measures, without loss, in one of the two bases and sends a pulse of many photons, in that basis and
    with the bit found. Where Bob measures in her basis, all its light falls on one detector, which clicks
    with `full_prob`; elsewhere each gets half and clicks with `half_prob`. Late in the gate an avalanche
    photodiode needs several photons at once, so that half the light does far less than half. She counts
    Alice's photons and fakes as many pulses as keeps the click probability of every photon number, as far as
    there are enough. With q = 1 - (1 - half_prob)^2 she causes the error rate q / (2 (full_prob + q)).

    Makarov and Hjelme, J. Mod. Opt. 52, 691 (2005) call such pulses faked states; Lydersen et al., PRA 84,
    032320 (2011) show that superlinear detectors allow them with fewer than 120 photons. The defaults of the
    probabilities and of the delay are ours.

    Examples
    --------
    >>> FakedStates(full_prob=0.8).half_prob
    0.02
    """

    NAME: ClassVar[str] = "faked-states"
    DOES: ClassVar[str] = (
        "counts the photons of each pulse and measures them in one of the two bases at random"
    )
    RESENDS: ClassVar[str] = (
        "pulses of about a hundred photons, late in the gate, in the basis and with the bit found"
    )
    LEARNS: ClassVar[str] = "the bit of every event where Bob measured in her basis: nearly all of them"
    CHANGES: ClassVar[str] = "clicks come later, and errors rise by what half a pulse makes click"
    BREAKS: ClassVar[str] = "several photons are detected independently of each other"
    SOURCE: ClassVar[str] = (
        "Makarov and Hjelme, J. Mod. Opt. 52, 691 (2005); Lydersen et al., PRA 84, 032320 (2011)"
    )

    full_prob: float = number(
        "probability that a detector clicks that gets a whole faked state", 0.5, low=0, low_open=True, high=1
    )
    half_prob: float = number("probability that it clicks when it gets half of one", 0.02, low=0, high=1)
    late_ps: float = number(
        "how much later than honest ones the clicks come", 300.0, unit="ps", low=0, high=1e5
    )

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of one faked state."""
        return {"bob": 120.0}

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's basis and bit, dark counts added."""
        either = (self.full_prob + 1 - (1 - self.half_prob) ** 2) / 2
        sent = np.minimum(1.0, light_clicks(model, settings) / either)
        dark = model.dark_count_prob
        faked = bright_pulses(settings, sent, self.full_prob, self.half_prob, dark)
        others = (1 - sent)[..., None] * with_noise(SILENT, dark)
        return with_afterpulses([*faked, others], model.proportional_afterpulse_prob)

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return later arrivals."""
        return replace(honest, arrival_mean_ps=honest.arrival_mean_ps + self.late_ps)


def light_clicks(model: DetectionModel, settings: PulseSettings) -> Floats:
    """Return how likely honest light makes a click, by photon number; shape (..., 1, N), or (N,)."""
    photons = np.arange(settings.photon_probs.shape[1])
    efficiency = np.asarray(model.efficiency, float) * (1 + np.asarray(model.efficiency_mismatch)) / 2
    return np.asarray(-np.expm1(xlog1py(photons, -efficiency * model.channel_transmittance)))


def bright_pulses(
    settings: PulseSettings, sent: Floats, full_prob: float, half_prob: float, noise: Parameter
) -> list[Floats]:
    """Return what Eve finds and Bob detects where she measures in a random basis and fakes states.

    Parameters
    ----------
    settings : PulseSettings
    sent : array, shape (..., 1, N) or (N,)
        Probability that she sends a faked state, given the photons that Alice sent.
    full_prob, half_prob : float
        Probability that a detector clicks that gets the whole pulse, half of it.
    noise : float or array, shape (..., 1, 1)
        Probability that a detector clicks by itself, of a pulse that she faked.

    Returns
    -------
    list of arrays, shape (..., J, N, 4)
        P(finding, pattern | setting, photons), one array for each basis and bit; the pulses that she does not
        fake are left out.
    """
    found = []
    split = with_noise(SILENT, half_prob)
    for basis, bit in np.ndindex(2, 2):
        # She finds Alice's bit, or in the other basis a random one; both bases are equally likely.
        prob = np.where(settings.sent_basis == basis, settings.sent_bit == bit, 0.5) / 2
        steered = (1 - full_prob) * SILENT + full_prob * np.eye(4)[1 + bit]
        clicks = np.where((settings.measured_basis == basis)[:, None, None], steered, split)
        found.append(prob[:, None, None] * sent[..., None] * with_noise(clicks, noise))
    return found


def with_afterpulses(outcomes: list[Floats], prob: Parameter) -> list[Floats]:
    """Return outcomes with after-pulses booked on the last of them, the pulses that Eve did not fake."""
    *faked, others = outcomes
    clicks = np.asarray(sum(each[..., 1:].sum(axis=-1) for each in outcomes))
    booked = np.minimum(prob * clicks, others[..., 0])
    return [*faked, others + booked[..., None] * np.array([-1.0, 0.5, 0.5, 0.0])]
