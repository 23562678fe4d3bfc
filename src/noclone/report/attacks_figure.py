"""What the parties certify under each attack, and what Eve really leaves unknown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noclone.agreement.attacks import AttackRow, telling
from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.report.canvas import GREEN, INK, LINE, MUTED, VERMILION, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_IN, _MARGIN_IN = 0.215, 1.75
_LOOKS: tuple[dict[str, Any], ...] = (
    {"linestyle": "", "marker": "|", "markersize": 10, "markeredgewidth": 2},
    {"linestyle": "", "marker": "o", "markersize": 4.5},
)
"""What is certified, and what is left."""


def attacks_figure(rows: Sequence[AttackRow], path: Path | str) -> None:
    """Write the picture of attacks beside the bounds, one line each.

    Parameters
    ----------
    rows : sequence of AttackRow
        As `noclone.agreement.attacks.attacks_table` returns them.
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If it ends in something else or cannot be written, or there are no rows.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    chosen = sorted(telling(rows), key=lambda row: (not row.inside, row.left), reverse=True)
    if not chosen:
        raise InvalidInput("rows", "must not be empty")
    groups = [
        ("bits per sifted bit, before error correction", [row for row in chosen if not _of_symbols(row)]),
        ("bits per symbol, after error correction", [row for row in chosen if _of_symbols(row)]),
    ]
    groups = [(label, group) for label, group in groups if group]
    about = {"Date": None} if kind == "svg" else None
    with sheet(_ROW_IN * len(chosen) + _MARGIN_IN, facecolor="white") as figure:
        panels = figure.subplots(
            len(groups), 1, squeeze=False, height_ratios=[len(group) + 1.5 for _, group in groups]
        )
        for axes, (label, group) in zip(panels[:, 0], groups, strict=True):
            _draw(axes, group)
            axes.set_xlabel(label)
        figure.suptitle(
            "Inside its assumptions (green) no bound is beaten; outside (vermilion) every one is",
            x=0.01,
            ha="left",
            fontsize=10,
        )
        marks = [mark for look in _LOOKS for mark in panels[0, 0].plot([], [], color=INK, **look)]
        figure.legend(
            marks,
            ["what the parties certify", "what Eve really leaves unknown, at most"],
            loc="outside lower center",
            ncols=2,
        )
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _of_symbols(row: AttackRow) -> bool:
    return row.seen[0][0] == "transmittance"


def _draw(axes: Axes, rows: list[AttackRow]) -> None:
    for place, row in enumerate(rows):
        colour = GREEN if row.inside else VERMILION
        axes.plot([row.certified, row.left], [place, place], color=colour, linewidth=1.2, alpha=0.5)
        for value, look in zip((row.certified, row.left), _LOOKS, strict=True):
            axes.plot(value, place, color=colour, **look)
    axes.set_yticks(range(len(rows)), [row.attack for row in rows], fontsize=8)
    axes.set_ylim(-0.8, len(rows) - 0.2)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_color(LINE)
