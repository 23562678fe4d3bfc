"""``noclone simulate`` and ``noclone distil``: the stages alone, from file to file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.cli.catalogue import table
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
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.protocols.round_attack import RoundAttack
    from noclone.setup import Setup


_ELSEWHERE = {
    "pulses": "acts on decoy-bb84 and bb84, not on {}",
    "symbols": "acts on the symbols of gg02, which `noclone telemetry` plays",
}
"""What is said of attacks that are not simulated round by round."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(simulate)
    app.command()(distil)


def simulate(
    setup: SetupName,
    pulses: Pulses = None,
    attack: Annotated[
        str | None, typer.Option(help="Eve on the channel: NAME:parameter=value,…; NAME+NAME for several.")
    ] = None,
    changes: Changes = None,
    seed: Seed = 1,
    workers: Workers = 1,
    out: Annotated[Path, typer.Option(help="Folder for alice.parquet and bob.parquet.")] = Path("out"),
    json: Json = False,
) -> int:
    """Simulate a run and write the two parties' records, or show what a protocol without records gives."""
    from noclone import attacks, records
    from noclone.protocols.decoy_bb84 import DecoyBB84
    from noclone.protocols.round_attack import RoundAttack
    from noclone.simulation import simulate as simulate_setup

    loaded = load_setup(setup, changes)
    eve = None if attack is None else attacks.parse(attack)
    if isinstance(eve, RoundAttack):
        eve.check_setup(loaded.protocol, loaded.link)
    if not isinstance(loaded.protocol, DecoyBB84):
        if eve is not None and not isinstance(eve, RoundAttack):
            raise InvalidInput(f"--attack {eve.NAME}", _ELSEWHERE[eve.ACTS_ON].format(loaded.protocol.NAME))
        return _sample(loaded, pulses, eve, seed, json)
    folder = output_folder(out)
    with progress_bar(quiet=json) as progress:
        alice, bob = simulate_setup(loaded, pulses, attack=eve, seed=seed, workers=workers, progress=progress)
        records.write(alice, folder / "alice.parquet")
        records.write(bob, folder / "bob.parquet")
    shown = {
        "setup": loaded.name,
        "protocol": loaded.protocol.NAME,
        "pulses": alice.run.pulses,
        "detections": len(bob),
        "run_id": alice.run.run_id,
        "files": [str(folder / "alice.parquet"), str(folder / "bob.parquet")],
    }
    if json:
        print_json(shown)
    else:
        print(
            f"{len(bob):,} detections of {alice.run.pulses:,} pulses "
            f"in {folder / 'alice.parquet'} and bob.parquet"
        )
    return 0


def _sample(setup: Setup, rounds: float | None, eve: RoundAttack | None, seed: int, json: bool) -> int:
    from noclone.simulation import sample

    played = 1e6 if rounds is None else rounds
    rows = sample(setup, played, attack=eve, seed=seed)
    told = None if eve is None else eve.information(setup.protocol, setup.link)
    if json:
        shown = {
            "setup": setup.name,
            "protocol": setup.protocol.NAME,
            "rounds": played,
            "rows": [dataclasses.asdict(row) for row in rows],
        }
        if eve is not None:
            shown |= {"attack": eve.text(), "information_bits": told}
        print_json(shown)
    else:
        cells = [
            {
                "of one round": row.name,
                "seen": f"{row.seen:.6g}",
                "expected": f"{row.expected:.6g}",
                "p": f"{row.p_value:.3f}",
            }
            for row in rows
        ]
        if setup.protocol.BROKEN:
            print(f"NOT SECURE: {setup.protocol.NAME} is broken: {setup.protocol.BROKEN}\n")
        print(
            f"{setup.name}: {played:,.0f} rounds{'' if eve is None else f' under {eve.NAME}'}\n{table(cells)}"
        )
        if eve is not None:
            print(
                "\nExpected is what the setup gives without Eve; a small p says that the parties see her.\n"
                f"Eve's information: {told:.4g} bits per sifted bit of the rounds that she attacks."
            )
    return 0


def distil(
    alice: Annotated[Path, typer.Argument(metavar="ALICE", help="Alice's record, Parquet or CSV.")],
    bob: Annotated[Path, typer.Argument(metavar="BOB", help="Bob's record, Parquet or CSV.")],
    setup: Annotated[str, typer.Option(help="The setup the records are of: preset or TOML file.")],
    pulses: Pulses = None,
    run_id: Annotated[str | None, typer.Option(help="For files that do not name their run.")] = None,
    bound: BoundName = None,
    changes: Changes = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Reproducible, for simulated records only; without it: real secrets."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for alice.key and bob.key.")] = Path("out"),
    json: Json = False,
) -> int:
    """Distil a secret key from two records, as two parties that share nothing but a channel."""
    from noclone import records
    from noclone.core.files import write_bytes
    from noclone.distillation.distil import distil_pair
    from noclone.distillation.result import SecretKey

    loaded = load_setup(setup, changes)
    protocol = loaded.protocol.NAME
    hers = records.read_alice(alice, pulses=pulses, run_id=run_id, protocol=protocol)
    his = records.read_bob(bob, pulses=pulses, run_id=run_id, protocol=protocol)
    folder = output_folder(out)
    for name in ("alice", "bob"):
        if (folder / f"{name}.key").exists():
            raise InvalidInput("--out", f"must not hold a key already: {folder / f'{name}.key'} exists")
    with progress_bar(quiet=json) as progress:
        first, second = distil_pair(hers, his, loaded, bound=bound, seed=seed, progress=progress)
    for name, key in (("alice", first), ("bob", second)):
        path = folder / f"{name}.key"
        if isinstance(key, SecretKey):
            write_bytes(path, key.packed.tobytes(), mode=0o600)
    shown = describe(first, second, loaded.name, loaded.protocol.NAME, hers.run.pulses, len(his))
    if json:
        print_json(shown)
    elif isinstance(first, SecretKey):
        from noclone.report import key_summary

        print(key_summary(first))
        print(f"keys    {folder / 'alice.key'}, {folder / 'bob.key'}")
    else:
        print(first)
    return 0 if shown["keys_equal"] else 1


def describe(
    first: Any, second: Any, setup: str, protocol: str, pulses: int, detections: int
) -> dict[str, Any]:
    """Return the stable JSON keys of a distillation."""
    from noclone.distillation.result import SecretKey

    key = first if isinstance(first, SecretKey) else None
    equal = (
        key is not None and isinstance(second, SecretKey) and key.packed.tobytes() == second.packed.tobytes()
    )
    return {
        "setup": setup,
        "protocol": protocol,
        "bound": None if key is None else key.estimate.bound,
        "pulses": pulses,
        "detections": detections,
        "sifted_bits": None if key is None else key.sifted_bits,
        "qber": None if key is None else key.qber,
        "rate_per_pulse": 0.0 if key is None else key.key_bits / pulses,
        "key_bits": 0 if key is None else key.key_bits,
        "net_key_bits": 0 if key is None else key.net_key_bits,
        "key_sha256": key.sha256() if key is not None and key.simulated else None,
        "keys_equal": equal,
        "sent_bits": first.ledger.sent_bits,
        "charged_bits": first.ledger.charged_bits,
        "f_ec": None if key is None else key.f_ec,
        "aborted": key is None,
        "abort_reason": None if key is not None else first.reason,
    }
