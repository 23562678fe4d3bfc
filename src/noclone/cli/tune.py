"""``noclone tune``: the best intensities, probabilities and basis bias."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.options import BoundName, Changes, Json, Pulses, SetupName, load_setup, print_json
from noclone.core.errors import InvalidInput


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(tune)


def tune(
    setup: SetupName,
    pulses: Pulses = None,
    bound: BoundName = None,
    asymptotic: Annotated[bool, typer.Option("--asymptotic", help="Infinitely many pulses.")] = False,
    changes: Changes = None,
    out: Annotated[Path | None, typer.Option(help="Write the tuned setup to this TOML file.")] = None,
    json: Json = False,
) -> int:
    """Optimise the free parameters of a setup for its block size."""
    from noclone.core.files import write_bytes
    from noclone.optimise import tune as tune_setup
    from noclone.protocols.decoy_bb84 import DecoyBB84
    from noclone.rates import bounds
    from noclone.setup import toml

    loaded = load_setup(setup, changes)
    if out is not None and out.exists():
        raise InvalidInput(str(out), "exists already; give a new name")
    tuned = tune_setup(loaded, pulses=pulses, bound=bound, asymptotic=asymptotic)
    if out is not None and tuned.setup is not None:
        text = toml.write(tuned.setup)
        write_bytes(out, text.encode())
    if json:
        print_json(
            {
                "parameters": {name: float(value) for name, value in tuned.parameters.items()},
                "rate_before": float(tuned.rate_before),
                "rate_after": float(tuned.rate_after),
                "seconds": tuned.seconds,
            }
        )
    else:
        if loaded.protocol.BROKEN:
            print(f"NOT SECURE: {loaded.protocol.NAME} is broken: {loaded.protocol.BROKEN}\n")
        print(tuned)
        if isinstance(loaded.protocol, DecoyBB84) and (
            asymptotic or not bounds.get(bound or loaded.protocol.bound).FINITE
        ):
            print("\nWithout statistics rare decoys and bases cost nothing: shares run to their limits.")
            print(f"For a block of real size: noclone tune {setup} --bound {loaded.protocol.RIGOROUS}")
    return 0 if float(tuned.rate_after) > 0 else 1
