"""The figures of one run: its statistics, its budget, its failure probabilities, its experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from noclone.distillation.ledger import Ledger
from noclone.report.budget import Step, steps
from noclone.report.canvas import (
    AMBER,
    BLUE,
    GREEN,
    INK,
    LINE,
    MUTED,
    VERMILION,
    Picture,
    beside,
    powers_of_ten,
    sheet,
    svg,
)
from noclone.report.comparison import Row, key_spread
from noclone.report.description import intensities_of, key_of
from noclone.report.deviations import Deviations
from noclone.report.notation import difference, percent, sigmas, significant, whole
from noclone.report.rate_curves import rate_figure
from noclone.report.watch_figure import watch_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from noclone.pipeline import RunResult

Floats = NDArray[np.float64]


def pictures(result: RunResult, table: tuple[Row, ...], found: Deviations) -> list[Picture]:
    """Return the figures that there are for a run, in the order of the report.

    Parameters
    ----------
    result : RunResult
    table : tuple of Row
        From `comparison.rows`.
    found : Deviations
        From `deviations.deviations`.
    """
    drawn = [rate_figure(result), statistics_figure(result, found), watch_picture(result.watched)]
    key = key_of(result)
    if key is not None:
        spread = key_spread(result, key.f_ec)
        drawn += [budget_figure(steps(result, key), spread), epsilon_figure(key.ledger)]
    measured = any(row.measured is not None for row in table)
    if measured and key is not None:
        drawn.append(experiment_figure(table))
    return drawn


def statistics_figure(result: RunResult, found: Deviations) -> Picture:
    """Draw gains and error rates per basis and intensity, and how far each lies from the model."""
    worst = found.largest
    agree = worst <= found.limit
    subject = f"All {found.figures} gains and error rates agree with" if agree else "The counts contradict"
    finding = f"{subject} the model: the largest deviation is {sigmas(worst).lstrip('+')}"
    intensities = intensities_of(result.setup)
    with sheet(4.6) as figure:
        grid = figure.subplots(2, 2, sharex=True, height_ratios=(3, 2))
        measured = (
            (grid[0, 0], "gain (events per pulse)", found.gain, found.gain_bars, found.model_gain),
            (grid[0, 1], "error rate", found.error_rate, found.error_bars, found.model_error_rate),
        )
        for axes, title, values, bars, model in measured:
            _draw_classes(axes, values, bars, model)
            axes.set_title(title, loc="left")
        for axes, deviation in ((grid[1, 0], found.gain_sigmas), (grid[1, 1], found.error_sigmas)):
            _draw_deviations(axes, deviation, found.limit)
            axes.set_xticks(range(len(intensities)), [significant(value) for value in intensities])
            axes.set_xlabel("mean photon number")
        grid[1, 0].set_ylabel("difference (σ)")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=3)
        alt = f"Simulated gains and error rates per intensity and basis against the model. {finding}."
        drawing = svg(figure, "statistics", alt)
    caption = (
        "Top: simulated, with 95 % confidence intervals (Clopper and Pearson; mostly smaller than the marks) "
        "and the model's values. Bottom: the differences in standard deviations, ±2 σ shaded; chance passes "
        f"the dashed lines (±{found.limit:.1f} σ) anywhere in one of 100 honest runs."
    )
    return Picture("statistics", finding, caption, drawing)


def budget_figure(budget: tuple[Step, ...], spread: float) -> Picture:
    """Draw what is taken off the events with matching bases until the key remains.

    Parameters
    ----------
    budget : tuple of Step
    spread : float
        Standard deviation of the key's length, bits.
    """
    raw = next(step for step in budget if step.label == "raw key")
    key = budget[-1]
    finding = f"{percent(key.bits / raw.bits, 3)} of the raw key becomes secret key"
    heights = np.empty(len(budget))
    with sheet(0.36 * len(budget) + 1.1) as figure:
        axes = figure.add_subplot()
        height = model = 0.0
        for row, step in enumerate(budget):
            before, before_model = (0.0, 0.0) if step.level else (height, model)
            height, model = before + step.bits, before_model + step.model
            colour = (GREEN if step is key else BLUE) if step.level else VERMILION
            axes.barh(row, step.bits, left=before, height=0.62, color=colour)
            axes.plot([model, model], [row - 0.42, row + 0.42], color=INK, linewidth=1.4)
            edge = max(before, height, model)
            edge += 1.96 * spread if step is key else 0
            beside(axes, edge, row, f"{whole(step.bits)}  ·  {percent(step.bits / raw.bits, 2)}")
            heights[row] = edge
        axes.errorbar(key.bits, len(budget) - 1, xerr=1.96 * spread, color=INK, fmt="none", capsize=4)
        axes.set_yticks(range(len(budget)), [step.label for step in budget])
        axes.invert_yaxis()
        axes.set_xlim(0, 1.42 * heights.max())
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= heights.max()])
        axes.xaxis.set_major_formatter(lambda value, _: whole(value))
        axes.set_xlabel("bits")
        axes.grid(visible=False)
        axes.tick_params(axis="y", length=0)
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        handles = [
            Patch(color=BLUE, label="reached"),
            Patch(color=VERMILION, label="taken off"),
            Patch(color=GREEN, label="key, ±1.96 σ of counting"),
            Line2D([], [], color=INK, linewidth=1.4, label="model"),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4, columnspacing=1.2, handlelength=1.2)
        alt = "Waterfall of bits: " + ", ".join(f"{step.label} {whole(step.bits)}" for step in budget) + "."
        drawing = svg(figure, "budget", alt)
    caption = (
        "Shares are of the raw key. Possibly multi-photon is what the bound cannot prove to come from "
        "single photons; the secrecy term pays for smoothing, estimation and amplification."
    )
    return Picture("budget", finding, caption, drawing)


def epsilon_figure(ledger: Ledger) -> Picture:
    """Draw the failure probabilities of the ledger and their sum on a logarithmic axis."""
    spent = sorted((entry for entry in ledger.epsilons if entry.value > 0), key=lambda entry: -entry.value)
    total = ledger.eps_total
    largest = spent[0]
    finding = f"The guarantee fails with probability {significant(total)} at most"
    if len(spent) > 1:
        share = largest.value / total
        finding += f"; {largest.name} has {percent(share, 2) if share < 0.995 else 'nearly all'} of it"
    entries = [("sum", total), *((entry.name, entry.value) for entry in spent)]
    with sheet(0.36 * len(entries) + 0.9) as figure:
        axes = figure.add_subplot()
        low = 10 ** (np.floor(np.log10(spent[-1].value)) - 1)
        for row, (name, value) in enumerate(entries):
            colour = INK if name == "sum" else BLUE
            axes.hlines(row, low, value, color=colour, linewidth=5)
            beside(axes, value, row, significant(value))
        axes.set_xscale("log")
        decades = max(3.0, float(np.log10(total / low)))
        axes.set_xlim(low, total * 10 ** (0.25 * decades))
        powers_of_ten(axes, "x")
        axes.set_yticks(range(len(entries)), [name for name, _ in entries])
        axes.invert_yaxis()
        axes.margins(y=0.2)
        axes.grid(visible=False)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("failure probability")
        listed = ", ".join(f"{name} {significant(value)}" for name, value in entries)
        drawing = svg(figure, "epsilons", f"Failure probabilities: {listed}.")
    caption = "Upper bounds under the assumptions listed below; they add up. The axis is logarithmic."
    return Picture("epsilons", finding, caption, drawing)


def experiment_figure(table: tuple[Row, ...]) -> Picture:
    """Draw simulated and modelled figures relative to those that the experiment measured."""
    shown = [row for row in table if row.measured and row.name != "pulses" and row.from_measured is not None]
    worst = max(shown, key=lambda row: abs(row.from_measured or 0))
    finding = (
        f"Simulated and measured differ by {difference(abs(worst.from_measured or 0)).lstrip('+')} at most "
        f"({worst.quantity})"
    )
    with sheet(0.5 * len(shown) + 1.2) as figure:
        axes = figure.add_subplot()
        axes.axvline(0, color=MUTED, linewidth=1)
        edge = 0.0
        for row_number, row in enumerate(shown):
            reference = (row.measured or 1) * row.scale
            here, model = 100 * (row.from_measured or 0), 100 * (row.model / reference - 1)
            bar = 196 * (row.sigma or 0) / reference
            axes.plot(model, row_number + 0.16, marker="D", color=AMBER, linestyle="", markersize=6)
            axes.errorbar(
                here, row_number - 0.16, xerr=bar, fmt="o", color=BLUE, markersize=6, elinewidth=1.6
            )
            edge = max(edge, abs(here) + bar, abs(model))
            axes.annotate(
                difference(row.from_measured or 0),
                (1.02, row_number),
                xycoords=("axes fraction", "data"),
                va="center",
            )
        axes.set_yticks(range(len(shown)), [row.quantity for row in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(-1.1 * edge, 1.1 * edge)
        axes.set_xlabel("relative to the measured figure (%)")
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
        from matplotlib.lines import Line2D

        handles = [
            Line2D([], [], color=BLUE, marker="o", label="simulated, ±1.96 σ"),
            Line2D([], [], color=AMBER, marker="D", linestyle="", label="model"),
            Line2D([], [], color=MUTED, linewidth=1, label="measured"),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=3)
        alt = "Simulated relative to measured: " + ", ".join(
            f"{row.quantity} {difference(row.from_measured or 0)}" for row in shown
        )
        drawing = svg(figure, "experiment", alt + ".")
    caption = (
        "Figures to the right are those of the simulation. A model that was fitted to a measured figure lies "
        "on the line by construction; the table says which."
    )
    return Picture("experiment", finding, caption, drawing)


def _draw_classes(axes: Axes, values: Floats, bars: Floats, model: Floats) -> None:
    places = np.arange(values.shape[1])
    for basis, (colour, marker, shift) in enumerate(((BLUE, "o", -0.16), (VERMILION, "s", 0.16))):
        where = places + shift
        reach = np.abs(bars[:, basis] - values[basis])
        label = f"simulated, basis {'ZX'[basis]}"
        axes.errorbar(where, values[basis], yerr=reach, fmt=marker, color=colour, markersize=5.5, label=label)
        name = "model" if basis == 1 else ""
        axes.hlines(model[basis], where - 0.13, where + 0.13, color=INK, linewidth=1.6, zorder=4, label=name)
    drawn = np.concatenate([values.ravel(), model.ravel(), bars[0].ravel()])
    if np.all(drawn[np.isfinite(drawn)] > 0):
        axes.set_yscale("log")
        low, high = np.nanmin(drawn), np.nanmax(bars[1])
        axes.set_ylim(low / 1.6, high * 1.6)
        powers_of_ten(axes, "y")
    else:
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: significant(value))
    axes.set_xlim(-0.5, values.shape[1] - 0.5)
    axes.grid(axis="x", visible=False)


def _draw_deviations(axes: Axes, deviation: Floats, limit: float) -> None:
    places = np.arange(deviation.shape[1])
    axes.axhspan(-2, 2, color=LINE, alpha=0.6, linewidth=0)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    for edge in (-limit, limit):
        axes.axhline(edge, color=MUTED, linewidth=0.9, linestyle="--")
    for basis, (colour, marker, shift) in enumerate(((BLUE, "o", -0.16), (VERMILION, "s", 0.16))):
        axes.plot(places + shift, deviation[basis], color=colour, marker=marker, linestyle="", markersize=5.5)
    finite = np.abs(deviation[np.isfinite(deviation)])
    reach = max(limit * 1.25, 1.2 * float(finite.max(initial=0)))
    if reach > 20:
        axes.set_yscale("symlog", linthresh=10, linscale=0.5)
        axes.yaxis.set_major_formatter(lambda value, _: whole(value))
        reach *= 2
    axes.set_ylim(-reach, reach)
    axes.grid(axis="x", visible=False)
