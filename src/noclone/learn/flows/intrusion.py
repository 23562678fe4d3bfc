"""Tasks on intrusion data that a user supplies, with the split of the collection itself.

Scores on a random split of such a collection say how well its captures are recognised; scores on its own test
flows, with attacks of other kinds, how well attacks are. `INTRUSION_TASKS` names the tasks.

Of the published quantum models, those of Abreu et al., arXiv:2410.16308 (variational classifier, quantum
kernel, quantum convolutional network) are ours of the same names. Those of Hdaib et al., Quantum Mach.
Intell. 6, 26 (2024), a quantum autoencoder before a one-class machine, a forest, or nearest neighbours, are
pipelines of `quantum-autoencoder` and what follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from noclone.core.registry import pick
from noclone.core.seeds import stream
from noclone.learn.flows import cic_iot, nsl_kdd, unsw_nb15
from noclone.learn.flows.flow_table import Flows, FlowSplit, one_hot
from noclone.learn.task import CLASSIFICATION, ONE_CLASS, Data, Task

LOADERS: dict[str, Callable[[Path | str], FlowSplit]] = {
    "nsl-kdd": nsl_kdd.load,
    "unsw-nb15": unsw_nb15.load,
    "cic-iot": cic_iot.load,
}
_SUFFIX = "-one-class"
INTRUSION_TASKS = (*LOADERS, *(name + _SUFFIX for name in LOADERS))
"""Names that `intrusion_task` takes."""

TRAIN_FLOWS, TEST_FLOWS = 534, 4000
"""Drawn for a task; a split takes three quarters of the former, 400, and a quarter of the latter."""

_SOURCES = {
    "nsl-kdd": "NSL-KDD, Tavallaee et al., IEEE CISDA (2009)",
    "unsw-nb15": "UNSW-NB15, Moustafa and Slay, MilCIS (2015)",
    "cic-iot": "CIC-IoT 2023, Neto et al., Sensors 23, 5941 (2023), which has no split of its own: the last "
    "quarter is for tests",
}
_MODELS = {
    CLASSIFICATION: (
        "variational-classifier",
        "quantum-kernel-classifier",
        "quantum-convolutional-classifier",
    ),
    ONE_CLASS: ("quantum-kernel-one-class", "quantum-autoencoder", "quantum-svdd"),
}


def intrusion_task(name: str, folder: Path | str) -> Task:
    """Return a learning task on intrusion data in a folder.

    Parameters
    ----------
    name : str
        One of `INTRUSION_TASKS`: ``nsl-kdd``, ``unsw-nb15`` or ``cic-iot`` (normal or attack, 0 or 1), or one
        of these with ``-one-class`` (learn from normal flows only, 1 or -1).
    folder : path-like
        With the collection's files, see the module's `load`.

    Returns
    -------
    Task
        Its ``source`` names the files with their checksums and whether these are the published ones. It draws
        `Data`.

    Raises
    ------
    InvalidInput
        If the name is unknown, or a file is missing, cut off, or has other columns.
    """
    pick("task", name, dict.fromkeys(INTRUSION_TASKS))
    kind = ONE_CLASS if name.endswith(_SUFFIX) else CLASSIFICATION
    collection = name.removesuffix(_SUFFIX)
    split = LOADERS[collection](folder)
    left_out = (
        f"; {split.left_out:,} flows with numbers that are not finite left out" if split.left_out else ""
    )
    return Task(
        name=name,
        title="Attacks among recorded network flows",
        source=f"{_SOURCES[collection]}; files {', '.join(map(str, split.files))}{left_out}",
        kind=kind,
        draw=lambda seed: official_data(split, kind, seed),
        ceiling_text="not known",
        models=_MODELS[kind],
    )


def official_data(
    split: FlowSplit, kind: str, seed: int, train_flows: int = TRAIN_FLOWS, test_flows: int = TEST_FLOWS
) -> Data:
    """Draw training and test flows of a collection, as features.

    Parameters
    ----------
    split : FlowSplit
    kind : {"classification", "one-class"}
    seed : int
    train_flows, test_flows : int
        At most so many of either, in proportion to the classes.

    Returns
    -------
    Data
        Words are indicators of the values that the drawn training flows have.
    """
    train = _some(split.train, train_flows, seed, "training flows")
    test = _some(split.test, test_flows, seed, "test flows")
    _, *features = one_hot(train, test)
    attacks = np.concatenate([train.attacks, test.attacks])
    return Data(
        np.vstack(features),
        np.where(attacks, -1, 1) if kind == ONE_CLASS else attacks.astype(int),
        held_out=np.arange(len(attacks)) >= len(train),
    )


def _some(flows: Flows, most: int, seed: int, stage: str) -> Flows:
    """Return at most so many of the flows, attacks and normal ones in proportion."""
    if len(flows) <= most:
        return flows
    rng = stream(seed, stage)
    sides = [np.nonzero(flows.attacks == side)[0] for side in (False, True)]
    attacks = round(most * len(sides[1]) / len(flows))
    chosen = [
        rng.choice(side, count, replace=False)
        for side, count in zip(sides, (most - attacks, attacks), strict=True)
    ]
    return flows.rows(np.sort(np.concatenate(chosen)))
