"""Rate against distance, loss or block size: what bounds and capacity allow, and where the run lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.core.files import write_atomically
from noclone.link import Fibre, FixedLoss, kinds
from noclone.protocols import protocols
from noclone.protocols.key_rate import KeyRate
from noclone.report.canvas import (
    AMBER,
    BLUE,
    GREEN,
    INK,
    MUTED,
    PURPLE,
    VERMILION,
    Picture,
    powers_of_ten,
    sheet,
    svg,
)
from noclone.report.comparison import key_spread
from noclone.report.description import key_of
from noclone.report.notation import percent, significant
from noclone.setup import Grid, Setup, rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from noclone.pipeline import RunResult

Floats = NDArray[np.float64]

POINTS = 401
DEEPEST_LOSS_DB = 100.0
LONGEST_KM = 20_000.0
"""Loss and length up to which a rate is looked for."""

_DECADES = 9
"""Most decades that an axis of rates shows below its highest rate."""

_NOTHING = 1e-300
"""Stands for no rate on a logarithmic axis."""

_LOOKS = ((BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (PURPLE, (0, (1, 1.2))), (AMBER, (0, (5, 1, 1, 1))))


@dataclass(frozen=True)
class _Axis:
    """What runs along the horizontal axis."""

    label: str
    values: Floats
    here: float
    unit: str
    rates: dict[str, KeyRate]
    log: bool = False


def rate_figure(result: RunResult) -> Picture:
    """Draw the rate against the channel's length or loss, or the block's size where it has neither."""
    axis = _axis(result)
    finite = axis.rates[result.bound]
    key = key_of(result)
    here = f"{'of' if axis.log else 'at'} {significant(axis.here)} {axis.unit}"
    if key is None:
        finding = f"The run {here} gave no key"
    else:
        capacity = float(result.predicted.plob)
        share = percent(key.key_bits / result.pulses / capacity, 2)
        finding = f"The key {here} is {share} of the capacity without repeaters"
    finding += _reach_text(axis, finite.rate_per_pulse)
    with sheet(4.2) as figure:
        axes = figure.add_subplot()
        looks = iter(_LOOKS)
        _draw_capacity(axes, axis.values, finite.plob)
        for name, curve in axis.rates.items():
            _draw_rate(axes, axis.values, curve, name, next(looks))
        if key is None:
            axes.axvline(axis.here, color=INK, linestyle=":", label="this run: no key")
        else:
            _draw_run(axes, axis.here, result, key.key_bits, key.f_ec)
        _finish(axes, axis.values, list(axis.rates.values()), axis.log)
        axes.set_xlabel(axis.label)
        axes.set_ylabel("secret bits per pulse")
        figure.legend(loc="outside upper left", ncols=2)
        alt = f"Secret bits per pulse against {axis.label}, with the capacity bound of PLOB. {finding}."
        drawing = svg(figure, "rate", alt)
    caption = "Every block is of this run's size, but for the asymptotic limit."
    if axis.log:
        caption = "The channel has no length to vary; what varies is the size of the block."
    if key is not None:
        caption += " The point is this run's key; its bar is 1.96 standard deviations of counting statistics."
    if finite.band is not None:
        caption += " Bands are the 5 % and 95 % points under the setup's uncertainties."
    return Picture("rate", finding, caption, drawing)


def sweep_figure(rates: KeyRate | Sequence[KeyRate], path: Path | str) -> None:
    """Write a picture of one or several rates along the same swept axis.

    Parameters
    ----------
    rates : KeyRate or sequence of KeyRate
        With one axis each, and the same one; several bounds may be laid over each other.
    path : path-like
        Ends in ``.svg`` or ``.png``.

    Raises
    ------
    InvalidInput
        If there is not one common axis, no rate is positive, the ending is another, or the file cannot
        be written.
    """
    curves = [rates] if isinstance(rates, KeyRate) else list(rates)
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    if kind not in ("svg", "png"):
        raise InvalidInput(str(path), "must end in .svg or .png")
    name, values = _common_axis(curves)
    if not any(np.any(curve.rate_per_pulse > 0) for curve in curves):
        raise InvalidInput("sweep", f"finds no key anywhere along {name}, so there is nothing to draw")
    label, unit = axis_label(name)
    best = max(curves, key=lambda curve: float(curve.rate_per_pulse.max()))
    top = float(best.rate_per_pulse.max())
    peak = values[int(np.argmax(best.rate_per_pulse))]
    reach = _reach(values, best.rate_per_pulse)
    log = bool(values.min() > 0 and values.max() / values.min() > 1e3 and _even(np.log(values)))
    at = f"{significant(float(peak))}{unit}" if unit else f"{name} = {significant(float(peak))}"
    end = f"; key up to {significant(reach)}{unit}" if reach < values.max() else ""
    broken = "BROKEN, these numbers claim nothing: " if best.broken else ""
    title = f"{broken}{best.protocol}, {best.bound}, {best.security.regime}: "
    title += f"at best {significant(top)} bits per pulse\nat {at}{end}"
    with sheet(4.4, facecolor="white") as figure:
        axes = figure.add_subplot()
        _draw_capacity(axes, values, best.plob)
        looks = iter(_LOOKS * (1 + len(curves) // len(_LOOKS)))
        for curve in curves:
            _draw_rate(axes, values, curve, f"{curve.bound}, {curve.security.regime}", next(looks))
        _finish(axes, values, curves, log)
        axes.set_xlabel(label)
        axes.set_ylabel("secret bits per pulse")
        figure.suptitle(title, x=0.01, ha="left")
        figure.legend(loc="outside lower left", ncols=2)
        # No date: the same rates give the same file.
        about = {"Date": None} if kind == "svg" else None
        write_atomically(path, lambda file: figure.savefig(file, format=kind, dpi=200, metadata=about))


def axis_label(name: str) -> tuple[str, str]:
    """Return the label and the unit, with a leading space, of a dotted field name.

    Examples
    --------
    >>> axis_label("channel.length_km")
    ('channel: length (km)', ' km')
    """
    station, _, field = name.partition(".")
    place = "channel" if station == "channels" else station
    known: list[Any] = list((protocols() if station == "protocol" else kinds(place)).values())
    stem = field.partition("[")[0]
    for kind in known:
        spec = specs(kind).get(stem)
        if spec is not None:
            unit = f" ({spec.unit})" if spec.unit else ""
            which = field[len(stem) :]
            return f"{station}: {spec.doc}{which}{unit}", f" {spec.unit}" if spec.unit else ""
    return name, ""


def _axis(result: RunResult) -> _Axis:
    channel = result.setup.link.channel
    if isinstance(channel, FixedLoss):
        return _along_channel(result, "channel.loss_db", DEEPEST_LOSS_DB, "loss of the channel (dB)", "dB")
    if isinstance(channel, Fibre) and channel.attenuation_db_per_km > 0:
        furthest = min(DEEPEST_LOSS_DB / channel.attenuation_db_per_km, LONGEST_KM)
        return _along_channel(result, "channel.length_km", furthest, "fibre length (km)", "km")
    values = np.geomspace(1e5, 1e15, POINTS)
    rates = _rates(result, result.setup, values)
    return _Axis("pulses in a block", values, float(result.pulses), "pulses", rates, log=True)


def _along_channel(result: RunResult, field: str, furthest: float, label: str, unit: str) -> _Axis:
    """Look how far key reaches at all, then sample that range."""
    here = float(result.setup.get(field))
    values = np.linspace(0, max(furthest, here), POINTS)
    endless = rate(result.setup.grid({field: values}), asymptotic=True)
    end = min(values[-1], 1.06 * max(_reach(values, endless.rate_per_pulse), here))
    values = np.linspace(0, end, POINTS)
    return _Axis(label, values, here, unit, _rates(result, result.setup.grid({field: values}), result.pulses))


def _rates(result: RunResult, asked: Setup | Grid, pulses: ArrayLike) -> dict[str, KeyRate]:
    names = dict.fromkeys((result.bound, result.setup.recorded.RIGOROUS))
    rates = {name: rate(asked, pulses=pulses, bound=name) for name in names}
    limit = f"asymptotic limit, {result.setup.recorded.bound}"
    return {**rates, limit: rate(asked, asymptotic=True)}


def _reach_text(axis: _Axis, rates: Floats) -> str:
    positive = axis.values[rates > 0]
    if not positive.size:
        return "; no key is expected anywhere along the axis"
    if axis.log:
        return f"; {significant(float(positive[0]) / 1e6, 2)} million pulses are needed"
    if positive[-1] == axis.values[-1]:
        return ""
    return f"; blocks of this size give key up to {significant(float(positive[-1]))} {axis.unit}"


def _reach(values: Floats, rates: Floats) -> float:
    """Return the last value at which there is key."""
    positive = np.flatnonzero(np.broadcast_to(rates, values.shape) > 0)
    return float(values[positive[-1]]) if positive.size else 0.0


def _draw_capacity(axes: Axes, values: Floats, plob: Floats) -> None:
    capacity = np.broadcast_to(plob, values.shape)
    shown = np.where(np.isfinite(capacity) & (capacity > 0), capacity, np.nan)
    axes.plot(values, shown, color=MUTED, linewidth=1.2, label="capacity without repeaters (PLOB)")


def _draw_rate(axes: Axes, values: Floats, curve: KeyRate, label: str, look: tuple[str, Any]) -> None:
    rates = np.broadcast_to(curve.rate_per_pulse, values.shape)
    colour, dashes = look
    positive = rates > 0
    beside_key = np.convolve(positive, np.ones(3), "same") > 0
    # A curve that ends inside the picture falls out of it instead of stopping short.
    shown = np.where(positive, rates, np.where(beside_key, _NOTHING, np.nan))
    axes.plot(values, shown, color=colour, linestyle=dashes, label=label)
    if curve.band is not None:
        low, high = (np.broadcast_to(edge, values.shape) for edge in curve.band)
        axes.fill_between(
            values, np.maximum(low, _NOTHING), high, where=high > 0, color=colour, alpha=0.2, linewidth=0
        )


def _draw_run(axes: Axes, here: float, result: RunResult, key_bits: int, efficiency: float) -> None:
    value = key_bits / result.pulses
    bar = min(1.96 * key_spread(result, efficiency) / result.pulses, 0.99 * value)
    axes.errorbar(here, value, yerr=bar, fmt="o", color=INK, markersize=7, zorder=5, label="key of this run")


def _finish(axes: Axes, values: Floats, curves: list[KeyRate], log: bool) -> None:
    axes.set_yscale("log")
    if log:
        axes.set_xscale("log")
        powers_of_ten(axes, "x")
    axes.set_xlim(values.min(), values.max())
    if any(curve.band is not None for curve in curves):
        axes.fill_between([], [], color=MUTED, alpha=0.2, linewidth=0, label="5 % to 95 % of uncertainties")
    rates = np.concatenate([np.ravel(curve.rate_per_pulse) for curve in curves])
    rates = rates[rates > 0] if np.any(rates > 0) else np.ones(1)
    top = float(rates.max())
    bottom = max(float(rates.min()), top * 10.0**-_DECADES)
    axes.set_ylim(10 ** np.floor(np.log10(bottom)), max(1.0, 10 ** (np.ceil(np.log10(top)) + 1)))
    powers_of_ten(axes, "y")


def _even(values: Floats) -> bool:
    steps = np.diff(values)
    return bool(np.allclose(steps, steps[0]))


def _common_axis(curves: list[KeyRate]) -> tuple[str, Floats]:
    if not curves or any(len(curve.axes) != 1 for curve in curves):
        raise InvalidInput("sweep", "must run along one axis to be drawn")
    name, values = next(iter(curves[0].axes.items()))
    if values.size < 2:
        raise InvalidInput(name, "must take at least two values to be drawn")
    for curve in curves[1:]:
        if list(curve.axes) != [name] or not np.array_equal(curve.axes[name], values):
            raise InvalidInput("sweep", "must run along the same axis for every rate")
    return name, np.asarray(values, float)
