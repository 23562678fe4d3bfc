"""A weak attack on the local oscillator's intensity, in windows, by models that know normal ones only."""

from __future__ import annotations

from noclone.attacks.local_oscillator_intensity import LocalOscillatorIntensity
from noclone.learn.task import ONE_CLASS, Task
from noclone.learn.tasks.symbol_features import CEILING_TEXT, SOURCE, best_roc_auc, watched
from noclone.simulation.symbol_telemetry import COLUMNS

ATTACK = LocalOscillatorIntensity(kept=0.99)
WINDOW = 25

TASK = Task(
    name="cv-unknown-attack-weak",
    title="An oscillator 1 % too weak, in 25 blocks, unknown to the model",
    source=SOURCE,
    kind=ONE_CLASS,
    draw=lambda seed: watched(ATTACK, runs=20, windows=10, window=WINDOW, seed=seed),
    ceiling_text=f"{CEILING_TEXT}; it knows the attack, which the models do not",
    ceiling=lambda seed: best_roc_auc(ATTACK, WINDOW, seed),
    columns=COLUMNS,
    window=WINDOW,
)
