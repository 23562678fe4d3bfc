"""``noclone agree``: closed forms, bounds and sampled rounds of the same links, side by side."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from noclone.cli.catalogue import table
from noclone.cli.options import Json, Seed, print_json
from noclone.cli.progress import progress_bar


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(agree)


def agree(
    protocol: Annotated[
        list[str] | None, typer.Argument(metavar="[PROTOCOL]…", help="All protocols (or attacks) by default.")
    ] = None,
    setups: Annotated[int, typer.Option(min=1, max=10_000, help="Setups per protocol.")] = 20,
    seed: Seed = 1,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes.")] = 1,
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Hold attacks against the certified bounds instead.")
    ] = False,
    json: Json = False,
) -> int:
    """Hold every protocol against its capacity bound, its own limit, its proof, and its sampled rounds."""
    if attacks:
        return _attacks(protocol or [], json)
    from noclone.agreement import agree as hold

    with progress_bar(quiet=json) as progress:
        rows = hold(protocol or (), count=setups, seed=seed, workers=workers, progress=progress)
    if json:
        print_json({"rows": rows})
    else:
        print(table([shown(row) for row in rows]))
        for row in rows:
            for fault in row["faults"]:
                print(f"  {fault}")
        statistics, links = (sum(row[name] for row in rows) for name in ("statistics", "setups"))
        print(f"{statistics:,} statistics on {links} setups")
    return 0 if all(row["passed"] for row in rows) else 1


def _attacks(names: list[str], json: bool) -> int:
    """Show what the bounds certify beside what each attack leaves; 1 if one beats a bound that covers it."""
    from dataclasses import asdict

    from noclone.agreement.attacks import attacks_table, telling
    from noclone.report.attacks_page import cells

    with progress_bar(quiet=json) as progress:
        rows = attacks_table(names, progress=progress)
    if json:
        print_json({"rows": [{**asdict(row), "beaten": row.beaten, "sound": row.sound} for row in rows]})
    else:
        plain = [
            {name: re.sub(r"[*`]", "", text) for name, text in cells(row).items()} for row in telling(rows)
        ]
        print(table(plain))
    return 0 if all(row.sound for row in rows) else 1


def shown(row: dict[str, Any]) -> dict[str, str]:
    """Return a row's figures as the cells of a table."""
    longest, proof = row["longest_over_limit"], row["proof_less_closed"]
    return {
        "protocol": row["protocol"],
        "setups": str(row["setups"]),
        "with key": str(row["with_key"]),
        "rate / capacity": f"{row['rate_over_capacity']:.3f}",
        "finite / limit": "" if longest is None else f"{longest:.4f} … {row['finite_over_limit']:.4f}",
        "proof - closed form": "" if proof is None else f"{proof[0]:+.1e} … {proof[1]:+.1e}",
        "statistics": str(row["statistics"]),
        "smallest p": f"{row['smallest_p']:.1e}",
        "agrees": "yes" if row["passed"] else "NO",
    }
