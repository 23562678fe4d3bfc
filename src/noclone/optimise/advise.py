"""`advise` and `curves`: which protocol gives most key on a channel, and by how much."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.registry import pick
from noclone.link import FixedLoss
from noclone.optimise.tune import tune
from noclone.protocols import protocols
from noclone.protocols.protocol import Protocol
from noclone.setup import Grid, Setup, adapted, rate

Floats = NDArray[np.float64]

SOUND = ("coherent", "collective")
"""Classes of attacks against which a rate must hold to be called the best."""


@dataclass(frozen=True)
class Advice:
    """What one protocol would give on a channel.

    Attributes
    ----------
    protocol, bound : str
        Its name, and how Eve's share is bounded.
    rate_per_pulse, rate_bps : float
        With the best parameters found, asymptotic or for the block asked for.
    share_of_best : float
        Over the highest rate in bits per second among those that hold against collective attacks at least.
    attacks, regime : str
        What the number holds against.
    setup : Setup or None
        The tuned setup; None where the protocol cannot run here.
    remark : str
        Why it cannot, what breaks it, or what of the hardware was replaced.
    """

    protocol: str
    bound: str
    rate_per_pulse: float
    rate_bps: float
    share_of_best: float
    attacks: str
    regime: str
    setup: Setup | None
    remark: str


def advise(
    setup: Setup, names: Sequence[str] = (), *, pulses: float | None = None, asymptotic: bool = False
) -> list[Advice]:
    """Return what each protocol would give on a setup's channel, the best first.

    Each protocol takes the channel, the clock and the devices that it can use (see `noclone.adapted`) and
    is tuned. Those without a finite key are compared by their asymptotic rate, which their `regime` says.
    Rates that hold against individual attacks only, and broken protocols, come last and are never the best.

    Parameters
    ----------
    setup : Setup
        The link to be used.
    names : sequence of str
        Protocols to compare; all by default.
    pulses, asymptotic
        As in `noclone.rate`.

    Examples
    --------
    >>> import noclone as nc
    >>> first, second = advise(nc.load("gys-2004"), ["decoy-bb84", "weak-coherent-bb84"], asymptotic=True)
    >>> first.protocol, second.rate_bps < first.rate_bps
    ('decoy-bb84', True)
    """
    known = protocols()
    rows = []
    for name in list(names) or list(known):
        pick("protocol", name, known)
        rows.append(_advice(setup, name, pulses, asymptotic))
    best = max((row.rate_bps for row in rows if row.attacks in SOUND), default=0.0)
    ranked = sorted(rows, key=lambda row: (row.setup is None, row.attacks not in SOUND, -row.rate_bps))
    return [_shared(row, best) for row in ranked]


def _advice(setup: Setup, name: str, pulses: float | None, asymptotic: bool) -> Advice:
    kind = protocols()[name]
    try:
        other = adapted(setup, name)
    except InvalidInput as error:
        return Advice(name, "", 0.0, 0.0, 0.0, "", "", None, str(error))
    size: dict[str, Any] = {"asymptotic": asymptotic, "pulses": pulses}
    best = _tuned(other, size)
    answer = rate(best, **size)
    remarks = [f"broken: {kind.BROKEN}"] if kind.BROKEN else []
    replaced = [
        station
        for station, device in best.link.devices.items()
        if type(device) not in {type(own) for own in setup.link.devices.values()}
    ]
    if replaced:
        remarks.append(f"typical device at {', '.join(replaced)}")
    return Advice(
        protocol=name,
        bound=answer.bound,
        rate_per_pulse=float(answer.rate_per_pulse),
        rate_bps=float(answer.rate_bps),
        share_of_best=0.0,
        attacks=answer.security.attacks,
        regime=answer.security.regime,
        setup=best,
        remark="; ".join(remarks),
    )


def _tuned(setup: Setup, size: dict[str, Any]) -> Setup:
    if not setup.protocol.FREE and setup.protocol.NAME != "decoy-bb84":
        return setup
    return tune(setup, **size).setup or setup


def _shared(row: Advice, best: float) -> Advice:
    return dataclasses.replace(row, share_of_best=row.rate_bps / best if best > 0 else 0.0)


@dataclass(frozen=True)
class Curve:
    """The best rate of one protocol along a channel.

    Attributes
    ----------
    protocol : type
        The protocol's class.
    loss_db : ndarray, shape (n,)
        Of the whole way.
    rate_per_pulse, capacity, plob : ndarray, shape (n,)
        Secret bits per round, what the protocol cannot exceed, and what none without a repeater can.
    attacks : str
        What the rate holds against.
    """

    protocol: type[Protocol]
    loss_db: Floats
    rate_per_pulse: Floats
    capacity: Floats
    plob: Floats
    attacks: str


def curves(setup: Setup, names: Sequence[str], loss_db: ArrayLike, *, tuned: bool = True) -> list[Curve]:
    """Return the asymptotic rate of protocols along a channel of varying loss, with the setup's devices.

    Parameters
    ----------
    setup : Setup
        Whose devices are taken as in `noclone.adapted`; its channel is replaced by loss.
    names : sequence of str
        Protocols.
    loss_db : array_like, shape (n,)
        Loss of the whole way, half of it on each side of a station in the middle.
    tuned : bool
        Whether each protocol's free parameters are chosen anew at each loss.

    Examples
    --------
    >>> import noclone as nc
    >>> [curve] = curves(nc.load("decoy-bb84"), ["weak-coherent-bb84"], [0, 10])
    >>> bool(curve.rate_per_pulse[0] > curve.rate_per_pulse[1] > 0)
    True
    """
    losses = np.asarray(loss_db, float)
    way = FixedLoss(loss_db=float(np.median(losses)))
    half = FixedLoss(loss_db=way.loss_db / 2)
    ways = {"channel": way} if setup.link.middle is None else {"channel_a": half, "channel_b": half}
    base = Setup(setup.link.replaced(ways), setup.protocol)
    found = []
    for name in names:
        other = adapted(base, name)
        single = other.link.middle is None
        axis = {"channel.loss_db": losses} if single else {"channels.loss_db": losses / 2}
        grid = Grid.over(other, axis)
        answer = rate(grid, asymptotic=True)
        best = answer.rate_per_pulse
        if tuned and (other.protocol.FREE or name == "decoy-bb84"):
            best = tune(grid, asymptotic=True).rate_after
        found.append(
            Curve(
                type(other.protocol),
                losses,
                best + np.zeros_like(losses),
                answer.capacity + np.zeros_like(losses),
                answer.plob + np.zeros_like(losses),
                answer.security.attacks,
            )
        )
    return found
