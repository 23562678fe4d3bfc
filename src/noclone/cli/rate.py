"""``noclone rate``: key rates, at a point or along a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rate)


def rate(
    setup: SetupName,
    protocol: Annotated[str | None, typer.Option(help="Name of the protocol the setup must have.")] = None,
    bound: BoundName = None,
    pulses: Pulses = None,
    sifted_bits: Annotated[
        float | None, typer.Option(metavar="N", help="Block size in raw key bits.")
    ] = None,
    asymptotic: Annotated[bool, typer.Option("--asymptotic", help="Infinitely many pulses.")] = False,
    sweep: Annotated[
        str | None, typer.Option(metavar="FIELD=A:B:N", help="Evaluate N values of a field from A to B.")
    ] = None,
    changes: Changes = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show every term and assumption.")] = False,
    out: Annotated[Path | None, typer.Option(help="Picture of a sweep (.svg or .png).")] = None,
    json: Json = False,
) -> int:
    """Compute key rates with their terms and what they are worth."""
    from noclone.setup import rate as rate_of

    loaded = load_setup(setup, changes)
    if protocol is not None and protocol != loaded.protocol.NAME:
        raise InvalidInput(
            "--protocol", f"must be {loaded.protocol.NAME}, the setup's own, but is {protocol!r}"
        )
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
