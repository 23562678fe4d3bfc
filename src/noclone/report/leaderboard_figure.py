"""The leaderboard as a picture: how far every watcher stays below the best answer there is, task by task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.report.canvas import AMBER, BLUE, GREEN, INK, PURPLE, VERMILION, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = {
    "exact": (INK, "D"),
    "one-class": (GREEN, "s"),
    "supervised": (VERMILION, "^"),
    "quantum": (BLUE, "o"),
    "unentangled": (AMBER, "o"),
}
_ROW_IN, _FRAME_IN = 0.52, 1.7
_CEILING = PURPLE


def leaderboard_figure(results: Sequence[dict[str, Any]], path: Path | str) -> None:
    """Write the picture of the leaderboard.

    Parameters
    ----------
    results : sequence of dict
        What the files of `noclone.learn.leaderboard` hold.
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If it ends in something else or cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    about = {"Date": None} if kind == "svg" else None
    with sheet(_FRAME_IN + _ROW_IN * len(results), facecolor="white") as figure:
        _draw(figure, results)
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _draw(figure: Figure, results: Sequence[dict[str, Any]]) -> None:
    axes = figure.add_subplot()
    for place, result in enumerate(results):
        for lane, (family, (colour, marker)) in enumerate(_LOOKS.items()):
            rows = [row for row in result["rows"] if row["family"] == family]
            _lane(axes, rows, place + 0.14 * (lane - 2), colour, marker)
        if result["ceiling"] is not None:
            axes.plot([result["ceiling"]] * 2, [place - 0.4, place + 0.4], color=_CEILING, linewidth=2.4)
    for family, (colour, marker) in _LOOKS.items():
        axes.plot([], [], marker, color=colour, linestyle="none", label=family)
    axes.plot([], [], color=_CEILING, linewidth=2.4, label="ceiling")
    names = [f"{result['task']}\n{_METRIC.get(result['metric'], result['metric'])}" for result in results]
    axes.set_yticks(range(len(results)), names)
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.set_xlabel("score on fresh blocks, mean over five splits")
    axes.set_xlim(right=1.01)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)
    for place in range(1, len(results)):
        axes.axhline(place - 0.5, color="#d3d8e0", linewidth=0.7)
    figure.legend(loc="outside lower center", ncols=3)


_METRIC = {"roc_auc": "area under ROC", "accuracy": "accuracy"}


def _lane(axes: Axes, rows: list[dict[str, Any]], height: float, colour: str, marker: str) -> None:
    if not rows:
        return
    scores = [row["score"] for row in rows]
    widths = [min(row["half_width"], 1.0) for row in rows]
    best = int(np.argmax(scores))
    axes.plot(scores, [height] * len(rows), marker, color=colour, markersize=4.5, alpha=0.75)
    # The interval of the best of its kind only, so that the others stay legible.
    axes.plot(
        [scores[best] - widths[best], min(scores[best] + widths[best], 1.0)],
        [height] * 2,
        color=colour,
        linewidth=1.2,
    )
