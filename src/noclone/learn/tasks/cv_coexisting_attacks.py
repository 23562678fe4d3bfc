"""Every combination of three attacks on a continuous-variable link, as one class each."""

from __future__ import annotations

from itertools import combinations

from noclone.attacks.local_oscillator_calibration import LocalOscillatorCalibration
from noclone.attacks.local_oscillator_intensity import LocalOscillatorIntensity
from noclone.attacks.saturation import Saturation
from noclone.learn.task import CLASSIFICATION, Task
from noclone.learn.tasks.symbol_features import CEILING_TEXT, SOURCE, best_accuracy, classified
from noclone.protocols.symbol_attack import combined
from noclone.simulation.symbol_telemetry import COLUMNS

PARTS = (
    LocalOscillatorCalibration(resent=1.0),
    LocalOscillatorIntensity(kept=0.95),
    Saturation(displacement=19.5),
)
ATTACKS = tuple(combined(some) for count in range(4) for some in combinations(PARTS, count))

TASK = Task(
    name="cv-coexisting-attacks",
    title="Attacks on a continuous-variable link, alone and together",
    source=f"{SOURCE}; that they coexist: Du and Huang, Photonics 9, 177 (2022)",
    kind=CLASSIFICATION,
    draw=lambda seed: classified(ATTACKS, runs=12, blocks=8, seed=seed),
    ceiling_text=CEILING_TEXT,
    ceiling=lambda seed: best_accuracy(ATTACKS, seed),
    columns=COLUMNS,
)
