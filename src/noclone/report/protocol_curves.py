"""Protocols side by side: the rate of each against the loss of the channel, under the capacity bounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.optimise.advice import Curve
from noclone.rates.capacity import single_repeater_bound
from noclone.report.canvas import AMBER, BLUE, GREEN, INK, LINE, MUTED, PURPLE, VERMILION, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, AMBER)
_DASHES = ("-", "--", ":")
_ONE_PANEL = 8
"""Curves that one panel can hold; more get a panel for each family."""
_DECADES = 10


def comparison_figure(curves: Sequence[Curve], path: Path | str) -> None:
    """Write a picture of several protocols' rates against loss.

    Parameters
    ----------
    curves : sequence of Curve
        As `noclone.optimise.advice.curves` gives them, over the same losses.
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If no protocol has a key, the ending is another, or the file cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    if not any(np.any(curve.rate_per_pulse > 0) for curve in curves):
        raise InvalidInput("sweep", "finds no key for any protocol, so there is nothing to draw")
    families = list(dict.fromkeys(curve.protocol.FAMILY for curve in curves))
    together = len(curves) <= _ONE_PANEL
    rows = 1 if together else -(-len(families) // 2)
    with sheet(4.6 if together else 2.9 * rows, facecolor="white") as figure:
        panels = figure.subplots(rows, 1 if together else 2, sharex=True, sharey=True, squeeze=False).ravel()
        for number, panel in enumerate(panels):
            if not together and number >= len(families):
                panel.set_axis_off()
                continue
            mine = [curve for curve in curves if together or families[number] == curve.protocol.FAMILY]
            if not together:
                _others(panel, [curve for curve in curves if curve not in mine])
                panel.set_title(families[number], loc="left")
            _panel(panel, mine, curves[0])
        _limits(panels[0], curves)
        figure.supxlabel("loss from Alice to Bob (dB)", fontsize=10)
        figure.supylabel("secret bits per round, asymptotic", fontsize=10)
        figure.suptitle(_finding(curves), x=0.01, ha="left", fontsize=10)
        about = {"Date": None} if kind == "svg" else None
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _finding(curves: Sequence[Curve]) -> str:
    """Say where which protocol that holds against collective attacks at least gives most."""
    sound = [curve for curve in curves if curve.attacks in ("coherent", "collective")]
    if not sound:
        return "No protocol here holds against collective attacks"
    rates = np.stack([curve.rate_per_pulse for curve in sound])
    losses = sound[0].loss_db
    names = [curve.protocol.NAME for curve in sound]
    best = [names[row] if rates[:, at].any() else "" for at, row in enumerate(rates.argmax(axis=0))]
    parts, start = [], 0
    for at in range(1, len(best) + 1):
        if at == len(best) or best[at] != best[start]:
            if best[start]:
                end = losses[min(at, len(best) - 1)]
                parts.append(f"{best[start]} up to {end:.3g} dB")
            start = at
    return "Most bits per round: " + ", ".join(parts[:3])


def _panel(axes: Axes, curves: Sequence[Curve], first: Curve) -> None:
    losses = first.loss_db
    _capacities(axes, first)
    for number, curve in enumerate(curves):
        axes.plot(
            losses,
            _shown(curve.rate_per_pulse),
            color=_COLOURS[number % len(_COLOURS)],
            linestyle=_DASHES[number // len(_COLOURS) % len(_DASHES)],
            label=_label(curve),
        )
    axes.set_yscale("log")
    axes.legend(loc="lower left", fontsize=7.5, handlelength=1.6, labelspacing=0.3)


def _label(curve: Curve) -> str:
    """Return a curve's name with what readers must know of it."""
    if curve.protocol.BROKEN:
        return f"{curve.protocol.NAME} (BROKEN)"
    if not np.any(curve.rate_per_pulse > 0):
        return f"{curve.protocol.NAME} (no key here)"
    return curve.protocol.NAME + (" (individual attacks)" if curve.attacks == "individual" else "")


def _others(axes: Axes, curves: Sequence[Curve]) -> None:
    for curve in curves:
        axes.plot(curve.loss_db, _shown(curve.rate_per_pulse), color=LINE, linewidth=0.8)


def _shown(values: np.ndarray) -> np.ndarray:
    shown: np.ndarray = np.where((values > 0) & np.isfinite(values), values, np.nan)
    return shown


def _limits(axes: Axes, curves: Sequence[Curve]) -> None:
    losses = curves[0].loss_db
    top = max(float(np.max(curve.rate_per_pulse)) for curve in curves)
    lowest = min(
        float(np.min(curve.rate_per_pulse[curve.rate_per_pulse > 0]))
        for curve in curves
        if np.any(curve.rate_per_pulse > 0)
    )
    axes.set_ylim(max(lowest / 2, top * 10.0**-_DECADES), 3 * max(top, 1.0))
    axes.set_xlim(float(losses.min()), float(losses.max()))


def _capacities(axes: Axes, first: Curve) -> None:
    """Draw both capacities and write their names beside them."""
    losses = first.loss_db
    one = single_repeater_bound(10 ** (-losses / 10))
    at = int(0.72 * (len(losses) - 1))
    for values, text, dash in ((first.plob, "PLOB", "-"), (one, "one repeater", (0, (1, 1.5)))):
        axes.plot(losses, _shown(values), color=INK, linewidth=1.1, linestyle=dash)
        axes.annotate(
            text, (losses[at], values[at]), (3, 3), textcoords="offset points", color=MUTED, fontsize=8
        )
