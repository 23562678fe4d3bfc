"""After-gate attack: bright pulses that arrive when the detectors are off and still count as clicks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from noclone.attacks.faked_states import SILENT, bright_pulses, light_clicks, with_afterpulses
from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack
from noclone.protocols.readings import Readings
from noclone.sampling.patterns import with_noise
from noclone.sampling.pulses import PulseSettings


@dataclass(frozen=True, kw_only=True)
class AfterGate(ChannelAttack):
    """Eve measures and resends bright pulses timed just after the gate.

    Outside the gate an avalanche photodiode is a linear detector: a pulse in Bob's basis puts all its light
    on one detector and makes it click, one in the other basis makes neither. Eve, at Alice's end, counts
    photons and sends as many pulses as keeps the click probability of every photon number, at most one for
    each that is not empty. Light falls on the detectors in either basis and fills traps: every bright pulse
    causes a click at random in each detector with `afterpulse_prob`, booked on the pulse that caused it,
    which is what limits the attack: its error rate is about 1.5 `afterpulse_prob`. Dark counts stay.

    The attack is that of Wiechers et al., New J. Phys. 13, 013043 (2011). The defaults are ours, and
    `injected_light` is of the order of what a linear detector needs.

    Examples
    --------
    >>> AfterGate(afterpulse_prob=0.02).delay_ps
    3000.0
    """

    NAME: ClassVar[str] = "after-gate"
    DOES: ClassVar[str] = (
        "counts the photons of each pulse and measures them in one of the two bases at random"
    )
    RESENDS: ClassVar[str] = "bright pulses after the gate, in the basis used and with the bit found"
    LEARNS: ClassVar[str] = "the bit of every sifted event but after-pulses and dark counts"
    CHANGES: ClassVar[str] = "clicks come after the gate; after-pulses bring errors and double clicks"
    BREAKS: ClassVar[str] = "clicks are caused by photons within the gate"
    SOURCE: ClassVar[str] = "Wiechers et al., New J. Phys. 13, 013043 (2011)"

    afterpulse_prob: float = number(
        "probability that a bright pulse causes a random click, per detector", 0.01, low=0, high=0.5
    )
    delay_ps: float = number(
        "how long after the middle of the gate the clicks come", 3000.0, unit="ps", low=0, high=1e6
    )

    @property
    def injected_light(self) -> Mapping[str, float]:
        """Of one bright pulse."""
        return {"bob": 1e6}

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's basis and bit, noise added."""
        sent = np.minimum(1.0, 2 * light_clicks(model, settings))
        dark = np.asarray(model.dark_count_prob, float)
        noise = dark + self.afterpulse_prob - dark * self.afterpulse_prob
        faked = bright_pulses(settings, sent, 1.0, 0.0, noise)
        others = (1 - sent)[..., None] * with_noise(SILENT, dark)
        return with_afterpulses([*faked, others], model.proportional_afterpulse_prob)

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return later arrivals."""
        return replace(honest, arrival_mean_ps=honest.arrival_mean_ps + self.delay_ps)
