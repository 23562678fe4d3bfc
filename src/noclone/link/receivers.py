"""Bob's receivers: what turns arriving photons into clicks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number
from noclone.link.device import Receiver
from noclone.link.timing import gate_share


@dataclass(frozen=True, kw_only=True)
class ThresholdDetectors(Receiver):
    """Two threshold detectors behind an active basis choice: click or no click, no counting.

    `dark_count_prob` is per detector and gate, background light included. A dead time is per detector;
    light that arrives in it prolongs a paralysable one and no other. An avalanche leaves a trapped
    carrier with `afterpulse_prob`, released after the dead time and an exponential delay of mean
    `afterpulse_time_s` (0: in the first live gate). Where both detectors click Bob records a random bit,
    as the squashing of threshold detectors to qubits demands; double clicks are never discarded.

    `efficiency` holds for light at any time within the gate. Jitter spreads the detections of a pulse in
    time, so that a share of them falls out of the gate and is lost (`gate_share`); what spreads the light
    itself (the pulse's width, dispersion) belongs to `jitter_s` too.

    Examples
    --------
    >>> ThresholdDetectors(efficiency=0.2, dark_count_prob=1e-6).misalignment
    0.0
    """

    KIND: ClassVar[str] = "threshold-detectors"

    efficiency: float = number("detection efficiency, receiver optics included", low=0, high=1)
    dark_count_prob: float = number(
        "dark and background counts per detector and gate", 0.0, low=0, high=1, high_open=True
    )
    misalignment: float = number("probability that a photon goes to the wrong detector", 0.0, low=0, high=0.5)
    efficiency_mismatch: float = number(
        "efficiency of the second detector over that of the first", 1.0, low=0, high=1, low_open=True
    )
    dead_time_s: float = number("dead time of each detector", 0.0, unit="s", low=0, high=1)
    dead_time_kind: str = choice(
        "whether light that arrives in the dead time prolongs it (paralysable)",
        "non-paralysable",
        ("non-paralysable", "paralysable"),
    )
    afterpulse_prob: float = number("probability of an after-pulse per avalanche", 0.0, low=0, high=0.5)
    afterpulse_time_s: float = number("mean release time after the dead time", 0.0, unit="s", low=0, high=1)
    afterpulsing: str = choice(
        "physical, or booked on the pulse that caused it as in Lim et al. 2014",
        "physical",
        ("physical", "proportional"),
    )
    gate_width_s: float = number(
        "time in which a pulse may be detected; decides how much background light enters",
        1e-9,
        unit="s",
        low=0,
        low_open=True,
        high=1,
    )
    jitter_s: float = number(
        "spread of a pulse's detections in time, full width at half maximum", 0.0, unit="s", low=0, high=1
    )
    jitter_tail_share: float = number(
        "share of the detections that are late by an exponential delay", 0.0, low=0, high=1
    )
    jitter_tail_s: float = number("mean of that delay", 0.0, unit="s", low=0, high=1)
    statistics: str = choice(
        "which formulas predict gains: exact, or those of a paper",
        "exact",
        ("exact", "ma-2005", "lim-2014"),
    )

    def check(self) -> None:
        """Refuse what the formulas of a paper do not know: unequal detectors and what they remember."""
        if self.statistics == "exact":
            return
        unknown = {"efficiency_mismatch": 1.0, "dead_time_s": 0.0, "dead_time_kind": "non-paralysable"}
        if self.statistics == "ma-2005" or self.afterpulsing == "physical":
            unknown["afterpulse_prob"] = 0.0
        for name, usual in unknown.items():
            if getattr(self, name) != usual:
                raise InvalidInput(
                    name, f"must be {usual} unless statistics is exact, but statistics is {self.statistics}"
                )

    @property
    def gate_share(self) -> Any:
        """Probability that a detection falls into the gate, of the grid's shape; 1 without jitter."""
        if not np.any(self.jitter_s) and not np.any(self.jitter_tail_share):
            return 1.0
        return gate_share(self.gate_width_s, self.jitter_s, self.jitter_tail_share, self.jitter_tail_s)

    @property
    def effective_efficiency(self) -> Any:
        """Probability that a photon of the pulse triggers the first detector within the gate."""
        return self.efficiency * self.gate_share

    def gated(self) -> Self:
        """Return the same detectors without jitter, the share of light outside the gate as lost efficiency.

        Examples
        --------
        >>> late = ThresholdDetectors(efficiency=0.2, gate_width_s=1e-9, jitter_s=0.5e-9)
        >>> round(float(late.gated().efficiency), 5)
        0.19629
        """
        if not np.any(self.jitter_s) and not np.any(self.jitter_tail_share):
            return self
        changes = {"efficiency": self.effective_efficiency, "jitter_s": 0.0, "jitter_tail_share": 0.0}
        return self.with_arrays(changes)
