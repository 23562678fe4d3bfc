"""Certified key rates along a parameter: the bound, what error correction takes, and the solver's gap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.files import write_atomically
from noclone.report.canvas import BLUE, GREEN, INK, MUTED, VERMILION, Picture, powers_of_ten, sheet, svg
from noclone.report.notation import significant

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from noclone.proofs.sweeps import Sweep

_HEIGHT_IN = 4.6
UNITS = {
    "_km": "km",
    "_db_per_km": "dB/km",
    "_db": "dB",
    "_snu": "shot-noise units",
    "_hz": "Hz",
    "_nm": "nm",
}


def proof_picture(found: Sweep) -> Picture:
    """Return the picture of a sweep for a page."""
    with sheet(_HEIGHT_IN) as figure:
        _draw(figure, found)
        drawing = svg(figure, "proofs", f"Certified key rate against {_axis(found)}. {_finding(found)}.")
    caption = (
        "Top: certified lower bounds. Bottom: how far each may at most lie below the true minimum; "
        "the curves above are thinner than their lines are wide."
    )
    return Picture("proofs", _finding(found), caption, drawing)


def proof_figure(found: Sweep, path: Path | str) -> None:
    """Write the picture of a sweep.

    Parameters
    ----------
    found : Sweep
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If it ends in something else or cannot be written.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    about = {"Date": None} if kind == "svg" else None
    with sheet(_HEIGHT_IN, facecolor="white") as figure:
        _draw(figure, found)
        figure.suptitle(f"{found.title}: {_finding(found)}", x=0.01, ha="left", fontsize=10)
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


def _finding(found: Sweep) -> str:
    """Say between which values there is key, to the resolution of the sweep."""
    positive = found.values[found.rate > 0]
    if not len(positive):
        return "no key anywhere"
    if len(positive) == len(found.values):
        return f"key at every {found.parameter} shown"
    low, high = significant(float(positive.min())), significant(float(positive.max()))
    beside = [
        each for each in found.values[found.rate <= 0] if each < positive.min() or each > positive.max()
    ]
    nearest = min(beside, key=lambda each: np.abs(positive - each).min(), default=None)
    none = "" if nearest is None else f", none at {significant(float(nearest))}"
    return f"key from {found.parameter} = {low} to {high}{none}"


def _axis(found: Sweep) -> str:
    """Return the parameter in words, with the unit that its name ends in."""
    name = found.parameter
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            return f"{name.removesuffix(ending).replace('.', ': ').replace('_', ' ')} ({unit})"
    return {"qber": "error rate (qber)"}.get(name, name.replace(".", ": ").replace("_", " "))


def _draw(figure: Figure, found: Sweep) -> None:
    rates, gaps = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
    value = found.bound + found.gap
    rates.fill_between(found.values, found.bound, value, color=GREEN, alpha=0.3, linewidth=0)
    rates.plot(found.values, found.bound, ".--", color=GREEN, label="before error correction, certified")
    rates.plot(found.values, found.leak, ".:", color=VERMILION, label="error correction")
    rates.plot(found.values, found.rate, ".-", color=BLUE, label="certified key rate")
    rates.axhline(0, color=INK, linewidth=0.8)
    rates.set_ylabel("bits per signal")
    gaps.plot(found.values, np.maximum(found.gap, 1e-16), ".-", color=MUTED, linewidth=1)
    gaps.set_yscale("log")
    low, high = np.log10(np.maximum([found.gap.min(), found.gap.max()], 1e-16))
    gaps.set_ylim(10 ** np.floor(low - 0.2), 10 ** np.ceil(high + 0.2))
    powers_of_ten(gaps, "y", most=4)
    gaps.set_ylabel("gap (bits)")
    gaps.set_xlabel(_axis(found))
    figure.legend(loc="outside lower center", ncols=3)
