"""The sheet that figures are drawn on: palette, lettering, and SVG that fits into a page.

Figures are matplotlib's, made without its global state of current figures. In the SVG every colour is a
CSS variable with the printed colour as its default, so that a page can repaint it for a dark screen.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from noclone.report.notation import power_of_ten, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 6.6
"""Width of every figure."""

INK, MUTED, LINE, PAPER = "#1f2430", "#5b6472", "#d3d8e0", "#fefefe"
BLUE, VERMILION, GREEN, AMBER, PURPLE = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#b05590"
"""After Okabe and Ito, distinguishable with any colour vision."""

_VARIABLES = {
    INK: "ink", MUTED: "muted", LINE: "line", PAPER: "paper",
    BLUE: "blue", VERMILION: "vermilion", GREEN: "green", AMBER: "amber", PURPLE: "purple",
}  # fmt: skip

_UNWANTED = re.compile(
    r'<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->| transform="rotate\(-0 [^"]*"', re.DOTALL
)

_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "legend.fontsize": 9.5,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.unicode_minus": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "errorbar.capsize": 3,
    "svg.fonttype": "none",
    "svg.hashsalt": "noclone",
}


@dataclass(frozen=True)
class Picture:
    """A figure for a page.

    Attributes
    ----------
    name : str
        Unique in the page.
    finding : str
        What it shows, as a heading.
    caption : str
        How to read it.
    svg : str
        The drawing, with an alternative text.
    """

    name: str
    finding: str
    caption: str
    svg: str


@contextmanager
def sheet(height_in: float, facecolor: str = "none") -> Iterator[Figure]:
    """Yield an empty figure in the common style; draw and save it inside the context.

    Examples
    --------
    >>> with sheet(2) as figure:
    ...     _ = figure.add_subplot().plot([0, 1])
    ...     svg(figure, "demo", "a line")[:4]
    '<svg'
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        yield Figure(figsize=(WIDTH_IN, height_in), layout="constrained", facecolor=facecolor)


def svg(figure: Figure, name: str, alt: str) -> str:
    """Return a figure as one SVG element with repaintable colours, to be put into a page.

    Parameters
    ----------
    figure : Figure
        Drawn inside `sheet`.
    name : str
        Unique in the page; the element's ids begin with it.
    alt : str
        What a reader who cannot see it needs to know.
    """
    import matplotlib

    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = _thin(text[text.index("<svg") :].strip(), name)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable}, {colour})")
    head = f'<svg role="img" aria-label="{escape(alt)}" style="stroke-linejoin: round"'
    return text.replace("<svg", head, 1)


def _thin(text: str, name: str) -> str:
    """Drop what a page must not have or does not need: global styles, unused ids, many decimals."""
    text = re.sub(
        r"<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->| transform=\"rotate\(-0 [^\"]*\"",
        "",
        text,
        flags=re.DOTALL,
    )
    referred = set(re.findall(r'(?:url\(|href=")#([\w.-]+)', text))
    text = re.sub(
        r'\s+id="([^"]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in referred else "", text
    )
    text = re.sub(r'(url\(|href=")#', rf"\1#{name}-", text)
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), text)
    return re.sub(r"\n\s*", "\n", text)


def beside(axes: Axes, x: float, y: float, text: str) -> None:
    """Write text to the right of a point, a little apart from it."""
    axes.annotate(
        text, (x, y), (6, 0), textcoords="offset points", va="center", fontsize=9.5, annotation_clip=False
    )


def powers_of_ten(axes: Axes, which: str, most: int = 8) -> None:
    """Label a logarithmic axis (``"x"`` or ``"y"``) by powers of ten, `most` at most, or 1-2-5 if short."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    short = math.log10(high / low) < 2.2

    def label(value: float, position: int) -> str:
        if value <= 0:
            return ""
        return significant(value) if short else power_of_ten(round(math.log10(value)))

    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if short else (1,), numticks=most))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(label))
