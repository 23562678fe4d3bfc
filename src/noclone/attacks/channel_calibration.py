"""Channel calibration: Eve makes Bob's calibration open the two detectors' gates at different times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.attacks.efficiency_mismatch import faked_states
from noclone.attacks.time_shift import early_or_late
from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats
from noclone.protocols.channel_attack import ChannelAttack
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings

_LEAST = 1e-200
"""Share of its efficiency that a detector keeps far outside its gate: nothing, but for divisions."""


@dataclass(frozen=True, kw_only=True)
class ChannelCalibration(ChannelAttack):
    """Eve tricks the measurement of the line's length, then fakes states at the edges of the gates.

    A plug-and-play receiver finds the delay of each detector's gate with bright pulses. If Eve changes the
    phase within these pulses, the two detectors settle on different delays: their gates, of Gaussian shape
    and standard deviation `gate_width_ps`, end up `separation_ps` apart. Of light that arrives `shift_ps` off
    the middle the farther detector is then less efficient by the factor
    q = exp(-shift separation / width^2), and the faked states of the attack on efficiency mismatch work: the
    error rate is 2 q / (1 + 3 q). Eve makes good what the gates lose by a channel of less loss, as far as
    there is any. Pulses that she leaves alone are detected as with the right calibration. Width, separation
    and shift are parameters of this model; the values given are not those of a device.

    Examples
    --------
    >>> better, worse = ChannelCalibration().kept_efficiencies()
    >>> round(better, 3), round(worse / better, 4)
    (0.531, 0.0063)
    """

    NAME: ClassVar[str] = "channel-calibration"
    DOES: ClassVar[str] = (
        "parts the detectors' gates in the calibration, then measures pulses in a random basis"
    )
    RESENDS: ClassVar[str] = "the opposite bit in the opposite basis, at the edge of one detector's gate"
    LEARNS: ClassVar[str] = "nearly every bit that Bob detects: he hardly detects anything in another basis"
    CHANGES: ClassVar[str] = (
        "arrival times spread to both sides; the error rate rises to 2 q / (1 + 3 q); weak intensities gain"
    )
    BREAKS: ClassVar[str] = "both detectors are equally efficient whenever a photon arrives"
    SOURCE: ClassVar[str] = (
        "Jain, Wittmann, Lydersen, Wiechers, Elser, Marquardt, Makarov and Leuchs, PRL 107, 110501 (2011)"
    )

    separation_ps: float = number("time between the gates' middles", 450.0, unit="ps", low=0, high=1e4)
    gate_width_ps: float = number(
        "standard deviation of a gate's shape", 200.0, unit="ps", low=0, low_open=True, high=1e4
    )
    shift_ps: float = number("how early and how late she resends", 450.0, unit="ps", low=0, high=1e4)

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the joint law of the patterns and Eve's basis and bit."""
        return faked_states(model, settings, *self.kept_efficiencies())

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return the arrival times of early and late faked states."""
        return early_or_late(honest, self.shift_ps, 0.5)

    def kept_efficiencies(self) -> tuple[float, float]:
        """Return the shares of their efficiencies that the nearer and the farther detector keep."""
        offsets = np.array([-0.5, 0.5]) * self.separation_ps + self.shift_ps
        better, worse = np.maximum(np.exp(-((offsets / self.gate_width_ps) ** 2) / 2), _LEAST)
        return float(better), float(worse)
