"""``noclone advise``: which protocol gives most key on a channel, and by how much."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from noclone.cli.catalogue import table
from noclone.cli.options import Changes, Json, Pulses, SetupName, load_setup, print_json

if TYPE_CHECKING:
    from noclone.optimise.advice import Advice


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
    from noclone.optimise.advice import advise as rank

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
                "against": row.claim,
                "remark": row.remark,
            }
            for row in rows
        ]
        print(table(cells))
        print(f"\n{_verdict(rows)}")
    return 0 if rows[0].eligible and rows[0].rate_bps > 0 else 1


def _verdict(rows: list[Advice]) -> str:
    """Return which protocol gives most key here and by how much, and what a station halfway would give."""
    able = [row for row in rows if row.eligible and row.rate_bps > 0]
    halfway = max((row for row in rows if row.remark.startswith("needs")), key=_bits, default=None)
    if not able:
        text = "no protocol gives a secure key on this link"
    else:
        first = able[0]
        by = f", {first.rate_bps / able[1].rate_bps:.3g} times {able[1].protocol}" if len(able) > 1 else ""
        text = f"most key: {first.protocol}, {first.rate_bps:,.0f} bits per second ({first.claim}){by}"
    if halfway is not None and halfway.rate_bps > (able[0].rate_bps if able else 0.0):
        text += (
            f"\nwith a station halfway: {halfway.protocol}, {halfway.rate_bps:,.0f} bits per second "
            f"({halfway.claim})"
        )
    return text


def _bits(row: Advice) -> float:
    return row.rate_bps
