"""What a trained Eve learns, protocol by protocol, between intercept and resend and what bounds her."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.rates.entropy import binary_entropy
from noclone.report.canvas import AMBER, BLUE, GREEN, INK, MUTED, VERMILION, sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HEIGHT_IN, _COLUMNS = 5.4, 3
_TITLES = {
    "bb84": "BB84",
    "six-state": "six states",
    "b92": "B92",
    "sarg04": "SARG04",
    "biased-bb84": "biased BB84,\nerrors counted by basis",
    "biased-bb84-pooled": "biased BB84,\nerrors counted together",
}


def learned_attack_figure(points: Sequence[Mapping[str, Any]], path: Path | str) -> None:
    """Write the picture of trained attacks.

    Parameters
    ----------
    points : sequence of mapping
        As ``evidence/learned_attack.py`` writes them; those with noise are drawn for depolarised channels.
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If it ends in something else or cannot be written, or there are no points.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    names = list(dict.fromkeys(point["protocol"] for point in points))
    if not names:
        raise InvalidInput("points", "must not be empty")
    about = {"Date": None} if kind == "svg" else None
    with sheet(_HEIGHT_IN, facecolor="white") as figure:
        rows = -(-len(names) // _COLUMNS)
        grid = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False)
        for name, axes in zip(names, grid.flat, strict=False):
            _draw(axes, [point for point in points if point["protocol"] == name])
            axes.set_title(_TITLES.get(name, name), loc="left")
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("bits per kept bit")
        for axes in grid[-1]:
            axes.set_xlabel("error rate")
        figure.suptitle(
            "A trained Eve reaches the individual optimum where it is known; no security threshold",
            x=0.01,
            ha="left",
            fontsize=10,
        )
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _draw(axes: Axes, points: list[Mapping[str, Any]]) -> None:
    clean = sorted((point for point in points if not point["noise"]), key=lambda point: point["asked"])
    noisy = sorted(
        (point for point in points if "depolarising" in point["noise"]), key=lambda point: point["asked"]
    )

    def curve(name: str, of: list[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
        return [point["disturbance"] for point in of], [
            np.nan if point[name] is None else point[name] for point in of
        ]

    errors = np.linspace(0, max(point["disturbance"] for point in clean), 200)
    axes.plot(errors, 1 - binary_entropy(errors), color=VERMILION, linewidth=1, label="Bob's information")
    axes.plot(
        *curve("collective_bound", clean),
        color=MUTED, linestyle=":", linewidth=1.3, label="any collective attack, certified",
    )  # fmt: skip
    if clean[0]["upper_bound"] != clean[0]["collective_bound"]:
        axes.plot(
            *curve("upper_bound", clean),
            color=INK, linestyle="--", linewidth=1.1, label="best individual attack, theory",
        )  # fmt: skip
    axes.plot(*curve("information", clean), "o", color=BLUE, markersize=4, label="trained circuit")
    if noisy:
        axes.plot(
            *curve("information", noisy),
            "x", color=AMBER, markersize=4.5, label="the same behind a noisy channel",
        )  # fmt: skip
    axes.plot(*curve("intercept_resend", clean), color=GREEN, linewidth=1.3, label="intercept and resend")
    axes.set_ylim(0, 1.03)
    axes.set_xlim(0)
