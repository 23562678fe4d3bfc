"""``noclone agree``: closed forms, bounds and sampled rounds of the same links, side by side."""

from __future__ import annotations

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
        list[str] | None, typer.Argument(metavar="[PROTOCOL]…", help="All protocols by default.")
    ] = None,
    setups: Annotated[int, typer.Option(min=1, max=10_000, help="Setups per protocol.")] = 20,
    seed: Seed = 1,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes.")] = 1,
    json: Json = False,
) -> int:
    """Hold every protocol against its capacity bound, its own limit, its proof, and its sampled rounds."""
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
