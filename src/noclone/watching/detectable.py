"""The weakest attack that a calibrated watcher sees, found by simulating it on more and more pulses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from noclone.protocols.pulse_attack import PulseAttack
from noclone.setup import Setup
from noclone.simulation.drift import STEADY, Drift
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.watching.calibration import Calibrated
from noclone.watching.verdict import Detectable

POWER = 0.9
"""Share of attacked blocks that must raise the alarm."""
MOST_FALSE = 0.25
"""Share of the model's blocks without an attack above which normal is something else than the model."""
FRACTIONS = np.logspace(-4, 0, 33)
_BLOCKS = 64


def sees_peace(
    calibrated: Calibrated, setup: Setup, pulses_per_block: int, *, drift: Drift = STEADY, seed: int = 1
) -> bool:
    """Return whether the model's own blocks without an attack are normal to the watcher.

    They need not be where normal was learned from records of a link that the setup describes badly.
    """
    blocks = _BLOCKS * calibrated.window
    telemetry = pulse_telemetry(setup, blocks, pulses_per_block, drift=drift, seed=seed)
    return bool(calibrated.alarms(calibrated.scores(telemetry)).mean() <= MOST_FALSE)


def least_fraction(
    calibrated: Calibrated,
    setup: Setup,
    attack: PulseAttack,
    pulses_per_block: int,
    *,
    drift: Drift = STEADY,
    seed: int = 1,
) -> Detectable:
    """Return the least share of attacked pulses at which nine of ten blocks raise the alarm.

    Parameters
    ----------
    calibrated : Calibrated
        Of telemetry whose blocks have so many pulses.
    setup : Setup
    attack : PulseAttack
        At any fraction.
    pulses_per_block : int
    drift : Drift
    seed : int

    Returns
    -------
    Detectable
        The fraction is one of `FRACTIONS`, eight per decade, found by bisection on 64 rows each; None if no
        fraction suffices.
    """

    def seen(place: int) -> bool:
        telemetry = pulse_telemetry(
            setup,
            _BLOCKS * calibrated.window,
            pulses_per_block,
            attack=replace(attack, fraction=float(FRACTIONS[place])),
            drift=drift,
            seed=seed,
            run=place + 1,
        )
        return bool(calibrated.alarms(calibrated.scores(telemetry)).mean() >= POWER)

    low, high = -1, len(FRACTIONS) - 1
    if not seen(high):
        return Detectable(attack.NAME, None, POWER)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if seen(middle) else (middle, high)
    return Detectable(attack.NAME, float(FRACTIONS[high]), POWER)
