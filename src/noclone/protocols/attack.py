"""What an attack is to the rest of noclone: another table of what one pulse does.

An attack lives in a file of its own in `noclone.attacks` and is found there by its `NAME`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from noclone.core.fields import Described, number
from noclone.link.detection import DetectionModel, Floats
from noclone.sampling.pulses import PulseSettings, PulseTable, honest_table


@dataclass(frozen=True, kw_only=True)
class Attack(Described, ABC):
    """Eve on the channel, treating each pulse by itself.

    Eve attacks each pulse with probability `fraction`, independently; the others pass
    untouched. What Alice sent stays the ground truth of an attacked pulse.

    Attributes
    ----------
    NAME : str
        The file's name with hyphens.
    DOES, RESENDS, LEARNS : str
        What Eve does with a pulse, what she sends on, and what she knows in the end.
    INJECTED_LIGHT : mapping
        Mean photons per attacked pulse of light of her own, by the station they enter
        (``"alice"`` or ``"bob"``); what she sends in place of Alice's pulse is not counted.
    """

    NAME: ClassVar[str]
    DOES: ClassVar[str]
    RESENDS: ClassVar[str]
    LEARNS: ClassVar[str]
    INJECTED_LIGHT: ClassVar[Mapping[str, float]] = {}

    fraction: float = number("share of the pulses that Eve attacks", 1.0, low=0, high=1)

    @abstractmethod
    def attacked_patterns(self, model: DetectionModel, settings: PulseSettings) -> Floats:
        """Return P(pattern | setting, photons sent by Alice) of attacked pulses, shape (J, N, 4).

        `model` is the honest channel and receiver; Eve may replace the channel, never the
        receiver.
        """

    def table(self, model: DetectionModel, settings: PulseSettings) -> PulseTable:
        """Return the table of a link on which this attack is running."""
        honest = honest_table(model, settings)
        attacked = self.attacked_patterns(model, settings)
        return PulseTable(settings, (1 - self.fraction) * honest.patterns + self.fraction * attacked)
