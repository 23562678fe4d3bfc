"""Blocks of a drifting decoy-state link, normal and under every attack on pulses that there is."""

from __future__ import annotations

from functools import cache

import numpy as np

from noclone import attacks
from noclone.protocols.pulse_attack import PulseAttack
from noclone.protocols.readings import NAMES as READINGS
from noclone.records.pulse_features import pulse_columns
from noclone.records.telemetry import Telemetry, joined
from noclone.setup import Setup, load
from noclone.simulation.drift import FIELD
from noclone.simulation.pulse_telemetry import pulse_telemetry

COLUMNS = (*pulse_columns(3), "double_clicks", *READINGS)
PULSES, INTERVAL_S = 10**7, 600.0
"""Pulses of a block, and the time from one block to the next."""
FRACTION = 0.2
"""Share of the pulses that Eve attacks."""
RUNS = 12


@cache
def setup() -> Setup:
    """Return the link: the one of Lim et al. (2014), 50 km of fibre."""
    return load("lim-2014")


@cache
def eves() -> tuple[PulseAttack, ...]:
    """Return every attack on pulses in `noclone.attacks`, at `FRACTION`."""
    kinds = (attacks.get(name) for name in attacks.names())
    return tuple(kind(fraction=FRACTION) for kind in kinds if issubclass(kind, PulseAttack))


def attacked_blocks(normal_blocks: int, attacked: int, seed: int) -> tuple[Telemetry, np.ndarray]:
    """Return telemetry of several runs, and the run of each block.

    Parameters
    ----------
    normal_blocks, attacked : int
        Blocks per run without Eve, and with each attack.
    seed : int

    Returns
    -------
    telemetry : Telemetry
    runs : array of int, shape (blocks,)
        From 0 to `RUNS` - 1; every stretch of blocks has a drift of its own.

    Examples
    --------
    >>> telemetry, runs = attacked_blocks(2, 1, seed=1)
    >>> sorted(set(runs.tolist())) == list(range(RUNS)), "time-shift" in telemetry.labels
    (True, True)
    """
    parts, runs = [], []
    for run in range(RUNS):
        for place, eve in enumerate((None, *eves())):
            blocks = normal_blocks if eve is None else attacked
            stretch = run * (1 + len(eves())) + place
            parts.append(
                pulse_telemetry(
                    setup(),
                    blocks,
                    PULSES,
                    attack=eve,
                    drift=FIELD,
                    interval_s=INTERVAL_S,
                    seed=seed,
                    run=stretch,
                )
            )
            runs.append(np.full(blocks, run))
    return joined(parts), np.concatenate(runs)
