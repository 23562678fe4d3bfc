"""Whether a drifting decoy-state link is as usual, for watchers that have seen no attack."""

import numpy as np

from noclone.learn.attacked_blocks import COLUMNS, attacked_blocks
from noclone.learn.task import ONE_CLASS, Data, Task
from noclone.records.telemetry import NORMAL


def draw(seed: int) -> Data:
    """Return features, 1 for normal and -1 for attacked blocks, and runs."""
    telemetry, runs = attacked_blocks(30, 1, seed)
    return Data(telemetry.values, np.where(telemetry.labels == NORMAL, 1, -1), groups=runs)


TASK = Task(
    name="decoy-bb84-unknown-attacks",
    title="Is a drifting decoy-state link as usual?",
    source="Our simulation: lim-2014, 1e7 pulses per block, a fifth of the pulses attacked by any of the "
    "attacks on pulses, drift of a link in the field. The question of Liu et al., arXiv:2508.12749",
    kind=ONE_CLASS,
    draw=draw,
    ceiling_text="not known: the drift is a random path. It is below 1, because laser damage and back-flash "
    "change nothing that is measured",
    columns=COLUMNS,
)
