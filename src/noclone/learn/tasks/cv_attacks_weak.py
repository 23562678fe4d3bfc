"""Three attacks on a continuous-variable link, too weak for one block of 10,000 symbols to settle."""

from __future__ import annotations

from noclone.attacks.local_oscillator_calibration import LocalOscillatorCalibration
from noclone.attacks.local_oscillator_intensity import LocalOscillatorIntensity
from noclone.attacks.saturation import Saturation
from noclone.learn.task import CLASSIFICATION, Task
from noclone.learn.tasks.symbol_features import CEILING_TEXT, SOURCE, best_accuracy, classified
from noclone.simulation.symbol_telemetry import COLUMNS

ATTACKS = (
    None,
    LocalOscillatorIntensity(kept=0.99),
    LocalOscillatorCalibration(resent=0.1),
    Saturation(displacement=16.0),
)

TASK = Task(
    name="cv-attacks-weak",
    title="Weak attacks on a continuous-variable link",
    source=SOURCE,
    kind=CLASSIFICATION,
    draw=lambda seed: classified(ATTACKS, runs=14, blocks=10, seed=seed),
    ceiling_text=CEILING_TEXT,
    ceiling=lambda seed: best_accuracy(ATTACKS, seed),
    columns=COLUMNS,
)
