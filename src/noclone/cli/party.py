"""``noclone party``: each party on a machine of its own, over TCP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noclone.cli.options import BoundName, Changes, Json, Pulses, load_setup, output_folder, print_json
from noclone.cli.progress import progress_bar
from noclone.core.errors import InvalidInput

if TYPE_CHECKING:
    from noclone.setup import Setup

party = typer.Typer(help="Run one party: init makes the first authentication keys, alice and bob distil.")

Record = Annotated[Path, typer.Argument(metavar="RECORD", help="The party's own record.")]
SetupOption = Annotated[str, typer.Option("--setup", help="The setup of the run: preset or TOML file.")]
Peer = Annotated[str | None, typer.Option(help="HOST:PORT where the peer listens.")]
Listen = Annotated[str | None, typer.Option(help="HOST:PORT to listen at for the peer.")]
AuthKey = Annotated[Path, typer.Option("--auth-key", help="The party's authentication key file.")]
Simulation = Annotated[
    bool, typer.Option("--simulation", help="Allow a seed and simulated records; the key is no secret.")
]
OptionalSeed = Annotated[int | None, typer.Option("--seed", min=0, help="Only with --simulation.")]
Refill = Annotated[
    int,
    typer.Option(min=0, help="Sessions of authentication key to take from the new key; the same at both."),
]
Wait = Annotated[float, typer.Option("--timeout", min=1, help="Longest wait for the peer, in seconds.")]
Out = Annotated[Path, typer.Option(help="Folder for key and journal.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(party, name="party")


@party.command()
def init(
    alice: Annotated[Path, typer.Option(help="Alice's file to write.")] = Path("alice.auth"),
    bob: Annotated[Path, typer.Option(help="Bob's file to write; carry it to him by hand.")] = Path(
        "bob.auth"
    ),
    sessions: Annotated[int, typer.Option(min=1, max=1_000_000, help="Sessions the key lasts for.")] = 1000,
    simulation: Simulation = False,
    seed: OptionalSeed = None,
    json: Json = False,
) -> int:
    """Make the first authentication key, one file for each party."""
    from noclone.distillation.distil import randomness
    from noclone.distillation.key_pool import create_pools

    _check_seed(seed, simulation)
    create_pools(alice, bob, sessions, randomness(seed, "authentication"))
    if json:
        print_json({"alice": str(alice), "bob": str(bob), "sessions": sessions, "simulation": simulation})
    else:
        print(f"wrote {alice} and {bob}, {sessions} sessions; both are secret, carry Bob's to him by hand")
    return 0


@party.command()
def alice(
    record: Record,
    setup: SetupOption,
    auth_key: AuthKey,
    peer: Peer = None,
    listen: Listen = None,
    pulses: Pulses = None,
    run_id: Annotated[str | None, typer.Option(help="For files that do not name their run.")] = None,
    bound: BoundName = None,
    changes: Changes = None,
    refill: Refill = 0,
    simulation: Simulation = False,
    seed: OptionalSeed = None,
    timeout: Wait = 600.0,
    out: Out = Path("."),
    json: Json = False,
) -> int:
    """Be Alice: distil with Bob's machine, from her record alone."""
    from noclone import records

    loaded = load_setup(setup, changes)
    mine = records.read_alice(record, pulses=pulses, run_id=run_id, protocol=loaded.protocol.NAME)
    return _run(
        "alice", mine, loaded, auth_key, peer, listen, bound, refill, simulation, seed, timeout, out, json
    )


@party.command()
def bob(
    record: Record,
    setup: SetupOption,
    auth_key: AuthKey,
    peer: Peer = None,
    listen: Listen = None,
    pulses: Pulses = None,
    run_id: Annotated[str | None, typer.Option(help="For files that do not name their run.")] = None,
    bound: BoundName = None,
    changes: Changes = None,
    refill: Refill = 0,
    simulation: Simulation = False,
    seed: OptionalSeed = None,
    timeout: Wait = 600.0,
    out: Out = Path("."),
    json: Json = False,
) -> int:
    """Be Bob: distil with Alice's machine, from his record alone."""
    from noclone import records

    loaded = load_setup(setup, changes)
    mine = records.read_bob(record, pulses=pulses, run_id=run_id, protocol=loaded.protocol.NAME)
    return _run(
        "bob", mine, loaded, auth_key, peer, listen, bound, refill, simulation, seed, timeout, out, json
    )


def _check_seed(seed: int | None, simulation: bool) -> None:
    if seed is not None and not simulation:
        raise InvalidInput("--seed", "needs --simulation: a key that follows from a seed is no secret")


def _run(
    name: str,
    record: Any,
    loaded: Setup,
    auth_key: Path,
    peer: str | None,
    listen: str | None,
    bound: str | None,
    refill: int,
    simulation: bool,
    seed: int | None,
    timeout_s: float,
    out: Path,
    json: bool,
) -> int:
    from noclone.distillation import peer as parties
    from noclone.distillation import tcp
    from noclone.distillation.channel import ChannelClosed
    from noclone.distillation.distil import check_fits, randomness
    from noclone.distillation.journal import Journal
    from noclone.distillation.key_pool import KeyPool
    from noclone.distillation.result import Abort
    from noclone.distillation.session import Terms

    _check_seed(seed, simulation)
    if record.run.simulated and not simulation:
        raise InvalidInput("--simulation", "is needed for a simulated record: its key is no secret")
    if (peer is None) == (listen is None):
        raise InvalidInput("--peer", "or --listen must be given, one of the two")
    check_fits(record, loaded)
    folder = output_folder(out)
    address = tcp.parse_address(peer or listen or "", "--peer" if peer else "--listen")
    pool = KeyPool.open(auth_key)
    if pool.party != name:
        raise InvalidInput(str(auth_key), f"is the authentication key of {pool.party}, not of {name}")
    if pool.live and simulation:
        raise InvalidInput(str(auth_key), "is a live authentication key; a simulation must not use it up")
    journal = Journal(auth_key.with_name(f"{auth_key.name}.journal"), folder, name, record.run.run_id)
    with progress_bar(quiet=json) as progress:
        terms = Terms(
            loaded, pool, randomness(seed, name), randomness(None, f"{name}'s envelopes"), bound, progress
        )
        try:
            channel = tcp.connect(address, timeout_s) if peer else tcp.listen(address, timeout_s)
        except ChannelClosed as error:
            outcome: Any = Abort(str(error), "channel")
        else:
            side = parties.alice if name == "alice" else parties.bob
            outcome = side(record, terms, channel, journal, refill)
            channel.close()
    pool.close()
    return _report(outcome, name, loaded.name, record, folder, refill, json)


def _report(outcome: Any, name: str, setup: str, record: Any, folder: Path, refill: int, json: bool) -> int:
    import hashlib

    from noclone.distillation.key_pool import SESSION_KEY_BITS
    from noclone.distillation.result import Abort, SecretKey

    path = folder / f"{name}.key"
    aborted = isinstance(outcome, Abort)
    shown: dict[str, Any] = {
        "party": name,
        "setup": setup,
        "protocol": record.run.protocol,
        "pulses": record.run.pulses,
        "aborted": aborted,
        "abort_reason": outcome.reason if aborted else None,
        "key_bits": 0,
        "key_sha256": None,
        "resumed": not aborted and not isinstance(outcome, SecretKey),
    }
    if not aborted:
        fresh = isinstance(outcome, SecretKey)
        shown["key_bits"] = outcome.key_bits - refill * SESSION_KEY_BITS * fresh
        if record.run.simulated:  # of a real key not even a fingerprint goes into logs
            shown["key_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    if isinstance(outcome, SecretKey):
        shown |= {
            "bound": outcome.estimate.bound,
            "sifted_bits": outcome.sifted_bits,
            "qber": outcome.qber,
            "rate_per_pulse": outcome.key_bits / record.run.pulses,
            "net_key_bits": outcome.net_key_bits,
            "eps_total": outcome.ledger.eps_total,
            "sent_bits": outcome.ledger.sent_bits,
            "charged_bits": outcome.ledger.charged_bits,
            "f_ec": outcome.f_ec,
        }
    if json:
        print_json(shown)
    elif aborted:
        print(outcome)
    else:
        print(f"{name} holds a key of {shown['key_bits']:,} bits in {path}")
    return 1 if aborted else 0
