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
    from noclone.setup import adapted, replaced
    from noclone.setup import rate as rate_of

    names = protocol or []
    if len(names) > 1 or "all" in names:
        if sweep is None or pulses is not None or sifted_bits is not None or bound is not None:
            raise InvalidInput("--protocol", "given more than once compares asymptotic rates along a --sweep")
        return _compare(load_setup(setup, changes), names, sweep, tuned, out, json)
    if tuned:
        raise InvalidInput("--tuned", "belongs to a comparison of protocols; see noclone tune for one")
    own = load_setup(setup, changes)
    loaded = adapted(own, names[0]) if names and names[0] != own.protocol.NAME else own
    asked = loaded if sweep is None else loaded.grid(dict([parse_sweep(sweep)]))
    answer = rate_of(asked, pulses=pulses, sifted_bits=sifted_bits, asymptotic=asymptotic, bound=bound)
    if out is not None:
        if sweep is None:
            raise InvalidInput("--out", "draws a sweep; give --sweep FIELD=A:B:N as well")
        from noclone import report

        report.sweep_figure(answer, out)
    others = replaced(own, loaded)
    if not json and others:
        print(
            f"typical devices at {', '.join(others)}: the setup has none that {loaded.protocol.NAME} can use"
        )
    if not json and answer.pulses is None and (pulses is not None or sifted_bits is not None):
        print(f"{answer.bound} gives no finite key: this is the asymptotic rate")
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
    from noclone.optimise.advice import curves
    from noclone.protocols import protocols

    chosen = [name for name, kind in protocols().items() if not kind.BROKEN] if "all" in names else names
    field, values = parse_sweep(sweep)
    along, left_out = _along(setup, field, values), {}
    if "all" in names:
        left_out = {name: reason for name in chosen if (reason := _unable(setup, name))}
        chosen = [name for name in chosen if name not in left_out]
    found = curves(setup, chosen, along, tuned=tuned)
    if out is not None:
        from noclone import report

        report.comparison_figure(found, out)
    if json:
        print_json(
            {
                "axes": {field: values.tolist()},
                "loss_db": found[0].loss_db.tolist(),
                "plob": found[0].plob.tolist(),
                "left_out": left_out,
                "rows": [
                    {
                        "protocol": curve.protocol.NAME,
                        "attacks": curve.attacks,
                        "broken": bool(curve.protocol.BROKEN),
                        "rate_per_pulse": curve.rate_per_pulse.tolist(),
                        "capacity": curve.capacity.tolist(),
                    }
                    for curve in found
                ],
            }
        )
    else:
        marks = [" (BROKEN)" if curve.protocol.BROKEN else "" for curve in found]
        names = [curve.protocol.NAME + mark for curve, mark in zip(found, marks, strict=True)]
        heads = [field, *names, "PLOB"]
        widths = [max(len(head), 10) for head in heads]
        columns: list[Any] = [values, *(curve.rate_per_pulse for curve in found), found[0].plob]
        print("  ".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
        for line in zip(*columns, strict=True):
            cells = [f"{line[0]:g}", *(f"{cell:.3e}" for cell in line[1:])]
            print("  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
        print("secret bits per round, asymptotic")
        for name, reason in left_out.items():
            print(f"left out: {name} ({reason.rstrip('.')})")
    return 0 if any((curve.rate_per_pulse > 0).any() for curve in found) else 1


def _unable(setup: Setup, protocol: str) -> str:
    """Return why a protocol cannot take the setup's hardware; nothing if it can."""
    from noclone.setup import adapted

    try:
        adapted(setup, protocol)
    except InvalidInput as error:
        return str(error)
    return ""


def _along(setup: Setup, field: str, values: Any) -> Any:
    """Turn the lengths or losses of a sweep over one channel, or both, into those of the whole way."""
    name = {"fibre": "length_km", "fixed-loss": "loss_db"}.get(setup.link.ways[0].KIND, "")
    single = setup.link.middle is None
    if not name or field != f"{'channel' if single else 'channels'}.{name}":
        raise InvalidInput("--sweep", f"must run over the fibre's length or the loss to compare, not {field}")
    return values * len(setup.link.ways)
