"""The page of one protocol, written from what the code itself declares and computes."""

from __future__ import annotations

import textwrap
from dataclasses import MISSING
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import documented
from noclone.core.files import write_atomically, write_bytes
from noclone.link import Link, ThresholdDetectors
from noclone.protocols import protocols
from noclone.protocols.protocol import GATING, Protocol, Step, unlocked
from noclone.report.canvas import BLUE, GREEN, INK, LINE, MUTED, PAPER, PURPLE, VERMILION, sheet
from noclone.setup.reach import LEAST_RATE, reach_km

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

SHOWN_KM = 50.0
"""Length of the link whose figures the page shows, or half the reach where that is less."""
BLOCK = 1e12
"""Rounds of the block of finite rates on the page."""
_POINTS = 61
_COLOURS = (BLUE, VERMILION, GREEN, PURPLE)


def write_pages(folder: Path | str, names: list[str] | None = None) -> list[Path]:
    """Write the page, the figure of the steps and the picture of the rate of protocols, and an index.

    Parameters
    ----------
    folder : path-like
        Made if it does not exist.
    names : list of str, optional
        All protocols by default; the index always lists all.

    Returns
    -------
    list of Path
        What was written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, kind in protocols().items():
        if names and name not in names:
            continue
        pictures = {"steps": steps_figure, "rate": rate_figure}
        for what, draw in pictures.items():
            written.append(folder / f"{name}-{what}.svg")
            draw(kind, written[-1])
        written.append(folder / f"{name}.md")
        write_bytes(written[-1], page(kind).encode())
    written.append(folder / "README.md")
    write_bytes(written[-1], index().encode())
    return written


def index() -> str:
    """Return the list of all protocols by family, as Markdown.

    Examples
    --------
    >>> "[decoy-bb84](decoy-bb84.md)" in index()
    True
    """
    lines = ["# Protocols", "", "Written by `make docs` from what the code declares.", ""]
    families: dict[str, list[type[Protocol]]] = {}
    for kind in protocols().values():
        families.setdefault(kind.FAMILY, []).append(kind)
    for family, kinds in sorted(families.items()):
        lines += [f"## {family.capitalize()}", "", "| protocol | in full | security |", "|---|---|---|"]
        for kind in kinds:
            link, example = _example(kind, _shown_km(kind))
            attacks = "broken" if kind.BROKEN else f"{example.rate(link).security.attacks} attacks"
            lines.append(f"| [{kind.NAME}]({kind.NAME}.md) | {kind.TITLE} | {attacks} |")
        lines.append("")
    return "\n".join(lines)


def page(kind: type[Protocol]) -> str:
    """Return the page of a protocol as Markdown.

    Examples
    --------
    >>> from noclone.protocols.bb84 import BB84
    >>> page(BB84).splitlines()[0]
    '# BB84 with single photons'
    """
    name, length_km = kind.NAME, _shown_km(kind)
    link, example = _example(kind, length_km)
    lines = [f"# {kind.TITLE}", "", f"`{name}` · {kind.FAMILY}", "", _text(kind.__doc__), ""]
    if kind.BROKEN:
        lines += [f"> **Broken**: {kind.BROKEN}. It computes only with `insecure = true`.", ""]
    lines += ["## Steps", "", f"![the steps of {name}]({name}-steps.svg)", ""]
    lines += [f"{number}. **{step.who}**: {step.does}." for number, step in enumerate(kind.STEPS, 1)]
    lines += ["", "## Key rate", "", f"$${kind.FORMULA}$$", "", f"Source: {kind.SOURCE}.", ""]
    lines += [f"![key rate of {name} against length]({name}-rate.svg)", ""]
    lines += [f"On a typical link of {length_km:g} km (`noclone rate {name}` shows 50 km):", ""]
    lines += ["| bound | regime | bits per round | error rate | against |", "|---|---|---|---|---|"]
    assumptions: dict[tuple[str, ...], list[str]] = {}
    sources: dict[str, None] = {}
    for bound, regime in kind.BOUNDS.items():
        try:
            answer = example.rate(link, bound=bound, pulses=BLOCK)
        except InvalidInput as error:
            lines.append(f"| {bound} | {regime} | needs another setup: {error} | | |")
            continue
        block = f"finite, {BLOCK:.0e} rounds" if regime == "finite" else "asymptotic"
        qber = float(answer.qber)
        lines.append(
            f"| {bound} | {block} | {float(answer.rate_per_pulse):.4g} | "
            f"{'' if np.isnan(qber) else f'{qber:.3%}'} | {answer.claim.partition(',')[0]} |"
        )
        assumptions.setdefault(answer.security.assumptions, []).append(bound)
        sources |= dict.fromkeys((answer.security.source,))
    lines += ["", "## Assumptions", ""]
    for texts, bounds in assumptions.items():
        if len(assumptions) > 1:
            lines += ["Under " + ", ".join(f"`{bound}`" for bound in bounds) + ":", ""]
        lines += [*(f"- {_sentence(text)}" for text in texts), ""]
    lines += ["Proofs: " + "; ".join(sources) + ".", ""]
    if kind.LIMITS:
        lines += ["## Limits", "", *(f"- {_sentence(text)}" for text in kind.LIMITS), ""]
    lines += ["## What can be set", "", "| field | default | range | meaning |", "|---|---|---|---|"]
    for station, kinds in kind.STATIONS.items():
        for device, used in kinds.items():
            lines.append(f"| **{station}** | | | `{device.KIND}` |")
            lines += _fields(station, device, used)
    lines.append("| **protocol** | | | |")
    lines += _fields("protocol", kind, None)
    if kind.FREE:
        lines += ["", "`noclone tune` chooses " + ", ".join(f"`{each.name}`" for each in kind.FREE) + "."]
    return "\n".join(lines) + "\n"


def _example(kind: type[Protocol], length_km: float) -> tuple[Link, Protocol]:
    """Return the typical link of a page; that of a broken protocol computes, because the page says so."""
    link, example = kind.typical(length_km)
    return link, unlocked(example)


def _shown_km(kind: type[Protocol]) -> float:
    reach = reach_km(kind)
    return SHOWN_KM if reach > SHOWN_KM else reach / 2


def _text(doc: str | None) -> str:
    """Return a docstring up to its examples and sections, as paragraphs."""
    lines = textwrap.dedent("    " + (doc or "")).strip().splitlines()
    kept: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if after.startswith("---"):
            break
        kept.append(line.strip())
    return "\n".join(kept).strip()


def _sentence(text: str) -> str:
    first = text.split(maxsplit=1)[0]
    name = any(letter.isdigit() or letter == "-" for letter in first)
    return (text if name else text[:1].upper() + text[1:]).rstrip(".") + "."


def _fields(station: str, kind: type[Any], used: tuple[str, ...] | None) -> list[str]:
    rows = []
    if used is not None and kind is ThresholdDetectors and "efficiency" in used:
        used = (*used, *GATING)
    for name, spec, default in documented(kind):
        if used is not None and name not in used:
            continue
        shown = "" if default is MISSING else f"`{list(default) if isinstance(default, tuple) else default}`"
        rows.append(f"| `{station}.{name}` | {shown} | {spec.range_text()} | {spec.doc} |")
    return rows


def steps_figure(kind: type[Protocol], path: Path) -> None:
    """Draw the steps of a protocol as lanes: who does what, in order, and what is announced."""
    lanes = ["alice", "middle", "bob"] if "middle" in kind.STATIONS else ["alice", "channel", "bob"]
    places = {"alice": 0.17, lanes[1]: 0.5, "bob": 0.83}
    wrapped = [textwrap.wrap(step.does, 84 if step.who == "public" else 42) for step in kind.STEPS]
    heights = [0.17 * len(lines) + 0.16 for lines in wrapped]
    total = sum(heights) + 0.12 * len(heights) + 0.35
    with sheet(total, facecolor="white") as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, 1)
        axes.set_ylim(total, 0)
        for lane, x in places.items():
            axes.plot([x, x], [0.28, total], color=LINE, linewidth=1.2, zorder=0)
            axes.text(x, 0.16, lane, ha="center", va="center", fontweight="bold")
        top = 0.33
        for number, (step, lines, height) in enumerate(zip(kind.STEPS, wrapped, heights, strict=True), 1):
            _step(axes, number, step, lines, places, top, height)
            top += height + 0.12
        write_atomically(path, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))


def _step(
    axes: Axes, number: int, step: Step, lines: list[str], places: dict[str, float], top: float, height: float
) -> None:
    from matplotlib.patches import FancyBboxPatch

    public = step.who == "public"
    centre = 0.5 if public else places.get(step.who, 0.5)
    width = 0.96 if public else 0.44
    left = min(max(centre - width / 2, 0.02), 0.98 - width)
    colour = {"public": GREEN, "channel": VERMILION, "middle": PURPLE}.get(step.who, BLUE)
    shape = FancyBboxPatch(
        (left, top),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.02",
        mutation_aspect=6,
        facecolor=PAPER,
        edgecolor=colour,
        linewidth=1.2,
        linestyle=(0, (4, 2)) if public else "-",
    )
    axes.add_patch(shape)
    axes.text(left + 0.012, top + height / 2, str(number), color=colour, va="center", fontsize=9)
    axes.text(
        left + 0.035,
        top + height / 2,
        "\n".join(lines),
        va="center",
        fontsize=8.2,
        color=INK,
        linespacing=1.25,
    )


def rate_figure(kind: type[Protocol], path: Path) -> None:
    """Draw the rate of a protocol's typical link against its length, under the capacity bounds."""
    furthest = max(1.08 * _end_km(kind), 1.0)
    lengths = np.linspace(0, furthest, _POINTS)
    links = [_example(kind, float(length)) for length in lengths]
    capacity = np.array([float(example.capacity(link, kind.CAPACITY)) for link, example in links])
    plob = np.array([float(example.capacity(link, "repeaterless")) for link, example in links])
    with sheet(3.4, facecolor="white") as figure:
        axes = figure.add_subplot()
        axes.plot(lengths, _shown(plob), color=INK, linewidth=1.1, label="PLOB, no repeater")
        if kind.CAPACITY == "single-repeater":
            dots = (0, (1, 1.5))
            axes.plot(
                lengths, _shown(capacity), color=INK, linewidth=1.1, linestyle=dots, label="one repeater"
            )
        top = 0.0
        for number, (bound, regime) in enumerate(kind.BOUNDS.items()):
            colour = _COLOURS[number % len(_COLOURS)]
            for block, dash in ((None, "-"), (BLOCK, "--"))[: 2 if regime == "finite" else 1]:
                try:
                    rates = [
                        float(p.rate(link, bound=bound, pulses=block).rate_per_pulse) for link, p in links
                    ]
                except InvalidInput:
                    continue  # this bound needs another source
                label = bound if block is None else f"{bound}, {BLOCK:.0e} rounds"
                axes.plot(lengths, _shown(np.array(rates)), color=colour, linestyle=dash, label=label)
                top = max(top, *rates)
        axes.set_yscale("log")
        axes.set_xlim(0, furthest)
        axes.set_ylim(max(top, 1e-9) * 1e-8, 4 * max(top, 1e-9))
        axes.set_xlabel("fibre from Alice to Bob (km)")
        axes.set_ylabel("secret bits per round")
        axes.legend(loc="upper right", fontsize=8)
        title = f"{kind.TITLE}: BROKEN, these numbers claim nothing" if kind.BROKEN else kind.TITLE
        axes.text(0, 1.02, title, transform=axes.transAxes, color=MUTED, fontsize=9)
        write_atomically(path, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))


def _end_km(kind: type[Protocol]) -> float:
    """Return the reach to within a kilometre."""
    low = reach_km(kind)
    high = 2 * max(low, 1.0)
    while high - low > max(0.5, 0.003 * high):
        middle = (low + high) / 2
        link, example = _example(kind, middle)
        has_key = float(example.rate(link).rate_per_pulse) > LEAST_RATE
        low, high = (middle, high) if has_key else (low, middle)
    return low


def _shown(values: Floats) -> Floats:
    return np.where((values > 0) & np.isfinite(values), values, np.nan)
