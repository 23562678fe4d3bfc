"""Three attacks on a continuous-variable link at published strengths, beside normal blocks."""

from __future__ import annotations

from noclone.attacks.local_oscillator_calibration import LocalOscillatorCalibration
from noclone.attacks.local_oscillator_intensity import LocalOscillatorIntensity
from noclone.attacks.saturation import Saturation
from noclone.learn.task import CLASSIFICATION, Task
from noclone.learn.tasks.symbol_features import CEILING_TEXT, SOURCE, best_accuracy, classified
from noclone.simulation.symbol_telemetry import COLUMNS

ATTACKS = (
    None,
    LocalOscillatorIntensity(kept=0.95),
    LocalOscillatorCalibration(resent=1.0),
    Saturation(displacement=19.5),
)

TASK = Task(
    name="cv-attacks-strong",
    title="Attacks on a continuous-variable link at published strengths",
    source=SOURCE,
    kind=CLASSIFICATION,
    draw=lambda seed: classified(ATTACKS, runs=14, blocks=10, seed=seed),
    ceiling_text=CEILING_TEXT,
    ceiling=lambda seed: best_accuracy(ATTACKS, seed),
    columns=COLUMNS,
)
