"""The picture of a synchronised run of time tags: the correlation peak, and what is left of the clocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.records.clock_model import ClockModel
from noclone.records.coincidences import Coincidences
from noclone.records.synchronisation import near
from noclone.records.time_tags import TimeTags
from noclone.report.canvas import AMBER, BLUE, LINE, VERMILION, sheet
from noclone.report.notation import percent, significant, whole

_WINDOWS = 3
_BINS = 150


def correlation_figure(
    alice: TimeTags, bob: TimeTags, clock: ClockModel, found: Coincidences, path: Path | str
) -> None:
    """Write a picture of the differences of the parties' times, and of the wander of their clocks.

    Parameters
    ----------
    alice, bob : TimeTags
    clock : ClockModel
        Of these tags, as `synchronise` returns it.
    found : Coincidences
        Of these tags.
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If the ending is another, or the file cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    half = found.window_ps / 2000
    reach = _WINDOWS * half
    _, difference = near(clock.read(alice.time_ps), bob.time_ps, 1000 * reach)
    counts, edges = np.histogram(difference / 1000, _BINS, (-reach, reach))
    lone = found.accidentals / found.window_ps * 1000 * (edges[1] - edges[0])
    with sheet(5.4, facecolor="white") as figure:
        peak, wander = figure.subplots(2, 1, height_ratios=(3, 2))
        peak.axvspan(-half, half, color=LINE, alpha=0.5, label="coincidence window")
        peak.stairs(counts, edges, color=BLUE, fill=True, label="pairs of tags")
        peak.axhline(lone, color=VERMILION, linestyle="--", label="accidental")
        # From one event on: accidental coincidences are rare, and would not be seen beside the peak.
        peak.set(yscale="log", ylim=(0.5, 2 * max(counts.max(), 1)), xlim=(-reach, reach))
        peak.set(xlabel="Bob's time minus Alice's, clocks compared (ns)", ylabel="per bin")
        seconds = (clock.knots_ps - clock.knots_ps[0]) * 1e-12
        wander.plot(seconds, clock.wander_ps(), color=AMBER, linewidth=0.8)
        wander.set(
            xlabel="time (s); wander: what is left of the delay beside offset, rate and drift",
            ylabel="wander (ps)",
            xlim=(0, seconds[-1]),
        )
        figure.suptitle(
            f"{whole(len(found))} coincidences within {significant(found.window_ps)} ps, "
            f"{percent(found.accidentals / max(len(found), 1), 2)} of them accidental\n"
            f"peak {significant(clock.spread_ps)} ps wide (standard deviation); clocks "
            f"{significant(clock.rate * 1e6)} ppm apart, "
            f"drifting {significant(clock.drift_per_s * 1e9)} ppb/s",
            x=0.01,
            ha="left",
        )
        figure.legend(loc="outside lower left", ncols=3)
        # No date: the same tags give the same file.
        about = {"Date": None} if kind == "svg" else None
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=200, metadata=about))
