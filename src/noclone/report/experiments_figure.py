"""Every experiment with a rate per round, against the loss of its channel, under the best curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noclone.agreement.experiments import NOT_SECRET, entries, loss_db, per_round
from noclone.core.files import write_atomically
from noclone.optimise.advice import Curve
from noclone.protocols import protocols
from noclone.rates.capacity import repeaterless_bound, single_repeater_bound
from noclone.report.canvas import AMBER, BLUE, GREEN, INK, LINE, MUTED, PURPLE, VERMILION, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOOKS = {
    "prepare-and-measure": (BLUE, "o"),
    "distributed-phase": (AMBER, "s"),
    "entanglement": (GREEN, "D"),
    "relay": (VERMILION, "^"),
    "continuous-variable": (PURPLE, "v"),
}
_LOWEST = 1e-13
_NEAR_DB, _NEAR_RATES = 8.0, (5e-3, 0.3)
"""What the small panel enlarges."""


def experiments_figure(curves: Sequence[Curve], path: Path | str) -> None:
    """Write the picture of all experiments that tell a secret rate per round and a loss.

    Parameters
    ----------
    curves : sequence of Curve
        Drawn thin behind the points, in their family's colour.
    path : path-like
        Ends in ``.svg`` or ``.png``.
    """
    path = Path(path)
    kind = path.suffix.lstrip(".")
    with sheet(8.2, facecolor="white") as figure:
        rounds, seconds = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
        _curves(rounds, curves)
        near = rounds.inset_axes((0.56, 0.57, 0.43, 0.42), facecolor="white")
        near.set(xlim=(0, _NEAR_DB), ylim=_NEAR_RATES, yscale="log")
        near.tick_params(labelsize=7)
        named: set[str] = set()
        for entry in entries():
            loss, per, secret = loss_db(entry), per_round(entry), entry["status"] != NOT_SECRET
            if loss is None or not secret:
                continue
            family = protocols()[entry["protocol"]].FAMILY
            if per:
                _point(rounds, entry, loss, per, family, near if loss < _NEAR_DB else rounds, named)
                if loss < _NEAR_DB:
                    _point(near, entry, loss, per, family, None, named)
            if entry["rate_bps"]:
                place = None if loss < _NEAR_DB else seconds
                _point(seconds, entry, loss, float(entry["rate_bps"]), family, place, named)
        rounds.set(yscale="log", ylim=(_LOWEST, 30), xlim=(0, 165), ylabel="secret bits per round")
        seconds.set(yscale="log", ylabel="secret bits per second")
        seconds.set_xlabel("loss from Alice to Bob (dB); hollow: length known, .157 dB/km assumed")
        rounds.legend(loc="lower left", fontsize=8)
        figure.suptitle(
            "No experiment exceeds its capacity. Lines: every protocol, tuned, superconducting detectors",
            x=0.01,
            ha="left",
            fontsize=9.5,
        )
        about = {"Date": None} if kind == "svg" else None
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _curves(axes: Axes, curves: Sequence[Curve]) -> None:
    losses = np.linspace(0.05, 165, 400)
    way = 10 ** (-losses / 10)
    axes.plot(losses, repeaterless_bound(way), color=INK, linewidth=1.1, label="PLOB, no repeater")
    axes.plot(losses, single_repeater_bound(way), color=INK, linewidth=1.1, ls=":", label="one repeater")
    for curve in curves:
        shown = np.where(curve.rate_per_pulse > 0, curve.rate_per_pulse, np.nan)
        colour = _LOOKS.get(curve.protocol.FAMILY, (LINE, ""))[0]
        axes.plot(curve.loss_db, shown, color=colour, linewidth=0.7, alpha=0.45)


def _point(
    axes: Axes,
    entry: dict[str, str],
    loss: float,
    value: float,
    family: str,
    names_in: Axes | None,
    named: set[str],
) -> None:
    """Draw one experiment, and write its name into that panel."""
    colour, marker = _LOOKS[family]
    label = None if family in named else family
    named.add(family)
    face = colour if entry["loss_db"] else "none"
    axes.plot(loss, value, marker, color=colour, markerfacecolor=face, markersize=5, label=label)
    if names_in is not None:
        at = (5, 3) if loss < 140 else (-44, 5)
        names_in.annotate(
            entry["experiment"], (loss, value), at, textcoords="offset points", fontsize=6.3, color=MUTED
        )
