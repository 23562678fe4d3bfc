"""Attacks among synthetic network flows, learned from the past; new kinds of attack keep coming."""

from __future__ import annotations

from noclone.learn.flows.synthetic import features, synthetic_flows
from noclone.learn.task import CLASSIFICATION, Data, Task

NAME = "synthetic-flows"


def _draw(seed: int) -> Data:
    flows, runs = synthetic_flows(seed)
    return Data(features(flows), flows.attacks.astype(int), times=runs)


TASK = Task(
    name=NAME,
    title="Attacks among network flows",
    source="of our own making: 1,200 flows of 100 runs with columns of NSL-KDD (Tavallaee et al., 2009), a "
    "third of them attacks; the setting of Abreu et al., arXiv:2410.16308, which used public data",
    kind=CLASSIFICATION,
    draw=_draw,
    ceiling_text="not known: later runs hold kinds of attack that no earlier run shows",
    models=("variational-classifier", "quantum-kernel-classifier", "quantum-convolutional-classifier"),
)
