"""Data sets of a link: several runs, each with its own drift, normal and under attack."""

from __future__ import annotations

from collections.abc import Sequence

from noclone.core.errors import InvalidInput
from noclone.core.kinds import check_kind
from noclone.core.numbers import finite, whole
from noclone.core.progress import Progress, silent
from noclone.protocols.attack import Attack
from noclone.protocols.gg02 import GG02
from noclone.protocols.symbol_attack import SymbolAttack
from noclone.records.telemetry import Telemetry, joined
from noclone.setup import Setup
from noclone.simulation.drift import STEADY, Drift
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.simulation.symbol_telemetry import symbol_telemetry

PULSES, SYMBOLS = 10**7, 10**4
"""Pulses and symbols per block if nothing else is said."""


def link_telemetry(
    setup: Setup,
    blocks: int,
    block_size: float | None = None,
    *,
    attacks: Sequence[Attack | None] = (None,),
    runs: int = 1,
    drift: Drift = STEADY,
    interval_s: float = 60.0,
    seed: int = 1,
    progress: Progress = silent,
) -> Telemetry:
    """Return telemetry of every attack in every run.

    Parameters
    ----------
    setup : Setup
        Decoy-state BB84 and its like, or GG02.
    blocks : int
        Per run and attack.
    block_size : float, optional
        Pulses or symbols per block; 1e7 or 1e4 by default.
    attacks : sequence of Attack or None
        None for normal blocks.
    runs : int
        Runs per attack; no two share their drift.
    drift, interval_s, seed
        As for `pulse_telemetry`.
    progress : callable

    Returns
    -------
    Telemetry

    Raises
    ------
    InvalidInput
        If an attack does not act on such a link.

    Examples
    --------
    >>> import noclone as nc
    >>> found = link_telemetry(nc.load("lim-2014"), 5, runs=2, attacks=[None, nc.attacks.InterceptResend()])
    >>> len(found), len(set(found.runs.tolist()))
    (20, 4)
    """
    check_kind("setup", setup, Setup)
    runs = whole("runs", runs, 1)
    continuous = isinstance(setup.protocol, GG02)
    parts = []
    for place, attack in enumerate(attacks):
        for run in range(runs):
            number = place * runs + run
            if continuous:
                if isinstance(attack, Attack) and not isinstance(attack, SymbolAttack):
                    raise InvalidInput(
                        "attack", f"must act on symbols, but {attack.NAME} acts on {attack.ACTS_ON}"
                    )
                size = finite("block_size", SYMBOLS if block_size is None else block_size)
                if size != int(size):
                    raise InvalidInput("block_size", f"must be a whole number, but is {block_size}")
                part = symbol_telemetry(
                    setup,
                    blocks,
                    int(size),
                    attack=attack,
                    drift=drift,
                    interval_s=interval_s,
                    seed=seed,
                    run=number,
                )
            else:
                part = pulse_telemetry(
                    setup,
                    blocks,
                    PULSES if block_size is None else block_size,
                    attack=attack,
                    drift=drift,
                    interval_s=interval_s,
                    seed=seed,
                    run=number,
                )
            parts.append(part)
            progress("telemetry", (number + 1) / (len(attacks) * runs))
    return joined(parts)
