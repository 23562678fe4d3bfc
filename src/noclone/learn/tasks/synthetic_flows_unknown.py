"""Attacks among synthetic network flows, by a model that has seen normal flows only."""

from __future__ import annotations

import numpy as np

from noclone.learn.flows.synthetic import features, synthetic_flows
from noclone.learn.task import ONE_CLASS, Data, Task

NAME = "synthetic-flows-unknown"


def _draw(seed: int) -> Data:
    flows, runs = synthetic_flows(seed)
    return Data(features(flows), np.where(flows.attacks, -1, 1), times=runs)


TASK = Task(
    name=NAME,
    title="Network flows unlike normal ones",
    source="of our own making: 1,200 flows of 100 runs with columns of NSL-KDD (Tavallaee et al., 2009), a "
    "third of them attacks; the setting of Hdaib et al., Quantum Mach. Intell. 6, 26 (2024), which used "
    "public data",
    kind=ONE_CLASS,
    draw=_draw,
    ceiling_text="not known: attacks of any kind may come",
    models=("quantum-kernel-one-class", "quantum-autoencoder", "quantum-svdd"),
)
