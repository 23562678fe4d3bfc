"""The picture of a quantum circuit: what is data, what is trained, and what entangles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import groupby
from math import pi
from pathlib import Path
from typing import TYPE_CHECKING

from noclone.core.files import write_atomically
from noclone.quantum import Angle, Circuit, Gate
from noclone.report.canvas import BLUE, GREEN, INK, LINE, MUTED, PAPER, PURPLE, VERMILION, WIDTH_IN, sheet
from noclone.report.notation import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIRE, _BOX, _GAP, _NOISE, _LINE, _BETWEEN = 0.42, 0.31, 0.09, 0.12, 0.2, 0.22
"""Inches: from wire to wire, height of a box, between columns, width of a mark of noise, height of a line of
the legend, between rows."""
_LEFT, _RIGHT = 0.36, WIDTH_IN - 0.1
_NAME, _ANGLE, _LEGEND = 8.2, 6.8, 8.0
"""Letters, in points."""
_TINT = 0.13
"""Opacity of what fills a box."""
_LONGEST = 14
"""Letters of an angle before it is written as a function of its symbols."""

_MARKERS = {
    "depolarise": "D", "bit_flip": "^", "phase_flip": "v", "amplitude_damping": "s", "phase_damping": "p",
}  # fmt: skip
_TITLES = {"sdg": "S†", "tdg": "T†", "sx": "√X"}
_PLACES = {"cx": "•⊕", "ccx": "••⊕", "cz": "••", "swap": "××", "cswap": "•××"}
"""What stands on each wire of the gates that are drawn without a box; the others have a dot per control."""
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MEANING = {INK: "fixed", BLUE: "data", GREEN: "trained", PURPLE: "data and trained"}


def draw(circuit: Circuit, path: Path | str) -> None:
    """Draw a circuit, wire 0 on top; what does not fit into one row goes on in the next.

    Gates on data, trained gates and fixed gates have their own colours, named in a legend with the channels
    of noise. Wires that no later gate touches are left out of later rows.

    Parameters
    ----------
    circuit : Circuit
    path : path-like
        The file's suffix gives its format, for instance ``.svg`` or ``.png``.
    """
    path = Path(path)
    rows = list(_rows(circuit))
    start = _LINE * (len(_legend(circuit)) + 0.75)
    total = start + sum(_WIRE * len(row.wires) + _BETWEEN for row in rows) - _BETWEEN
    with sheet(total, facecolor="white") as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH_IN)
        axes.set_ylim(total, 0)
        _draw_legend(axes, circuit)
        for row in rows:
            _draw_row(axes, row, start, goes_on=row is not rows[-1])
            start += _WIRE * len(row.wires) + _BETWEEN
        kind = path.suffix[1:]
        about = {"Date": None} if kind == "svg" else None
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=160, metadata=about))


@dataclass
class _Step:
    """A gate and the noise on its wires after it; noise before every gate stands for itself."""

    gate: Gate
    noise: list[Gate]

    @property
    def width(self) -> float:
        most = max((sum(part.wires == (wire,) for part in self.noise) for wire in self.gate.wires), default=0)
        return _gate_width(self.gate) + _NOISE * most


@dataclass
class _Column:
    """Gates side by side; `opens` where a layer on all wires begins."""

    opens: bool = False
    steps: list[_Step] = field(default_factory=list)

    @property
    def width(self) -> float:
        return max(step.width for step in self.steps) + _GAP

    @property
    def places(self) -> set[tuple[int, ...]]:
        return {step.gate.wires for step in self.steps}

    @property
    def body(self) -> float:
        """Width without noise."""
        return max(_gate_width(step.gate) for step in self.steps)


@dataclass
class _Row:
    columns: list[_Column]
    wires: list[int]


def _steps(circuit: Circuit) -> list[_Step]:
    steps: list[_Step] = []
    last: dict[int, _Step] = {}
    for part in circuit.gates:
        if part.noisy and part.wires[0] in last:
            last[part.wires[0]].noise.append(part)
        else:
            steps.append(_Step(part, []))
            last |= dict.fromkeys(part.wires, steps[-1])
    return steps


def _columns(circuit: Circuit) -> list[_Column]:
    """Place each gate as early as its wires, and those that its line crosses, allow.

    One-wire gates in a row that cover all wires begin together, so that layers stand under one another.
    """
    columns: list[_Column] = []
    free = [0] * circuit.qubits
    for single, run in groupby(_steps(circuit), key=lambda step: len(step.gate.wires) == 1):
        steps = list(run)
        opens = single and len({step.gate.wires for step in steps}) == circuit.qubits
        if opens:
            free = [max(free)] * circuit.qubits
        first = free[0]
        for step in steps:
            crossed = range(min(step.gate.wires), max(step.gate.wires) + 1)
            place = max(free[wire] for wire in crossed)
            for wire in crossed:
                free[wire] = place + 1
            columns += [_Column() for _ in range(place + 1 - len(columns))]
            columns[place].steps.append(step)
        if opens:
            columns[first].opens = True
    return columns


def _rows(circuit: Circuit) -> Iterator[_Row]:
    """Break columns into rows: where a layer begins, else where no gates on the same wires are parted."""
    rest, wires = _columns(circuit), list(range(circuit.qubits))
    while True:
        count, width = 0, 0.0
        while count < len(rest) and (width := width + rest[count].width) <= _RIGHT - _LEFT - _GAP:
            count += 1
        if count < len(rest):
            opening = [place for place in range(count, count // 2, -1) if rest[place].opens]
            near = opening or range(max(count, 1), 2 * count // 3, -1)
            count = min(near, key=lambda place: len(rest[place - 1].places & rest[place].places))
        yield _Row(rest[:count], wires)
        rest = rest[count:]
        if not rest:
            return
        wires = sorted({wire for column in rest for place in column.places for wire in place})


def _draw_row(axes: Axes, row: _Row, top: float, goes_on: bool) -> None:
    height = {wire: top + _WIRE * (place + 0.5) for place, wire in enumerate(row.wires)}
    end = _LEFT + _GAP + sum(column.width for column in row.columns)
    for wire, y in height.items():
        axes.plot([_LEFT, _RIGHT if goes_on else end], [y, y], color=MUTED, linewidth=0.8, zorder=1)
        axes.text(_LEFT - 0.09, y, str(wire), ha="right", va="center", color=MUTED, fontsize=8)
    left = _LEFT + _GAP
    for place, column in enumerate(row.columns):
        if column.opens and place:
            edges = (min(height.values()) - _BOX / 2 - 0.03, max(height.values()) + _BOX / 2 + 0.03)
            axes.plot([left - _GAP / 2] * 2, edges, color=LINE, linewidth=1.0, dashes=(2, 2), zorder=0)
        for step in column.steps:
            _draw_gate(axes, step.gate, left + column.body / 2, [height[wire] for wire in step.gate.wires])
            marks = dict.fromkeys(step.gate.wires, left + column.body + _GAP / 2)
            for part in step.noise:
                (wire,) = part.wires
                _draw_gate(axes, part, marks[wire] + _NOISE / 2, [height[wire]])
                marks[wire] += _NOISE
        left += column.width


def _draw_gate(axes: Axes, part: Gate, x: float, ys: list[float]) -> None:
    colour = _colour(part)
    if part.noisy:
        axes.plot([x], ys, _MARKERS[part.name], color=VERMILION, markersize=5, markeredgewidth=0, zorder=4)
        return
    if len(ys) > 1:
        axes.plot([x, x], [min(ys), max(ys)], color=colour, linewidth=1.2, zorder=2)
    for place, y in zip(_places(part), ys, strict=True):
        if place == "•":
            axes.plot([x], [y], "o", color=colour, markersize=5, markeredgewidth=0, zorder=4)
        elif place == "⊕":
            axes.plot([x], [y], "o", color=PAPER, markeredgecolor=colour, markersize=10.5, zorder=4)
            axes.plot([x], [y], "+", color=colour, markersize=10.5, markeredgewidth=1.2, zorder=5)
        elif place == "×":
            axes.plot([x], [y], "x", color=colour, markersize=7, markeredgewidth=1.5, zorder=4)
        else:
            _draw_box(axes, part, x, y)


def _draw_box(axes: Axes, part: Gate, x: float, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    colour, width = _colour(part), _gate_width(part)
    for fill, alpha, line in ((PAPER, 1.0, 0.0), (colour, _TINT, 0.0), ("none", 1.0, 1.0)):
        shape = FancyBboxPatch(
            (x - width / 2, y - _BOX / 2),
            width,
            _BOX,
            boxstyle="round,pad=0,rounding_size=0.04",
            facecolor=fill,
            alpha=alpha,
            edgecolor=colour,
            linewidth=line,
            zorder=3,
        )
        axes.add_patch(shape)
    lift = 0.0 if part.angle is None else 0.065
    axes.text(x, y - lift, _title(part), ha="center", va="center_baseline", fontsize=_NAME, zorder=5)
    if part.angle is not None:
        axes.text(
            x, y + 0.078, angle_text(part.angle), ha="center", va="center_baseline", fontsize=_ANGLE, zorder=5
        )


def _places(part: Gate) -> list[str]:
    """Return what stands on each wire of a gate: •, ⊕, × or a box."""
    if part.name in _PLACES:
        return list(_PLACES[part.name])
    controls = 1 if part.name.startswith("c") else 0
    return ["•"] * controls + ["box"] * (len(part.wires) - controls)


def _title(part: Gate) -> str:
    name = part.name[1:] if part.name.startswith("c") else part.name
    return _TITLES.get(name, name.upper())


def _colour(part: Gate) -> str:
    """Return blue for data, green for weights, purple for both, ink for neither."""
    if part.angle is None:
        return INK
    return {(0, 0): INK, (1, 0): BLUE, (0, 1): GREEN, (1, 1): PURPLE}[
        part.angle.of_data, part.angle.trainable
    ]


def _gate_width(part: Gate) -> float:
    if part.noisy:
        return 0.09
    if "box" not in _places(part):
        return 0.16
    angle = 0.0 if part.angle is None else _text_width(angle_text(part.angle), _ANGLE)
    return max(0.27, _text_width(_title(part), _NAME) + 0.1, angle + 0.1)


@cache
def _text_width(text: str, size: float) -> float:
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), text, size=size).get_extents().width) / 72


def angle_text(angle: Angle) -> str:
    """Return an angle as it is written on a gate, with few digits; a long one as a function of its symbols.

    Examples
    --------
    >>> from noclone.quantum import w, x
    >>> angle_text(w[0] + w[12] * x[1]), angle_text(Angle.of(-pi / 2)), angle_text(0.5 * x[0] * x[1])
    ('w₀ + w₁₂x₁', '−π/2', '0.5x₀x₁')
    >>> angle_text(0.25 * w[0] * w[1] + 0.3 * x[0] - 2), angle_text(pi / 2 * x[0])
    ('f(x₀, w₀w₁)', 'πx₀/2')
    """
    text = ""
    for term in angle.terms:
        symbols = _symbols("w", term.weights) + _symbols("x", term.features)
        above, below = _number(abs(term.coefficient))
        sign = (" − " if text else "−") if term.coefficient < 0 else " + " if text else ""
        text += sign + (above if above != "1" or not symbols else "") + symbols + below
    if len(text) <= _LONGEST:
        return text or "0"
    features = sorted({i for term in angle.terms for i in term.features})
    weights = sorted({k for term in angle.terms for k in term.weights})
    text = f"f({', '.join(filter(None, (_symbols('x', features), _symbols('w', weights))))})"
    return text if len(text) <= 2 * _LONGEST else "f(…)"


def _symbols(letter: str, indices: Iterable[int]) -> str:
    return "".join(letter + str(index).translate(_SUBSCRIPTS) for index in indices)


def _number(size: float) -> tuple[str, str]:
    """Return a positive number with three digits, or as a fraction of pi where it is one: above and below."""
    share = Fraction(size / pi).limit_denominator(16)
    if not share or abs(size / pi - share) > 1e-9:
        return significant(size), ""
    above = "π" if share.numerator == 1 else f"{share.numerator}π"
    return above, "" if share.denominator == 1 else f"/{share.denominator}"


def _size(circuit: Circuit) -> str:
    text = f"{circuit.qubits} qubit{'s' * (circuit.qubits > 1)}, depth {circuit.depth}"
    count = circuit.n_weights
    return f"{text}, {count} weight{'s' * (count > 1)}" if count else text


def _legend(circuit: Circuit) -> list[list[tuple[float, str, str, str]]]:
    """Return the lines of the legend: place, marker, colour and text of the colours and channels in use."""
    colours = {_colour(part) for part in circuit.gates if not part.noisy}
    entries = [("s", colour, text) for colour, text in _MEANING.items() if colour in colours]
    strengths: dict[str, list[float]] = {}
    for part in circuit.gates:
        if part.strength is not None:
            strengths.setdefault(part.name, []).append(part.strength)
    for name, values in strengths.items():
        shown = "–".join(significant(value) for value in sorted({min(values), max(values)}))
        entries.append((_MARKERS[name], VERMILION, f"{name.replace('_', ' ')} {shown}"))
    lines: list[list[tuple[float, str, str, str]]] = [[]]
    left, end = _LEFT, _RIGHT - _text_width(_size(circuit), _LEGEND) - 0.2
    for marker, colour, text in entries:
        width = 0.3 + _text_width(text, _LEGEND)
        if left + width > end:
            lines.append([])
            left, end = _LEFT, _RIGHT
        lines[-1].append((left, marker, colour, text))
        left += width
    return lines


def _draw_legend(axes: Axes, circuit: Circuit) -> None:
    from matplotlib.colors import to_rgba

    axes.text(_RIGHT, _LINE, _size(circuit), ha="right", va="center_baseline", fontsize=_LEGEND, color=MUTED)
    for number, line in enumerate(_legend(circuit), 1):
        for left, marker, colour, text in line:
            inside = colour if colour == VERMILION else to_rgba(colour, _TINT)
            axes.plot([left], [number * _LINE], marker, color=inside, markeredgecolor=colour, markersize=6)
            axes.text(left + 0.11, number * _LINE, text, va="center_baseline", fontsize=_LEGEND)
