"""``noclone watch``: what a run, or telemetry, shows of an eavesdropper."""

from __future__ import annotations

import csv
import json as json_text
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.cli.options import Changes, Json, Pulses, Seed, load_setup, output_folder, print_json
from noclone.cli.progress import progress_bar
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.records import AliceRecord, BobRecord
    from noclone.records.telemetry import Telemetry
    from noclone.setup import Setup

_STREAM = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="ALICE BOB | TELEMETRY | -",
            help="Two records, a telemetry file, or - for blocks as CSV lines on standard input.",
        ),
    ],
    setup: Annotated[str | None, typer.Option(help="The setup: a preset or a TOML file.")] = None,
    calibrate: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="NORMAL",
            help="What is normal: a folder with alice.parquet and bob.parquet of a good run, or a telemetry "
            "file. Repeatable. Without it, what the setup's model says.",
        ),
    ] = None,
    watcher: Annotated[str, typer.Option(help="Who watches; see `noclone list watchers`.")] = "chi-square",
    blocks: Annotated[int, typer.Option(min=1, help="Blocks that two records are cut into.")] = 1,
    window: Annotated[int, typer.Option(min=1, help="Blocks of telemetry that are judged together.")] = 1,
    false_alarm_rate: Annotated[float, typer.Option(help="Share of normal runs that may alarm.")] = 0.01,
    attack: Annotated[
        str | None, typer.Option(help="Tell also how weak this attack may be: NAME or NAME:parameter=value.")
    ] = None,
    pulses: Pulses = None,
    run_id: Annotated[str | None, typer.Option(help="For records that do not name their run.")] = None,
    changes: Changes = None,
    seed: Seed = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the picture of what changed.")] = None,
    json: Json = False,
) -> int:
    """Say whether a link looks as usual; exit code 1 if the alarm is raised."""
    loaded = None if setup is None else load_setup(setup, changes)
    folder = None if out is None else output_folder(out)
    normal = [*(calibrate or ())]
    if files == [_STREAM]:
        return _stream(_telemetry_of(normal), watcher, window, false_alarm_rate, seed, json)
    with progress_bar(quiet=json) as progress:
        if len(files) == 2:
            if loaded is None:
                raise InvalidInput("--setup", "is missing; two records are read with the setup they are of")
            from noclone import attacks
            from noclone.watching.watch import look

            pair = _pair(Path(files[0]), Path(files[1]), loaded, pulses, run_id)
            seen = look(
                *pair,
                loaded,
                watcher=watcher,
                normal=[_pair_in(path, loaded) for path in normal],
                blocks=blocks,
                false_alarm_rate=false_alarm_rate,
                attack=None if attack is None else attacks.parse(attack),
                seed=seed,
                progress=progress,
            )
        elif len(files) == 1:
            from noclone.records.telemetry_files import read_telemetry
            from noclone.watching.watch import look_at

            seen = look_at(
                read_telemetry(files[0]),
                _telemetry_of(normal),
                watcher=watcher,
                window=window,
                false_alarm_rate=false_alarm_rate,
                seed=seed,
            )
        else:
            raise InvalidInput("files", f"must be two records or one telemetry file, but are {len(files)}")
    if folder is not None:
        from noclone.report.watch_figure import watch_figure

        watch_figure(seen, folder / "watch.svg")
    if json:
        print_json(seen.verdict.as_dict())
    else:
        print(seen.verdict)
        if folder is not None:
            print(f"picture     {folder / 'watch.svg'}")
    return 1 if seen.verdict.alarm else 0


def _pair(
    alice: Path, bob: Path, setup: Setup, pulses: float | None, run_id: str | None
) -> tuple[AliceRecord, BobRecord]:
    from noclone import records

    protocol = setup.protocol.NAME
    return (
        records.read_alice(alice, pulses=pulses, run_id=run_id, protocol=protocol),
        records.read_bob(bob, pulses=pulses, run_id=run_id, protocol=protocol),
    )


def _pair_in(folder: Path, setup: Setup) -> tuple[AliceRecord, BobRecord]:
    found = [next(folder.glob(f"{party}.*"), None) for party in ("alice", "bob")]
    if found[0] is None or found[1] is None:
        raise InvalidInput(
            f"--calibrate {folder}",
            "must be a folder with alice.parquet and bob.parquet (or .csv), but is not",
        )
    return _pair(found[0], found[1], setup, None, None)


def _telemetry_of(paths: list[Path]) -> Telemetry:
    from noclone.records.telemetry import joined
    from noclone.records.telemetry_files import read_telemetry

    if not paths:
        raise InvalidInput("--calibrate", "is missing; telemetry is watched beside telemetry that was normal")
    return joined([read_telemetry(path) for path in paths])


def _stream(
    normal: Telemetry, watcher: str, window: int, false_alarm_rate: float, seed: int, json: bool
) -> int:
    """Read blocks from standard input and print a line for each; return 1 if any raised the alarm."""
    from noclone.watching import Stream
    from noclone.watching.watch import calibrated_for

    stream = Stream(
        calibrated_for(normal, watcher, window=window, false_alarm_rate=false_alarm_rate, seed=seed)
    )
    raised = False
    for block in _blocks(sys.stdin):
        seen = stream.push(block)
        if seen is None:
            continue
        raised = raised or seen.alarm
        if json:
            print(json_text.dumps(vars(seen)), flush=True)
        else:
            word = "ALARM" if seen.alarm else "usual"
            print(f"block {seen.block:>6}  {word}  p = {seen.p_value:.2g}", flush=True)
    return 1 if raised else 0


def _blocks(lines: Iterable[str]) -> Iterable[dict[str, Any]]:
    reader = csv.DictReader(lines)
    if not reader.fieldnames:
        raise InvalidInput("standard input", "must begin with a line of the features' names, but is empty")
    for number, row in enumerate(reader):
        block = {}
        for name, text in row.items():
            try:
                block[name] = float(text)
            except (TypeError, ValueError):
                raise InvalidInput(
                    f"block {number}", f"must hold a number for {name}, but holds {text!r}"
                ) from None
        yield block
