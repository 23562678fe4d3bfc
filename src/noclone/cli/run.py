"""``noclone run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from noclone.cli.options import (
    BoundName,
    Changes,
    Json,
    Pulses,
    Seed,
    SetupName,
    Workers,
    load_setup,
    output_folder,
    print_json,
)
from noclone.cli.progress import progress_bar


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    setup: SetupName,
    pulses: Pulses = None,
    bound: BoundName = None,
    attack: Annotated[
        str | None,
        typer.Option(help="Eve on the channel: NAME:parameter=value,…; see `noclone list attacks`."),
    ] = None,
    discard: Annotated[
        float | None,
        typer.Option(
            metavar="RATE",
            help="Withhold the key if the watch raises the alarm; RATE of honest blocks may be lost.",
        ),
    ] = None,
    changes: Changes = None,
    seed: Seed = 1,
    workers: Workers = 1,
    out: Annotated[Path, typer.Option(help="Folder for report, records, keys and figures.")] = Path("out"),
    json: Json = False,
) -> int:
    """Predict, simulate, watch, distil and report a link, from photons to a secret key."""
    from noclone import attacks, records, report
    from noclone.core.files import write_bytes
    from noclone.distillation.discard import DiscardRule
    from noclone.distillation.result import SecretKey
    from noclone.pipeline import run as run_setup

    loaded = load_setup(setup, changes)
    eve = None if attack is None else attacks.parse(attack)
    rule = None if discard is None else DiscardRule(false_alarm_rate=discard)
    folder = output_folder(out)
    with progress_bar(quiet=json) as progress:
        result = run_setup(
            loaded,
            pulses=pulses,
            bound=bound,
            attack=eve,
            rule=rule,
            seed=seed,
            workers=workers,
            progress=progress,
        )
        progress("report", 0.0)
        records.write(result.simulated.alice, folder / "alice.parquet")
        records.write(result.simulated.bob, folder / "bob.parquet")
        for name, key in (("alice", result.alice), ("bob", result.bob)):
            path = folder / f"{name}.key"
            if isinstance(key, SecretKey):
                write_bytes(path, key.packed.tobytes(), mode=0o600)
            else:
                path.unlink(missing_ok=True)
        report.write(result, folder / "report.html")
        progress("report", 1.0)
    if json:
        print_json(result.as_dict())
    else:
        print(report.summary(result))
        print(f"\nreport  {folder / 'report.html'}")
    return 0 if result.keys_equal else 1
