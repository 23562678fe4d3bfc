"""``noclone advise``: which protocol gives most key on a channel, and by how much."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from noclone.cli.catalogue import table
from noclone.cli.options import Changes, Json, Pulses, SetupName, load_setup, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(advise)


def advise(
    setup: SetupName,
    protocol: Annotated[
        list[str] | None, typer.Option(help="Compare only these; repeat it. All by default.")
    ] = None,
    pulses: Pulses = None,
    asymptotic: Annotated[bool, typer.Option("--asymptotic", help="Infinitely many pulses.")] = False,
    changes: Changes = None,
    json: Json = False,
) -> int:
    """Tune every protocol on the setup's channel with the devices it can use, and rank them."""
    from noclone.optimise.advise import advise as rank

    loaded = load_setup(setup, changes)
    rows = rank(loaded, protocol or (), pulses=pulses, asymptotic=asymptotic)
    if json:
        shown = [
            {
                field.name: getattr(row, field.name)
                for field in dataclasses.fields(row)
                if field.name != "setup"
            }
            for row in rows
        ]
        print_json({"setup": loaded.name, "rows": shown})
    else:
        cells = [
            {
                "protocol": row.protocol,
                "bound": row.bound,
                "bits per round": f"{row.rate_per_pulse:.3e}",
                "bits per second": f"{row.rate_bps:,.0f}",
                "of the best": f"{row.share_of_best:.1%}",
                "against": f"{row.attacks}, {row.regime}" if row.setup else "",
                "remark": row.remark,
            }
            for row in rows
        ]
        print(table(cells))
        first = rows[0]
        if first.rate_bps > 0:
            other = next((row for row in rows[1:] if row.rate_bps > 0), None)
            by = f", {first.rate_bps / other.rate_bps:.3g} times {other.protocol}" if other else ""
            print(f"\nmost key: {first.protocol}, {first.rate_bps:,.0f} bits per second{by}")
        else:
            print("\nno protocol gives key here")
    return 0 if any(row.rate_bps > 0 for row in rows) else 1
