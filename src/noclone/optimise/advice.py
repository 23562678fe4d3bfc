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
from noclone.link import Fibre, FixedLoss
from noclone.optimise.tuning import tunable, tune
from noclone.protocols import protocols
from noclone.protocols.protocol import Protocol, unlocked
from noclone.setup import Grid, Setup, adapted, rate, replaced

Floats = NDArray[np.float64]


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
        Over the highest rate in bits per second among those that are `eligible`.
    claim : str
        Against which attacks the number holds, and in which regime.
    eligible : bool
        Whether it may be called the best: it holds against collective attacks at least, in the regime asked
        for, and needs no station that the setup does not have.
    setup : Setup or None
        The tuned setup; None where the protocol cannot run here.
    remark : str
        Why it cannot, what breaks it, what was replaced, and what else keeps it from being the best.
    """

    protocol: str
    bound: str
    rate_per_pulse: float
    rate_bps: float
    share_of_best: float
    claim: str
    eligible: bool
    setup: Setup | None
    remark: str


def advise(
    setup: Setup, names: Sequence[str] = (), *, pulses: float | None = None, asymptotic: bool = False
) -> list[Advice]:
    """Return what each protocol would give on a setup's channel, the best first.

    Each protocol takes the channel, the clock and the devices that it can use (see `noclone.adapted`) and
    is tuned. Rates that hold against individual attacks only or for endless blocks although a block was
    asked for, protocols that need a station in the middle of a direct link, and broken ones follow after
    the others and are never the best.

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
    for name in names:
        pick("protocol", name, known)
    rows = [_advice(setup, name, pulses, asymptotic) for name in (list(names) or list(known))]
    best = max((row.rate_bps for row in rows if row.eligible), default=0.0)
    ranked = sorted(rows, key=lambda row: (row.setup is None, not row.eligible, -row.rate_bps))
    return [
        dataclasses.replace(row, share_of_best=row.rate_bps / best if best > 0 else 0.0) for row in ranked
    ]


def _advice(setup: Setup, name: str, pulses: float | None, asymptotic: bool) -> Advice:
    try:
        other = adapted(setup, name)
    except InvalidInput as error:
        return Advice(name, "", 0.0, 0.0, 0.0, "", False, None, str(error))
    other = dataclasses.replace(other, protocol=unlocked(other.protocol))
    size: dict[str, Any] = {"asymptotic": asymptotic, "pulses": pulses}
    best = _tuned(other, size)
    answer = rate(best, **size)
    against = [f"broken: {answer.broken}"] if answer.broken else []
    if setup.link.middle is None and best.link.middle is not None:
        against.append("needs a station halfway")
    if not asymptotic and answer.security.regime == "asymptotic":
        against.append("no finite key")
    if answer.security.attacks == "individual":
        against.append("individual attacks only")
    others = replaced(setup, best)
    remarks = [*against, *([f"typical device at {', '.join(others)}"] if others else [])]
    return Advice(
        protocol=name,
        bound=answer.bound,
        rate_per_pulse=float(answer.rate_per_pulse),
        rate_bps=float(answer.rate_bps),
        share_of_best=0.0,
        claim=answer.claim,
        eligible=not against,
        setup=best,
        remark="; ".join(remarks),
    )


def _tuned(setup: Setup, size: dict[str, Any]) -> Setup:
    return (tune(setup, **size).setup if tunable(setup) else None) or setup


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


def curves(setup: Setup, names: Sequence[str], along: ArrayLike, *, tuned: bool = True) -> list[Curve]:
    """Return the asymptotic rate of protocols along the channel of a setup, with the setup's devices.

    Parameters
    ----------
    setup : Setup
        Whose devices and channel are taken as in `noclone.adapted`.
    names : sequence of str
        Protocols.
    along : array_like, shape (n,)
        Length of the whole way in km where it is fibre, or its loss in dB where it is a fixed loss; half of
        it lies on each side of a station in the middle.
    tuned : bool
        Whether each protocol's free parameters are chosen anew at each point.

    Raises
    ------
    InvalidInput
        If a protocol does not exist or the channel is of another kind.

    Examples
    --------
    >>> import noclone as nc
    >>> [curve] = curves(nc.load("decoy-bb84"), ["weak-coherent-bb84"], [0, 50])
    >>> bool(curve.rate_per_pulse[0] > curve.rate_per_pulse[1] > 0)
    True
    """
    values = np.asarray(along, float)
    name = {Fibre: "length_km", FixedLoss: "loss_db"}.get(type(setup.link.ways[0]))
    if name is None:
        kind = setup.link.ways[0].KIND
        raise InvalidInput(
            "channel", f"must be fibre or fixed-loss to compare protocols along it, but is {kind}"
        )
    base = setup.replace(_way(setup, name, float(np.median(values))))
    found = []
    for protocol in names:
        other = adapted(base, protocol)
        other = dataclasses.replace(other, protocol=unlocked(other.protocol))
        grid = Grid.over(other, _way(other, name, values))
        answer = rate(grid, asymptotic=True)
        best = answer.rate_per_pulse
        if tuned and tunable(other):
            best = tune(grid, asymptotic=True).rate_after
        through = sum(
            share * np.prod(np.broadcast_arrays(*ways), axis=0) for share, ways in grid.link.segments()
        )
        found.append(
            Curve(
                type(other.protocol),
                -10 * np.log10(through + np.zeros_like(values)),
                best,
                answer.capacity,
                answer.plob,
                answer.security.attacks,
            )
        )
    return found


def _way(setup: Setup, name: str, whole: Any) -> dict[str, Any]:
    """Return the change that gives the whole way this length or loss."""
    if setup.link.middle is None:
        return {f"channel.{name}": whole}
    return {f"channels.{name}": whole / 2}
