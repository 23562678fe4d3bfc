"""An attack on the local oscillator's intensity, by models that have seen normal blocks only."""

from __future__ import annotations

from noclone.attacks.local_oscillator_intensity import LocalOscillatorIntensity
from noclone.learn.task import ONE_CLASS, Task
from noclone.learn.tasks.symbol_features import CEILING_TEXT, SOURCE, best_roc_auc, watched
from noclone.simulation.symbol_telemetry import COLUMNS

ATTACK = LocalOscillatorIntensity(kept=0.95)

TASK = Task(
    name="cv-unknown-attack",
    title="An oscillator 5 % too weak, in one block, unknown to the model",
    source=SOURCE,
    kind=ONE_CLASS,
    draw=lambda seed: watched(ATTACK, runs=16, windows=16, window=1, seed=seed),
    ceiling_text=f"{CEILING_TEXT}; it knows the attack, which the models do not",
    ceiling=lambda seed: best_roc_auc(ATTACK, 1, seed),
    columns=COLUMNS,
)
