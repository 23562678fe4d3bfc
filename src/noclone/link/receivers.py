"""Bob's receivers: what turns arriving photons into clicks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from noclone.core.fields import Described, choice, number


@dataclass(frozen=True, kw_only=True)
class ThresholdDetectors(Described):
    """Two threshold detectors behind an active basis choice: click or no click, no counting.

    `dark_count_prob` is per detector and gate, background light included. A dead time is
    per detector and is not prolonged by photons that arrive in it. An avalanche leaves a trapped
    carrier with `afterpulse_prob`, released after the dead time and an exponential delay of mean
    `afterpulse_time_s` (0: in the first live gate). Where both detectors click Bob records a random bit,
    as the squashing of threshold detectors to qubits demands; double clicks are never discarded.

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
    dead_time_s: float = number("dead time of each detector", 0.0, unit="s", low=0, high=1)
    afterpulse_prob: float = number("probability of an after-pulse per avalanche", 0.0, low=0, high=0.5)
    afterpulse_time_s: float = number("mean release time after the dead time", 0.0, unit="s", low=0, high=1)
    afterpulsing: str = choice(
        "physical, or booked on the pulse that caused it as in Lim et al. 2014",
        "physical",
        ("physical", "proportional"),
    )
    statistics: str = choice(
        "which formulas predict gains: exact, or those of a paper",
        "exact",
        ("exact", "ma-2005", "lim-2014"),
    )


Receiver = ThresholdDetectors
