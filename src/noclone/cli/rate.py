"""``noclone rate``: key rates, at a point or along a sweep, of one protocol or of several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.cli.options import (
    BoundName,
    Changes,
    Json,
    Pulses,
    SetupName,
    load_setup,
    parse_sweep,
    print_json,
)
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.setup import Setup


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rate)


def rate(
    setup: SetupName,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="Another protocol on the setup's channel and devices. Repeat it, or say all, to compare."
        ),
    ] = None,
    bound: BoundName = None,
    pulses: Pulses = None,
    sifted_bits: Annotated[
        float | None, typer.Option(metavar="N", help="Block size in raw key bits.")
    ] = None,
    asymptotic: Annotated[bool, typer.Option("--asymptotic", help="Infinitely many pulses.")] = False,
    sweep: Annotated[
        str | None, typer.Option(metavar="FIELD=A:B:N", help="Evaluate N values of a field from A to B.")
    ] = None,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="Compare with the best parameters at every point of the sweep.")
    ] = False,
    changes: Changes = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show every term and assumption.")] = False,
    out: Annotated[Path | None, typer.Option(help="Picture of a sweep (.svg or .png).")] = None,
    json: Json = False,
) -> int:
    """Compute key rates with their terms and what they are worth."""
    from noclone.setup import adapted
    from noclone.setup import rate as rate_of

    names = protocol or []
    if len(names) > 1 or names == ["all"]:
        if sweep is None or pulses is not None or sifted_bits is not None or bound is not None:
            raise InvalidInput("--protocol", "given more than once compares asymptotic rates along a --sweep")
        return _compare(load_setup(setup, changes), names, sweep, tuned, out, json)
    loaded = load_setup(setup, changes)
    if names and names[0] != loaded.protocol.NAME:
        loaded = adapted(loaded, names[0])
    asked = loaded if sweep is None else loaded.grid(dict([parse_sweep(sweep)]))
    answer = rate_of(asked, pulses=pulses, sifted_bits=sifted_bits, asymptotic=asymptotic, bound=bound)
    if out is not None:
        if sweep is None:
            raise InvalidInput("--out", "draws a sweep; give --sweep FIELD=A:B:N as well")
        from noclone import report

        report.sweep_figure(answer, out)
    if json:
        print_json(answer.as_dict())
    elif sweep is not None:
        name, values = next(iter(answer.axes.items()))
        rates = answer.rate_per_pulse
        print(f"{name:>24}  {'bits per pulse':>14}  {'bits per second':>15}  {'PLOB':>10}")
        for value, one, second, plob in zip(
            values, rates, answer.rate_bps, answer.plob + 0 * rates, strict=True
        ):
            print(f"{value:>24g}  {one:>14.4e}  {second:>15.4e}  {plob:>10.3e}")
    else:
        print(answer)
        if explain:
            print(f"\n{answer.explain()}")
    return 0 if bool((answer.rate_per_pulse > 0).any()) else 1


def _compare(setup: Setup, names: list[str], sweep: str, tuned: bool, out: Path | None, json: bool) -> int:
    """Show several protocols along the length or loss of the setup's channel."""
    from noclone.optimise.advise import curves
    from noclone.protocols import protocols

    chosen = [name for name, kind in protocols().items() if not kind.BROKEN] if names == ["all"] else names
    field, values = parse_sweep(sweep)
    found = curves(setup, chosen, _loss_db(setup, field, values), tuned=tuned)
    if out is not None:
        from noclone import report

        report.comparison_figure(found, out)
    if json:
        print_json(
            {
                "axes": {field: values.tolist()},
                "loss_db": found[0].loss_db.tolist(),
                "plob": found[0].plob.tolist(),
                "rows": [
                    {
                        "protocol": curve.protocol.NAME,
                        "attacks": curve.attacks,
                        "rate_per_pulse": curve.rate_per_pulse.tolist(),
                        "capacity": curve.capacity.tolist(),
                    }
                    for curve in found
                ],
            }
        )
    else:
        heads = [field, *(curve.protocol.NAME for curve in found), "PLOB"]
        widths = [max(len(head), 10) for head in heads]
        columns: list[Any] = [values, *(curve.rate_per_pulse for curve in found), found[0].plob]
        print("  ".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
        for line in zip(*columns, strict=True):
            cells = [f"{line[0]:g}", *(f"{cell:.3e}" for cell in line[1:])]
            print("  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
        print("secret bits per round, asymptotic")
    return 0 if any((curve.rate_per_pulse > 0).any() for curve in found) else 1


def _loss_db(setup: Setup, field: str, values: Any) -> Any:
    """Turn the lengths or losses of a sweep into the loss of the whole way."""
    from noclone.link import Fibre, FixedLoss

    station, _, name = field.partition(".")
    parts = setup.names(field)
    devices = [setup.part(part.partition(".")[0]) for part in parts]
    if station in ("channel", "channels"):
        if name == "length_km" and all(isinstance(device, Fibre) for device in devices):
            return sum(values * device.attenuation_db_per_km + device.insertion_loss_db for device in devices)
        if name == "loss_db" and all(isinstance(device, FixedLoss) for device in devices):
            return values * len(devices)
    raise InvalidInput("--sweep", f"must run over the length of fibre or the loss to compare, not {field}")
