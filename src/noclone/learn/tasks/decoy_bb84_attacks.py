"""Which attack is on a drifting decoy-state link, if any: every attack on pulses that there is."""

from noclone.learn.attacked_blocks import COLUMNS, attacked_blocks
from noclone.learn.task import CLASSIFICATION, Data, Task


def draw(seed: int) -> Data:
    """Return features, labels and runs."""
    telemetry, runs = attacked_blocks(6, 2, seed)
    return Data(telemetry.values, telemetry.labels, groups=runs)


TASK = Task(
    name="decoy-bb84-attacks",
    title="Which attack is on a drifting decoy-state link",
    source="Our simulation: lim-2014, 1e7 pulses per block, a fifth of the pulses attacked, drift of a link "
    "in the field. The question of Al-Kuwari et al., arXiv:2509.14282, with all attacks on pulses of noclone",
    kind=CLASSIFICATION,
    draw=draw,
    ceiling_text="not known: the drift is a random path. It is below 1, because laser damage and back-flash "
    "change nothing that is measured",
    columns=COLUMNS,
)
