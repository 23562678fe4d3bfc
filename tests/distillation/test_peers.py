"""Parties in processes of their own: over TCP, killed at any moment, tampered with."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

import noclone as nc
from noclone import records
from noclone.core.errors import InvalidInput
from noclone.core.secrets import SimulatedSecrets, SystemSecrets
from noclone.distillation import peer
from noclone.distillation.distil import distil_pair
from noclone.distillation.journal import Journal
from noclone.distillation.key_pool import KeyPool, create_pools
from noclone.distillation.result import Abort, SecretKey
from noclone.distillation.session import Terms
from noclone.distillation.tcp import TcpChannel

SETUP = {
    "channel.length_km": 0,
    "bob.efficiency": 0.9,
    "bob.afterpulse_prob": 0,
    "bob.dark_count_prob": 1e-7,
    "bob.misalignment": 0.01,
    "bob.statistics": "exact",
    "alice.intensities": [0.8, 0.25, 0.0],
    "protocol.intensity_probs": [0.2, 0.5, 0.3],
    "protocol.basis_prob": 0.6,
    "protocol.eps_sec": 1e-6,
}
PARTIES = ("alice", "bob")


@pytest.fixture(scope="module")
def setup():
    return nc.load("lim-2014").replace(SETUP)


@pytest.fixture(scope="module")
def run(setup):
    alice, bob = nc.simulate(setup, pulses=400_000, seed=21)
    assert isinstance(distil_pair(alice, bob, setup, seed=1)[0], SecretKey)
    return alice, bob


def connected():
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        two, _ = server.accept()
    return one, two


class LoggedPool(KeyPool):
    """Notes every pad that is handed out, durably, before anybody can use it."""

    def reserve(self, session):
        pads = super().reserve(session)
        with open(f"{self._name}.log", "a") as log:
            log.write(f"{session.batch}:{session.slot}\n")
            log.flush()
            os.fsync(log.fileno())
        return pads


def start(name, record, setup, folder, auth, ends, refill=0):
    """Fork a party; the child never returns."""
    mine, other = ends if name == "alice" else ends[::-1]
    child = os.fork()
    if child:
        return child
    code = 3
    try:
        other.close()
        pool = LoggedPool.open(auth / f"{name}.auth")
        terms = Terms(setup, pool, SystemSecrets(), SystemSecrets())
        side = peer.alice if name == "alice" else peer.bob
        journal = journal_of(name, folder, auth, record.run.run_id)
        outcome = side(record, terms, TcpChannel(mine, timeout_s=20), journal, refill)
        code = 1 if isinstance(outcome, Abort) else 0
    finally:
        os._exit(code)


def session(run, setup, folder, auth, kill=None, refill=0):
    """Run one session; `kill` is (which parties, after how many seconds)."""
    ends = connected()
    children = {
        name: start(name, record, setup, folder, auth, ends, refill)
        for name, record in zip(PARTIES, run, strict=True)
    }
    for end in ends:
        end.close()
    if kill is not None:
        time.sleep(kill[1])
        for name in kill[0]:
            os.kill(children[name], signal.SIGKILL)
    return {name: os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for name, child in children.items()}


def journal_of(name, folder, auth, run_id):
    return Journal(auth / f"{name}.auth.{folder.name}.journal", folder / name, name, run_id)


def released(folder, auth, run_id):
    journals = {name: journal_of(name, folder, auth, run_id) for name in PARTIES}
    return {
        name: journal.key_path.read_bytes() for name, journal in journals.items() if journal.entry.released
    }


def make_folders(folder):
    for name in PARTIES:
        (folder / name).mkdir(parents=True)


def test_a_hundred_kills_reuse_no_pad_release_no_unequal_key_and_the_restarted_pair_finishes(
    tmp_path, run, setup
):
    auth = tmp_path / "auth"
    auth.mkdir()
    create_pools(auth / "alice.auth", auth / "bob.auth", 400, SimulatedSecrets(3, "authentication"))
    chance = random.Random(17)
    make_folders(tmp_path / "timing")
    begin = time.monotonic()
    assert session(run, setup, tmp_path / "timing", auth) == {"alice": 0, "bob": 0}
    usual = time.monotonic() - begin
    run_id = run[0].run.run_id
    finished_despite_kill = resumed = 0
    for trial in range(100):
        folder = tmp_path / str(trial)
        make_folders(folder)
        victims = chance.choice([("alice",), ("bob",), PARTIES])
        refill = trial % 2
        session(run, setup, folder, auth, (victims, chance.uniform(0, 1.1 * usual)), refill)
        before = released(folder, auth, run_id)
        if len(before) == 2:
            finished_despite_kill += 1
            assert before["alice"] == before["bob"]
        resumed += len(before) == 1
        assert session(run, setup, folder, auth, None, refill) == {"alice": 0, "bob": 0}
        after = released(folder, auth, run_id)
        assert set(after) == set(PARTIES)
        assert after["alice"] == after["bob"]
        for name, key in before.items():
            assert after[name] == key, "a released key must never change"
    for name in PARTIES:
        used = (auth / f"{name}.auth.log").read_text().split()
        assert len(used) == len(set(used)), "a pad was handed out twice"
    assert finished_despite_kill < 100


def test_a_crash_between_the_two_releases_is_finished_by_the_next_session(tmp_path, run, setup, monkeypatch):
    """Bob dies after his tag and before Alice's arrives: only she has released."""
    auth = tmp_path / "auth"
    auth.mkdir()
    create_pools(auth / "alice.auth", auth / "bob.auth", 10, SimulatedSecrets(3, "authentication"))
    make_folders(tmp_path / "run")
    from noclone.distillation import peer as module

    original = module.authenticate_as_bob

    def die_before_the_verdict(transcript, pool):
        original(transcript, pool)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(module, "authenticate_as_bob", die_before_the_verdict)
    codes = session(run, setup, tmp_path / "run", auth)
    monkeypatch.undo()
    assert codes == {"alice": 0, "bob": -signal.SIGKILL}
    run_id = run[0].run.run_id
    first = released(tmp_path / "run", auth, run_id)
    assert set(first) == {"alice"}
    assert session(run, setup, tmp_path / "run", auth) == {"alice": 0, "bob": 0}
    both = released(tmp_path / "run", auth, run_id)
    assert both["alice"] == both["bob"] == first["alice"]


def test_a_second_attempt_pays_for_what_the_first_disclosed(tmp_path, run, setup, monkeypatch):
    """Bob dies just before he would send his tag: all parities were said, and no key came of them."""
    auth = tmp_path / "auth"
    auth.mkdir()
    create_pools(auth / "alice.auth", auth / "bob.auth", 10, SimulatedSecrets(3, "authentication"))
    make_folders(tmp_path / "run")
    from noclone.distillation import peer as module

    monkeypatch.setattr(module, "authenticate_as_bob", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    assert session(run, setup, tmp_path / "run", auth)["bob"] == -signal.SIGKILL
    monkeypatch.undo()
    entries = [journal_of(name, tmp_path / "run", auth, run[0].run.run_id).entry for name in PARTIES]
    assert released(tmp_path / "run", auth, run[0].run.run_id) == {}
    undisturbed = distil_pair(*run, setup, seed=1)[0]
    parities = undisturbed.ledger.charged_under("reconciliation")
    spent = [entry.disclosed_bits for entry in entries]
    assert min(spent) > 0.95 * parities
    assert session(run, setup, tmp_path / "run", auth) == {"alice": 0, "bob": 0}
    final = journal_of("alice", tmp_path / "run", auth, run[0].run.run_id).entry
    # Seeds differ between attempts, so Cascade's own leakage does a little, too.
    assert abs(final.key_bits - (undisturbed.key_bits - sum(spent))) < 0.1 * parities
    assert final.disclosed_bits > spent[0]


def test_an_impostor_cannot_change_the_key_that_bob_has_prepared(tmp_path, run, setup, monkeypatch):
    """Alice has released, Bob has not; somebody without her pads then distils with Bob in her name."""
    auth, other = tmp_path / "auth", tmp_path / "other"
    for folder, seed in ((auth, 3), (other, 4)):
        folder.mkdir()
        create_pools(folder / "alice.auth", folder / "bob.auth", 9, SimulatedSecrets(seed, "authentication"))
    make_folders(tmp_path / "run")
    make_folders(tmp_path / "eve")
    from noclone.distillation import peer as module

    original = module.authenticate_as_bob

    def die_before_the_verdict(transcript, pool):
        original(transcript, pool)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(module, "authenticate_as_bob", die_before_the_verdict)
    session(run, setup, tmp_path / "run", auth)
    monkeypatch.undo()
    first = released(tmp_path / "run", auth, run[0].run.run_id)
    assert set(first) == {"alice"}
    ends = connected()
    eve = start("alice", run[0], setup, tmp_path / "eve", other, ends)
    bob = start("bob", run[1], setup, tmp_path / "run", auth, ends)
    for end in ends:
        end.close()
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in (eve, bob)] == [1, 1]
    assert session(run, setup, tmp_path / "run", auth) == {"alice": 0, "bob": 0}
    both = released(tmp_path / "run", auth, run[0].run.run_id)
    assert both["alice"] == both["bob"] == first["alice"]


def test_parties_that_would_refill_differently_release_nothing(tmp_path, run, setup):
    auth = tmp_path / "auth"
    auth.mkdir()
    create_pools(auth / "alice.auth", auth / "bob.auth", 9, SimulatedSecrets(3, "authentication"))
    make_folders(tmp_path / "run")
    ends = connected()
    children = [
        start(name, record, setup, tmp_path / "run", auth, ends, refill)
        for name, record, refill in zip(PARTIES, run, (0, 3), strict=True)
    ]
    for end in ends:
        end.close()
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [1, 1]
    assert released(tmp_path / "run", auth, run[0].run.run_id) == {}


def test_the_journal_knows_all_runs_and_refuses_a_second_key(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    path = tmp_path / "alice.auth.journal"
    first = Journal(path, one, "alice", "monday")
    first.allow(5000)
    Journal(path, two, "alice", "tuesday").allow(7)
    assert Journal(path, one, "alice", "monday").entry.disclosed_bits == 5000
    with pytest.raises(InvalidInput, match="where this run was begun"):
        Journal(path, two, "alice", "monday")
    key = np.ones(9, np.uint8)
    first = Journal(path, one, "alice", "monday")
    first.prepare("a", key)
    with pytest.raises(InvalidInput, match="decided already"):
        first.prepare("a", 1 - key)
    with pytest.raises(InvalidInput, match="holds the key of run monday"):
        Journal(path, one, "alice", "wednesday")
    first.release("a")
    with pytest.raises(InvalidInput, match="a run gives one key only"):
        first.prepare("b", key)
    path.write_text("{}")
    with pytest.raises(InvalidInput, match="is not a journal"):
        Journal(path, one, "alice", "monday")


def test_refill_grows_both_pools_alike_and_the_key_gives_up_those_bits(tmp_path, run, setup):
    auth = tmp_path / "auth"
    auth.mkdir()
    create_pools(auth / "alice.auth", auth / "bob.auth", 1, SimulatedSecrets(3, "authentication"))
    for number in range(3):
        make_folders(tmp_path / str(number))
        assert session(run, setup, tmp_path / str(number), auth, refill=2) == {"alice": 0, "bob": 0}
        keys = released(tmp_path / str(number), auth, run[0].run.run_id)
        assert keys["alice"] == keys["bob"]
        assert os.listdir(tmp_path / str(number) / "alice") == ["alice.key"]
    left = [KeyPool.open(auth / f"{name}.auth").sessions_left for name in PARTIES]
    assert left == [4, 4]


@pytest.fixture(scope="module")
def files(tmp_path_factory, setup, run):
    from noclone.setup import toml

    folder = tmp_path_factory.mktemp("link")
    (folder / "link.toml").write_text(toml.write(setup))
    for name, record in zip(PARTIES, run, strict=True):
        records.write(record, folder / f"{name}.parquet")
    command = [sys.executable, "-m", "noclone", "party", "init", "--simulation", "--seed", "5"]
    subprocess.run(
        [*command, "--alice", folder / "alice.auth", "--bob", folder / "bob.auth"],
        check=True,
        capture_output=True,
    )
    return folder


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


OPENED = """
import sys
log = open(sys.argv.pop(1), "w")
sys.addaudithook(lambda event, args: event == "open" and print(args[0], file=log, flush=True))
from noclone.cli.main import main
main()
"""


def test_two_processes_over_tcp_agree_with_the_in_process_key_and_open_only_their_own_files(
    files, setup, run, tmp_path
):
    address = f"127.0.0.1:{free_port()}"
    running = {}
    for name, role in (("alice", "--listen"), ("bob", "--peer")):
        arguments = ["party", name, files / f"{name}.parquet", "--setup", files / "link.toml", role, address]
        arguments += ["--auth-key", files / f"{name}.auth", "--simulation", "--seed", "5", "--json"]
        arguments += ["--out", tmp_path / name, "--timeout", "60"]
        running[name] = subprocess.Popen(
            [sys.executable, "-c", OPENED, tmp_path / f"{name}.opened", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    results = {}
    for name, process in running.items():
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        results[name] = json.loads(out)
    assert results["alice"]["key_sha256"] == results["bob"]["key_sha256"]
    key = distil_pair(*run, setup, seed=5)[0]
    assert results["alice"]["key_sha256"] == key.sha256()
    assert (tmp_path / "alice" / "alice.key").read_bytes() == key.packed.tobytes()
    assert (tmp_path / "bob" / "bob.key").stat().st_mode & 0o777 == 0o600
    for name, other in (PARTIES, PARTIES[::-1]):
        opened = (tmp_path / f"{name}.opened").read_text().splitlines()
        assert any(line.endswith(f"{name}.parquet") for line in opened)
        foreign = [f"{other}.{ending}" for ending in ("parquet", "auth", "key", "auth.journal")]
        assert not [line for line in opened if line.endswith(tuple(foreign))]


def test_the_peer_that_never_comes_is_a_result(files, tmp_path):
    create_pools(tmp_path / "a", tmp_path / "bob.auth", 9, SimulatedSecrets(3, "authentication"))
    command = [sys.executable, "-m", "noclone", "party", "bob", files / "bob.parquet", "--simulation"]
    command += ["--setup", files / "link.toml", "--peer", f"127.0.0.1:{free_port()}", "--timeout", "1"]
    done = subprocess.run(
        [*command, "--auth-key", tmp_path / "bob.auth", "--out", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "nobody listens" in done.stdout
