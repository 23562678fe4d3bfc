"""``noclone watch``: what a run, or telemetry, shows of an eavesdropper."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noclone.cli.options import Changes, Json, Pulses, Seed, load_setup, output_folder, print_json
from noclone.cli.progress import progress_bar
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.records import AliceRecord, BobRecord
    from noclone.records.telemetry import Telemetry
    from noclone.setup import Setup

_STREAM = "-"
_INPUT = "standard input"
_MOST_NAMED = 10
"""Alarming blocks that are told by their numbers."""


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
    of_records = {
        "--setup": setup is not None,
        "--set": bool(changes),
        "--blocks": blocks != 1,
        "--attack": attack is not None,
        "--pulses": pulses is not None,
        "--run-id": run_id is not None,
    }
    if files == [_STREAM]:
        _refuse({**of_records, "--out": out is not None}, "blocks on standard input")
    elif len(files) == 1:
        _refuse(of_records, "a telemetry file")
    elif len(files) == 2:
        _refuse({"--window": window != 1}, "two records")
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
        if seen.verdict.blocks > 1 and seen.verdict.alarming:
            print(f"alarming    {_numbers(seen.verdict.alarming)}")
        if folder is not None:
            print(f"picture     {folder / 'watch.svg'}")
    return 1 if seen.verdict.alarm else 0


def _refuse(given: dict[str, bool], what: str) -> None:
    """Refuse options that would be ignored."""
    ignored = [option for option, present in given.items() if present]
    if ignored:
        raise InvalidInput(", ".join(ignored), f"must not be given with {what}")


def _numbers(alarming: tuple[int, ...]) -> str:
    told = ", ".join(map(str, alarming[:_MOST_NAMED]))
    more = len(alarming) - _MOST_NAMED
    return f"{told} and {more:,} more" if more > 0 else told


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
    raised, blocks = False, 0
    for block in _blocks(sys.stdin or (), stream.calibrated.columns):
        seen = stream.push(block)
        blocks += 1
        if seen is None:
            continue
        raised = raised or seen.alarm
        if json:
            print_json(vars(seen))
        else:
            word = "ALARM" if seen.alarm else "usual"
            print(f"block {seen.block:>6}  {word}  p = {seen.p_value:.2g}")
        sys.stdout.flush()
    if blocks == 0:
        raise InvalidInput(_INPUT, "holds no blocks")
    if blocks < window:
        raise InvalidInput(_INPUT, f"must hold at least {window} blocks, but holds {blocks}")
    return 1 if raised else 0


def _blocks(lines: Iterable[str], needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield blocks by their columns' names; the header is looked at before the first is waited for."""
    from noclone.records.telemetry import check_columns

    reader = _rows(lines)
    header = next(reader, None)
    if not header:
        raise InvalidInput(_INPUT, "must begin with a line of the features' names, but is empty")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(_INPUT, f"must name each column once, but names {twice!r} twice")
    check_columns(header, needed)
    for number, row in enumerate(row for row in reader if row):
        if len(row) != len(header):
            raise InvalidInput(
                f"block {number}", f"must have {len(header)} columns as the header has, but has {len(row)}"
            )
        yield dict(zip(header, row, strict=True))


def _rows(lines: Iterable[str]) -> Iterator[list[str]]:
    reader = csv.reader(_without_mark(lines))
    try:
        yield from reader
    except csv.Error as error:
        raise InvalidInput(
            _INPUT, f"must be lines of CSV, but line {reader.line_num} is not ({error})"
        ) from None
    except UnicodeError:
        raise InvalidInput(_INPUT, "must be text in UTF-8, but is not") from None


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines without the byte-order mark that spreadsheets write at the beginning."""
    for number, line in enumerate(lines):
        line.encode()  # in the C locale, bytes that are no text get this far
        yield line if number else line.removeprefix("\ufeff")
