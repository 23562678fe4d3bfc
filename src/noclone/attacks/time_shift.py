"""Time shift: Eve moves pulses to where one detector is more efficient than the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from noclone.core.fields import number
from noclone.link.detection import DetectionModel, Floats, Parameter
from noclone.protocols.channel_attack import ChannelAttack, with_efficiencies
from noclone.protocols.readings import Readings
from noclone.sampling.pulses import PulseSettings, honest_patterns


@dataclass(frozen=True, kw_only=True)
class TimeShift(ChannelAttack):
    """Eve makes each attacked pulse arrive early or late, and touches nothing else.

    Early pulses find detector 0 at its efficiency and detector 1 with 1/`ratio` of its own; for late ones it
    is the other way round. She chooses at random, so that both bits come equally often. An early click is a 0
    with odds of `ratio` to 1: without errors she learns 1 - h(r / (1 + r)) of a sifted bit, from r =
    `ratio`. The gain falls by the factor (1 + 1/r) / 2.

    Examples
    --------
    >>> TimeShift(ratio=5)
    TimeShift(fraction=1.0, ratio=5.0, shift_ps=500.0, early_prob=0.5)
    """

    NAME: ClassVar[str] = "time-shift"
    DOES: ClassVar[str] = "delays or advances each pulse to where one of the detectors is less efficient"
    RESENDS: ClassVar[str] = "the pulse itself, early or late"
    LEARNS: ClassVar[str] = "which of the bits is the likelier one, from the shift that she chose"
    CHANGES: ClassVar[str] = "arrival times spread to both sides; all gains fall alike"
    BREAKS: ClassVar[str] = "both detectors are equally efficient whenever a photon arrives"
    SOURCE: ClassVar[str] = (
        "Qi, Fung, Lo and Ma, Quantum Inf. Comput. 7, 73 (2007); "
        "Zhao, Fung, Qi, Chen and Lo, PRA 78, 042333 (2008)"
    )

    ratio: float = number(
        "efficiency of the better detector over that of the other at either shift", 4.0, low=1, high=1e6
    )
    shift_ps: float = number("how early and how late the pulses arrive", 500.0, unit="ps", low=0, high=1e5)
    early_prob: float = number("probability that Eve chooses the early arrival", 0.5, low=0, high=1)

    def outcomes(self, model: DetectionModel, settings: PulseSettings) -> list[Floats]:
        """Return the patterns of early and of late pulses."""
        early = honest_patterns(with_efficiencies(model, 1.0, 1 / self.ratio), settings)
        late = honest_patterns(with_efficiencies(model, 1 / self.ratio, 1.0), settings)
        return [self.early_prob * early, (1 - self.early_prob) * late]

    def attacked_readings(self, honest: Readings) -> Readings:
        """Return the arrival times of early and late pulses."""
        return early_or_late(honest, self.shift_ps, 1 - self.early_prob)


def early_or_late(honest: Readings, shift_ps: float, late_share: Parameter) -> Readings:
    """Return the readings of pulses that arrive `shift_ps` early or late, by the share of the late clicks.

    Examples
    --------
    >>> shifted = early_or_late(Readings(), 300.0, 0.5)
    >>> float(shifted.arrival_mean_ps), round(float(shifted.arrival_std_ps), 1)
    (0.0, 316.2)
    """
    early = replace(honest, arrival_mean_ps=honest.arrival_mean_ps - shift_ps)
    late = replace(honest, arrival_mean_ps=honest.arrival_mean_ps + shift_ps)
    return early.mixed(late, late_share, late_share)
