"""``noclone tags`` and ``noclone synthetic-tags``: from raw time tags to records, and tags to try it with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.cli.catalogue import table
from noclone.cli.options import Json, Seed, output_folder, print_json
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.records.time_tags import TimeTags

Channels = Annotated[
    str, typer.Option(metavar="A,B,C,D", help="Its channels of the outcomes Z 0, Z 1, X 0 and X 1.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(tags)
    app.command("synthetic-tags")(synthetic_tags)


def tags(
    alice: Annotated[Path, typer.Argument(metavar="ALICE", help="Alice's tags, Parquet, .npz or CSV.")],
    bob: Annotated[Path, typer.Argument(metavar="BOB", help="Bob's tags, Parquet, .npz or CSV.")],
    window_ps: Annotated[float, typer.Option(help="Full width of the coincidence window.")] = 1000,
    alice_channels: Channels = "0,1,2,3",
    bob_channels: Channels = "0,1,2,3",
    max_offset_ms: Annotated[float, typer.Option(help="Offset of the clocks to look for, at most.")] = 1,
    max_rate_ppm: Annotated[float, typer.Option(help="Difference of rates to look for, at most.")] = 50,
    protocol: Annotated[str, typer.Option(help="Protocol that the records name.")] = "continuous-bbm92",
    out: Annotated[
        Path, typer.Option(help="Folder for alice.parquet, bob.parquet and correlation.svg.")
    ] = Path("out"),
    json: Json = False,
) -> int:
    """Synchronise two parties' time tags, find their coincidences, and write the two records."""
    from noclone import records
    from noclone.records.coincidences import coincidences, correlations, outcomes
    from noclone.records.coincidences import records as records_of
    from noclone.records.synchronisation import synchronise
    from noclone.report.correlation import correlation_figure

    folder = output_folder(out)
    files = [folder / name for name in ("alice.parquet", "bob.parquet", "correlation.svg")]
    for path in (alice, bob):
        if path.resolve() in [each.resolve() for each in files]:
            raise InvalidInput("--out", f"must be another folder: {path} would be overwritten")
    channels = (_channels("--alice-channels", alice_channels), _channels("--bob-channels", bob_channels))
    (hers, her_outcomes), (his, his_outcomes) = (
        _load(path, each, outcomes) for path, each in zip((alice, bob), channels, strict=True)
    )
    clock = synchronise(hers, his, max_offset_ps=max_offset_ms * 1e9, max_rate=max_rate_ppm * 1e-6)
    found = coincidences(hers, his, clock, window_ps)
    bases = correlations(found, her_outcomes, his_outcomes)
    first, second = records_of(hers, his, found, channels, protocol)
    records.write(first, files[0])
    records.write(second, files[1])
    correlation_figure(hers, his, clock, found, files[2])

    seconds = hers.duration_ps * 1e-12
    shown: dict[str, Any] = {
        "tags": [len(hers), len(his)],
        "seconds": seconds,
        "offset_ps": clock.offset_ps,
        "rate_ppm": clock.rate * 1e6,
        "drift_ppb_per_s": clock.drift_per_s * 1e9,
        "spread_ps": clock.spread_ps,
        "followed": clock.followed,
        "window_ps": found.window_ps,
        "coincidences": len(found),
        "accidentals": found.accidentals,
        "sifted_bits": sum(each.sifted_bits for each in bases),
        "bases": [
            {
                "basis": each.basis,
                "sifted_bits": each.sifted_bits,
                "errors": each.errors,
                "qber": each.qber,
                "visibility": each.visibility,
            }
            for each in bases
        ],
        "simulated": first.run.simulated,
        "run_id": first.run.run_id,
        "files": [str(path) for path in files],
    }
    if json:
        print_json(shown)
        return 0
    print(f"tags          {len(hers):,} and {len(his):,} in {seconds:,.6g} s")
    print(f"offset        {clock.offset_ps * 1e-6:+,.6f} µs, Bob's clock against Alice's at the beginning")
    print(
        f"rate          {clock.rate * 1e6:+.6f} ppm, drifting {clock.drift_per_s * 1e9:+.4f} ppb per second"
    )
    print(f"peak          {clock.spread_ps:.0f} ps wide (standard deviation), "
          f"found in {clock.followed:.1%} of the run")  # fmt: skip
    print(
        f"coincidences  {len(found):,} within {window_ps:g} ps, {found.accidentals:,.0f} of them accidental"
    )
    print(f"sifted bits   {shown['sifted_bits']:,}\n")
    cells = [
        {
            "basis": each.basis,
            "sifted bits": f"{each.sifted_bits:,}",
            "QBER": f"{each.qber:.3%}",
            "visibility": f"{each.visibility:.2%}",
        }
        for each in bases
    ]
    print(table(cells))
    print(f"\nrecords       {files[0]}, {files[1]}")
    print(f"picture       {files[2]}")
    return 0


def synthetic_tags(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the two files shall be.")],
    duration_s: Annotated[float, typer.Option(help="How long the source is on.")] = 10,
    offset_ps: Annotated[float, typer.Option(help="Bob's clock when Alice's reads 0.")] = 7.3e8,
    rate_ppm: Annotated[float, typer.Option(help="By how much Bob's clock is faster.")] = 10,
    drift_ppb_per_s: Annotated[float, typer.Option(help="Change of the rate.")] = 1,
    qber: Annotated[float, typer.Option(help="Error rate of the pairs.")] = 0.02,
    ending: Annotated[str, typer.Option("--format", help="parquet, npz or csv.")] = "parquet",
    seed: Seed = 1,
    json: Json = False,
) -> int:
    """Write the tags of a simulated source: 100,000 a second on each side, 10 % with a partner."""
    from noclone.records.time_tags import TimeTags, write_tags
    from noclone.sampling.time_tags import BobsClock, TaggedPairs

    output_folder(folder)
    clock = BobsClock(offset_ps=offset_ps, rate=rate_ppm * 1e-6, drift_per_s=drift_ppb_per_s * 1e-9)
    drawn = TaggedPairs(qber=qber).sample(duration_s=duration_s, seed=seed, clock=clock)
    files = [folder / f"{name}-tags.{ending}" for name in ("alice", "bob")]
    for path, time_ps, channel in (
        (files[0], drawn.alice_ps, drawn.alice_channel),
        (files[1], drawn.bob_ps, drawn.bob_channel),
    ):
        write_tags(TimeTags(time_ps=time_ps, channel=channel, simulated=True), path)
    if json:
        print_json(
            {
                "tags": [len(drawn.alice_ps), len(drawn.bob_ps)],
                "pairs": len(drawn.true_alice),
                "files": [str(path) for path in files],
            }
        )
    else:
        print(f"{len(drawn.alice_ps):,} and {len(drawn.bob_ps):,} tags, {len(drawn.true_alice):,} pairs")
        print(f"try: noclone tags {files[0]} {files[1]}")
    return 0


def _channels(option: str, text: str) -> tuple[int, ...]:
    try:
        channels = tuple(int(part) for part in text.split(","))
    except ValueError:
        channels = ()
    if len(channels) != 4:
        raise InvalidInput(option, f"must be four numbers like 0,1,2,3, but is {text!r}")
    return channels


def _load(path: Path, channels: tuple[int, ...], outcomes: Any) -> tuple[TimeTags, Any]:
    """Return a party's tags and their outcomes; a fault names the file."""
    from noclone.records.time_tags import read_tags

    found = read_tags(path)
    try:
        return found, outcomes(found, channels)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.field}", error.problem) from error
