"""Published single-photon detectors by name, each figure from one paper.

What a paper does not say keeps its default, which is ideal; `DetectorPreset.source` says what it does say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import unknown_text
from noclone.link.receivers import ThresholdDetectors


@dataclass(frozen=True)
class DetectorPreset:
    """A published detector.

    Attributes
    ----------
    source : str
        Where the figures are published.
    dark_count_rate_hz : float
        Dark counts per second of each detector; the gate decides how many fall into it.
    gate_width_s : float
        The gate that it is used with by default.
    figures : mapping
        Further fields of `ThresholdDetectors`.
    """

    source: str
    dark_count_rate_hz: float
    gate_width_s: float
    figures: dict[str, float] = field(default_factory=dict)


PRESETS = {
    "snspd": DetectorPreset(
        "superconducting nanowire, 1550 nm: Marsili et al., Nat. Photon. 7, 210 (2013), abstract: system "
        "efficiency 93 %, 1 device dark count per second, jitter 150 ps, reset time 40 ns",
        1.0,
        1e-9,
        {"efficiency": 0.93, "jitter_s": 150e-12, "dead_time_s": 40e-9},
    ),
    "snspd-fast": DetectorPreset(
        "superconducting nanowire (NbTiN): Esmaeil Zadeh et al., APL Photonics 2, 111301 (2017), abstract: "
        "efficiency 92 %, below 130 dark counts per second, jitter 14.8 ps, more than 150e6 detections per "
        "second, read as a dead time of 1/(150 MHz)",
        130.0,
        1e-10,
        {"efficiency": 0.92, "jitter_s": 14.8e-12, "dead_time_s": 1 / 150e6},
    ),
    "ingaas": DetectorPreset(
        "InGaAs/InP avalanche diode, sine-gated at 1.25 GHz, 1550 nm: Fang et al., Rev. Sci. Instrum. 91, "
        "083102 (2020), abstract: efficiency 40 %, 3000 dark counts per second, after-pulses 5.5 %; the "
        "gate is the period, the dead time is not given",
        3000.0,
        0.8e-9,
        {"efficiency": 0.40, "afterpulse_prob": 0.055},
    ),
    "ingaas-free-running": DetectorPreset(
        "InGaAs/InP negative-feedback diode, 1550 nm: Lunghi et al., J. Mod. Opt. 59, 1481 (2012), abstract: "
        "efficiency 10 %, 600 dark counts per second; dead time and after-pulses are not given",
        600.0,
        1e-9,
        {"efficiency": 0.10},
    ),
    "silicon": DetectorPreset(
        "cooled silicon avalanche diode, near infrared: Anisimova et al., EPJ Quantum Technol. 8, 23 (2021), "
        "abstract: efficiency 50 %, below 1 dark count per second, after-pulses below 0.35 %, jitter below "
        "1 ns; the bounds are taken as values, the dead time is not given",
        1.0,
        2e-9,
        {"efficiency": 0.50, "afterpulse_prob": 0.0035, "jitter_s": 1e-9},
    ),
}
"""Every preset by its name."""


def detector(model: str, **changes: Any) -> ThresholdDetectors:
    """Return threshold detectors with the figures of a published detector.

    Parameters
    ----------
    model : str
        A name of `PRESETS`.
    **changes
        Fields of `ThresholdDetectors` that differ. Dark counts follow the gate's width unless
        `dark_count_prob` is among them.

    Raises
    ------
    InvalidInput
        If there is no such model or a change is out of range.

    Examples
    --------
    >>> bob = detector("snspd", gate_width_s=5e-10)
    >>> bob.efficiency, f"{bob.dark_count_prob:.3g}"
    (0.93, '5e-10')
    """
    if model not in PRESETS:
        raise InvalidInput(f"model {model!r}", unknown_text(model, list(PRESETS)))
    preset = PRESETS[model]
    gate_width_s = changes.get("gate_width_s", preset.gate_width_s)
    dark = float(-np.expm1(-preset.dark_count_rate_hz * gate_width_s))
    fields = {"dark_count_prob": dark, "gate_width_s": gate_width_s} | preset.figures | changes
    return ThresholdDetectors(**fields)
