"""Scores of learning models side by side: every split, the interval of the mean, the ceiling, the cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.learn.contenders import CLASSICAL, QUANTUM, UNENTANGLED
from noclone.report.canvas import AMBER, BLUE, GREEN, INK, Picture, powers_of_ten, sheet, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from noclone.learn import Comparison
    from noclone.learn.comparison import Entry

_LOOKS = {QUANTUM: (BLUE, "o"), UNENTANGLED: (AMBER, "D"), CLASSICAL: (GREEN, "s")}
_METRICS = {"accuracy": "accuracy", "r2": "R²", "roc_auc": "area under the ROC curve"}
_LOWEST = {"accuracy": 0.0, "r2": -np.inf, "roc_auc": 0.0}
"""No score is lower, and none above 1: bars end there, though an interval may not."""
_ROW_IN, _FRAME_IN = 0.36, 1.3
_MEAN, _SPLITS = -0.16, (0.08, 0.36)
"""Where in its row a model's mean lies, and from where to where its splits."""


def scores_picture(comparison: Comparison) -> Picture:
    """Return the picture of a comparison for a page."""
    with sheet(_height_in(comparison)) as figure:
        _draw(figure, comparison)
        drawing = svg(figure, f"scores-{comparison.title}", f"Scores of each model. {comparison.verdict}")
    best = {side: comparison.best(side) for side in (QUANTUM, CLASSICAL)}
    names = " and ".join(entry.name for entry in best.values() if entry is not None)
    finding = f"{comparison.title}: {'an advantage' if comparison.advantage else 'no advantage'} ({names})"
    caption = (
        f"Small marks: the {comparison.seeds} splits. Large marks and bars: mean and 95 % interval, "
        "corrected for rows that splits share, cut off where no score can be. Right: wall time of one fit. "
        f"{comparison.verdict}"
    )
    return Picture(f"scores-{comparison.title}", finding, caption, drawing)


def scores_figure(comparison: Comparison, path: Path | str) -> None:
    """Write the picture of a comparison.

    Parameters
    ----------
    comparison : Comparison
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
    with sheet(_height_in(comparison), facecolor="white") as figure:
        _draw(figure, comparison)
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _height_in(comparison: Comparison) -> float:
    return _FRAME_IN + _ROW_IN * len(comparison.entries)


def _draw(figure: Figure, comparison: Comparison) -> None:
    scores, times = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    named: set[str] = set()
    for place, entry in enumerate(comparison.entries):
        colour, marker = _LOOKS[entry.side]
        label = None if entry.side in named else entry.side
        named.add(entry.side)
        _scores(scores, place, comparison, entry, colour, marker, label)
        seconds = [trial.fit_s for trial in entry.trials]
        times.plot(np.median(seconds), place, marker, color=colour, markersize=6)
        times.plot([min(seconds), max(seconds)], [place, place], color=colour, linewidth=1.2)
    if comparison.ceiling is not None:
        scores.axvline(comparison.ceiling, color=INK, linestyle="--", linewidth=1.2, label="ceiling")
    scores.set_yticks(range(len(comparison.entries)), [_label(entry) for entry in comparison.entries])
    scores.set_ylim(len(comparison.entries) - 0.5, -0.5)
    scores.set_xlim(right=min(scores.get_xlim()[1], 1.012))
    scores.set_xlabel(f"{_METRICS[comparison.metric]} on test rows")
    times.set(xscale="log", xlabel="fit (s)")
    low, high = times.get_xlim()
    times.set_xlim(low / 1.5, high * 1.5)
    powers_of_ten(times, "x", 3)
    for axes in (scores, times):
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
    title = comparison.title + (": quick look, no basis for a statement" if comparison.quick else "")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    figure.legend(loc="outside lower left", ncols=4)


def _scores(
    axes: Axes, place: int, comparison: Comparison, entry: Entry, colour: str, marker: str, label: str | None
) -> None:
    mean = comparison.score(entry)
    room = np.array([[mean.mean - _LOWEST[comparison.metric]], [1 - mean.mean]])
    reach = np.minimum(mean.half_width, np.maximum(room, 0))
    values = entry.scores(comparison.metric)
    # Splits lie apart by height, so that equal scores do not hide each other.
    heights = place + np.linspace(_SPLITS[0], _SPLITS[1], len(values))
    axes.plot(values, heights, marker, color=colour, markersize=3, alpha=0.6, linestyle="none")
    axes.errorbar(
        mean.mean,
        place + _MEAN,
        xerr=reach,
        fmt=marker,
        color=colour,
        markersize=6.5,
        markeredgecolor="white",
        elinewidth=1.6,
        label=label,
    )


def _label(entry: Entry) -> str:
    return entry.name if entry.entangled_name is None else "unentangled"
