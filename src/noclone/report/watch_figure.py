"""The picture of a verdict: what changed, in standard deviations, and how strange the run is as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.report.canvas import BLUE, INK, LINE, VERMILION, Picture, sheet, svg
from noclone.report.notation import percent, sigmas, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from noclone.watching.watch import Watched

_MOST_FEATURES = 14
_ROW_IN, _FRAME_IN = 0.24, 3.4
_USUAL_SIGMAS = 3.0


def watch_picture(watched: Watched) -> Picture:
    """Return the picture of a verdict for a page."""
    verdict = watched.verdict
    first = verdict.evidence[0]
    if verdict.alarm:
        finding = f"Alarm: {first.feature} lies {sigmas(first.sigmas)} from normal"
    else:
        finding = (
            f"The watch saw nothing unusual: the largest deviation is {sigmas(abs(first.sigmas)).lstrip('+')}"
        )
    caption = (
        f"Above: each feature of the run against normal ({verdict.normal}, {verdict.normal_blocks:,} "
        f"blocks), in standard deviations; beyond the grey band of {_USUAL_SIGMAS:g} it is red. Below: alarm "
        f"scores of normal blocks that {verdict.watcher} was not fitted to, the threshold for a false-alarm "
        f"rate of {percent(verdict.false_alarm_rate)}, and this run. A verdict can only lower a key."
    )
    with sheet(_height_in(watched)) as figure:
        _draw(figure, watched)
        return Picture("watch", finding, caption, svg(figure, "watch", finding))


def watch_figure(watched: Watched, path: Path | str) -> None:
    """Write the picture of a verdict.

    Parameters
    ----------
    watched : Watched
        From `noclone.watching.watch.look`.
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
    with sheet(_height_in(watched), facecolor="white") as figure:
        _draw(figure, watched)
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _height_in(watched: Watched) -> float:
    return _FRAME_IN + _ROW_IN * min(_MOST_FEATURES, len(watched.verdict.evidence))


def _draw(figure: Figure, watched: Watched) -> None:
    rows = min(_MOST_FEATURES, len(watched.verdict.evidence))
    changed, scores = figure.subplots(2, 1, height_ratios=(_ROW_IN * rows + 0.7, 2.2))
    _draw_changes(changed, watched)
    _draw_scores(scores, watched)
    figure.align_ylabels()


def _draw_changes(axes: Axes, watched: Watched) -> None:
    shown = watched.verdict.evidence[:_MOST_FEATURES]
    places = np.arange(len(shown))
    values = np.array([each.sigmas for each in shown])
    colours = [VERMILION if abs(value) > _USUAL_SIGMAS else BLUE for value in values]
    axes.axvspan(-_USUAL_SIGMAS, _USUAL_SIGMAS, color=LINE, alpha=0.6, linewidth=0)
    axes.barh(places, values, height=0.62, color=colours)
    for place, each in zip(places, shown, strict=True):
        axes.annotate(
            f"{significant(each.seen)} (normal {significant(each.normal)})",
            (max(each.sigmas, 0.0), place),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            annotation_clip=False,
        )
    axes.set_xscale("symlog", linthresh=10)
    reach = max(10.0, 1.4 * float(np.abs(values).max()))
    axes.set_xlim(-reach if values.min() < -_USUAL_SIGMAS else -10, 6 * reach)
    ticks = [tick for tick in (-1000, -100, -10, -3, 0, 3, 10, 100, 1000) if -reach <= tick <= 6 * reach]
    axes.set_xticks(ticks, [f"{tick:+d}".replace("-", "−") if tick else "0" for tick in ticks])
    axes.set_yticks(places, [each.feature for each in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel("standard deviations from normal")
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def _draw_scores(axes: Axes, watched: Watched) -> None:
    calibrated = watched.calibrated
    normal = calibrated.normal_scores[np.isfinite(calibrated.normal_scores)]
    seen = calibrated.scores(watched.telemetry)
    threshold = calibrated.threshold
    low = float(min(normal.min(), seen.min()))
    # A run far beyond the threshold is told by a number, so that normal blocks keep their room.
    high = float(normal.max() + 0.6 * (normal.max() - normal.min()))
    edges = np.linspace(min(low, float(normal.min())), max(high, threshold), 60)
    axes.hist(normal, edges.tolist(), color=BLUE, alpha=0.75, label="normal blocks")
    axes.axvline(threshold, color=INK, linestyle="--", linewidth=1.2, label="threshold")
    top = axes.get_ylim()[1]
    inside = np.clip(seen, edges[0], edges[-1])
    label = "this run" if len(seen) == 1 else f"this run, {len(seen)} blocks"
    axes.plot(inside, np.full(len(seen), 0.06 * top), "v", color=VERMILION, markersize=8, label=label)
    if seen.max() > edges[-1]:
        axes.annotate(
            f"at {significant(float(seen.max()))}  →",
            (edges[-1], 0.06 * top),
            (-8, 10),
            textcoords="offset points",
            ha="right",
            fontsize=9,
        )
    axes.set_xlabel(f"alarm score of {calibrated.watcher.name}")
    axes.set_ylabel("blocks")
    axes.legend(loc="upper right")
