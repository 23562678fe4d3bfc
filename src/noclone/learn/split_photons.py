"""Photon-number splitting on a link with one decoy: what the tasks about it share.

Eve keeps the signal's gain as it was, and hardly touches its error rate: signals tell next to nothing of her.
The decoy's gain falls. Nothing drifts here: the counts of a block follow a multinomial law that is known, and
with it the best that anything can do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from noclone.attacks.photon_number_splitting import PhotonNumberSplitting
from noclone.core.seeds import stream
from noclone.learn.task import ONE_CLASS, Data, Task
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.protocols.pulse_attack import PulseAttack
from noclone.records.telemetry import NORMAL, joined
from noclone.setup import Setup
from noclone.simulation.drift import STEADY
from noclone.simulation.pulse_telemetry import block_probs, pulse_telemetry

Floats = NDArray[np.float64]

SETUP = Setup(
    Link(
        alice=WeakCoherentSource(intensities=(0.5, 0.1), clock_rate_hz=1e9),
        channel=Fibre(length_km=50, attenuation_db_per_km=0.2),
        bob=ThresholdDetectors(efficiency=0.1, dark_count_prob=5e-7, misalignment=0.02),
    ),
    DecoyBB84(intensity_probs=(0.5, 0.5), basis_prob=0.5),
    name="decoy-watch",
)
ATTACK = PhotonNumberSplitting(fraction=0.3)
PULSES = 200_000
"""Per block: about a hundred clicks of the decoy, so that one block does not settle the matter."""
RUNS, BLOCKS = 16, 20
"""Of each sort."""
_FRESH = 100_000

UNSIFTED, RIGHT, WRONG = range(3)
"""What a click can be, in the order of `click_probs`."""


def click_probs(attack: PulseAttack | None) -> Floats:
    """Return P(intensity and what the click is) of one pulse, shape (intensities, 3).

    Examples
    --------
    >>> honest, attacked = (click_probs(eve).sum(axis=1) for eve in (None, PhotonNumberSplitting()))
    >>> (attacked / honest).round(3).tolist()
    [1.0, 0.26]
    """
    settings = SETUP.recorded.pulse_settings(SETUP.link)
    nothing = STEADY.weather(np.zeros(1), stream(1, "steady"))
    probs, _ = block_probs(SETUP, settings, nothing, slice(0, 1), attack, steady=True)
    patterns = probs.reshape(-1, 2, 2, 2, 4)  # intensity, basis, bit, measured basis, pattern
    bits = patterns[..., 1:3] + patterns[..., 3:] / 2
    matched = bits[:, 0, :, 0] + bits[:, 1, :, 1]  # intensity, bit, found bit
    right = matched[:, 0, 0] + matched[:, 1, 1]
    wrong = matched[:, 0, 1] + matched[:, 1, 0]
    return np.column_stack([bits.sum(axis=(1, 2, 3, 4)) - right - wrong, right, wrong])


def blocks(columns: Sequence[str], seed: int) -> Data:
    """Return these columns of normal (1) and attacked (-1) blocks, grouped by runs."""
    drawn = joined(
        [
            pulse_telemetry(SETUP, BLOCKS, PULSES, attack=attack, seed=seed, run=run)
            for run, attack in enumerate([None, ATTACK] * RUNS)
        ]
    ).only(columns)
    return Data(drawn.values, np.where(drawn.labels == NORMAL, 1, -1), drawn.runs)


def best_roc_auc(seen: Sequence[tuple[int, int]], seed: int) -> float:
    """Return the area under the curve of the likelihood ratio of some counts, on a large fresh draw.

    Parameters
    ----------
    seen : sequence of (intensity, what the click is)
        Which counts are seen.
    seed : int
    """
    from sklearn.metrics import roc_auc_score

    which = tuple(np.array(seen).T)
    laws = []
    for attack in (None, ATTACK):
        probs = click_probs(attack)[which]
        laws.append(np.append(probs, 1 - probs.sum()))
    rng = stream(seed, "ceiling")
    counts = np.concatenate([rng.multinomial(PULSES, law, _FRESH) for law in laws])
    attacked = np.repeat([0, 1], _FRESH)
    # A coin does as well as a ratio that a finite draw puts below it.
    return max(float(roc_auc_score(attacked, counts @ np.log(laws[1] / laws[0]))), 0.5)


def task(name: str, title: str, columns: tuple[str, ...], seen: Sequence[tuple[int, int]]) -> Task:
    """Return the task of noticing the attack in these columns, which show these counts."""
    return Task(
        name=name,
        title=title,
        source="attack and remedy: Hwang, PRL 91, 057901 (2003); the numbers are ours",
        kind=ONE_CLASS,
        draw=lambda seed: blocks(columns, seed),
        ceiling_text="likelihood ratio of the known multinomial laws, on a large fresh draw; it knows the "
        "attack, which the models do not",
        ceiling=lambda seed: best_roc_auc(seen, seed),
        columns=columns,
    )
