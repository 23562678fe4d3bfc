"""Every experiment with a rate per round, against the loss of its channel, under the best curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from noclone.agreement.experiments import entries, loss_db, per_round
from noclone.core.files import write_atomically
from noclone.optimise.advise import Curve
from noclone.protocols import protocols
from noclone.rates.capacity import single_repeater_bound
from noclone.report.canvas import AMBER, BLUE, GREEN, INK, LINE, MUTED, PURPLE, VERMILION, sheet

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
    losses = np.linspace(0.05, 165, 400)
    way = 10 ** (-losses / 10)
    with sheet(5.2, facecolor="white") as figure:
        axes = figure.add_subplot()
        axes.plot(losses, -np.log1p(-way) / np.log(2), color=INK, linewidth=1.1, label="PLOB, no repeater")
        axes.plot(
            losses, single_repeater_bound(way), color=INK, linewidth=1.1, linestyle=":", label="one repeater"
        )
        for curve in curves:
            shown = np.where(curve.rate_per_pulse > 0, curve.rate_per_pulse, np.nan)
            colour = _LOOKS.get(curve.protocol.FAMILY, (LINE, ""))[0]
            axes.plot(curve.loss_db, shown, color=colour, linewidth=0.8, alpha=0.55)
        near = axes.inset_axes((0.08, 0.06, 0.36, 0.33), facecolor="white")
        near.set_xlim(0, _NEAR_DB)
        near.set_ylim(*_NEAR_RATES)
        near.tick_params(labelsize=7)
        near.set_yscale("log")
        named: set[str] = set()
        for entry in entries():
            rate, loss = per_round(entry), loss_db(entry)
            if not rate or loss is None:
                continue
            family = protocols()[entry["protocol"]].FAMILY
            colour, marker = _LOOKS[family]
            face = colour if entry["loss_db"] else "none"
            label = None if family in named else family
            named.add(family)
            look: Any = {"color": colour, "markerfacecolor": face, "markersize": 5}
            axes.plot(loss, rate, marker, label=label, **look)
            panel = near if loss < _NEAR_DB else axes
            if panel is near:
                near.plot(loss, rate, marker, **look)
            name, at = entry["experiment"], (5, 3) if loss < 150 else (-40, 5)
            panel.annotate(name, (loss, rate), at, textcoords="offset points", fontsize=6.5, color=MUTED)
        axes.set_yscale("log")
        axes.set_ylim(_LOWEST, 10)
        axes.set_xlim(0, 165)
        axes.set_xlabel("loss from Alice to Bob (dB); hollow: length known, .157 dB/km assumed")
        axes.set_ylabel("secret bits per round")
        axes.legend(loc="upper right", fontsize=8)
        figure.suptitle(
            "No experiment exceeds its capacity; lines: tuned protocols with superconducting detectors",
            x=0.01,
            ha="left",
            fontsize=9.5,
        )
        about = {"Date": None} if path.suffix == ".svg" else None
        kind_of_file = path.suffix.lstrip(".")
        write_atomically(
            path, lambda file: figure.savefig(file, format=kind_of_file, dpi=160, metadata=about)
        )
