"""The command line as its users meet it: results, JSON, exit codes, one sentence for every fault."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

import noclone as nc
from noclone import records
from noclone.cli.main import main
from noclone.setup import preset_names, toml

QUICK = ["--set", "channel.loss_db=12", "--set", "protocol.eps_sec=1e-6", "--pulses", "5e7"]
RUN_KEYS = {
    "setup", "protocol", "bound", "pulses", "detections", "sifted_bits", "qber", "rate_per_pulse", "key_bits",
    "net_key_bits", "key_bits_rigorous", "key_sha256", "keys_equal", "eps_sec", "eps_cor", "sent_bits",
    "charged_bits", "f_ec", "aborted", "abort_reason", "verdict", "seconds",
}  # fmt: skip


def noclone(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "noclone", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=200,
        **options,
    )


def in_process(*arguments):
    """Run a command in this process, which saves the start of another."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["noclone", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    return SimpleNamespace(returncode=left.value.code, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quick")
    done = noclone("run", "micius-2017", *QUICK, "--json", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_run_writes_everything_and_prints_stable_json(quick):
    folder, shown = quick
    assert set(shown) == RUN_KEYS
    assert shown["keys_equal"]
    assert not shown["aborted"]
    assert shown["key_bits"] > shown["net_key_bits"] > 1000
    assert (folder / "alice.key").read_bytes() == (folder / "bob.key").read_bytes()
    assert len((folder / "alice.key").read_bytes()) == (shown["key_bits"] + 7) // 8
    for name in ("alice.key", "bob.key", "alice.parquet", "bob.parquet"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert f"{shown['key_bits']:,}" in (folder / "report.html").read_text()


def test_same_seed_same_key_with_one_and_two_workers(quick, tmp_path):
    _, shown = quick
    again = in_process("run", "micius-2017", *QUICK, "--json", "--workers", "2", "--out", tmp_path)
    other = in_process("run", "micius-2017", *QUICK, "--json", "--seed", "2", "--out", tmp_path)
    assert json.loads(again.stdout)["key_sha256"] == shown["key_sha256"]
    assert json.loads(other.stdout)["key_sha256"] != shown["key_sha256"]


def test_simulate_then_distil_gives_the_key_of_run(quick, tmp_path):
    _, shown = quick
    done = in_process("simulate", "micius-2017", *QUICK, "--out", tmp_path, "--json")
    assert json.loads(done.stdout)["detections"] == shown["detections"]
    setup = [*M, *QUICK[:4]]
    done = in_process(
        "distil",
        tmp_path / "alice.parquet",
        tmp_path / "bob.parquet",
        *setup,
        "--seed",
        1,
        "--out",
        tmp_path,
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["key_sha256"] == shown["key_sha256"]


def test_an_attack_ends_in_an_abort_with_exit_code_1_and_no_key(tmp_path):
    (tmp_path / "alice.key").write_bytes(b"old")
    done = in_process(
        "run", "micius-2017", *QUICK, "--attack", "intercept-resend", "--json", "--out", tmp_path
    )
    shown = json.loads(done.stdout)
    assert done.returncode == 1
    assert shown["aborted"]
    assert "error rate" in shown["abort_reason"]
    assert shown["key_bits"] == 0
    assert shown["key_sha256"] is None
    assert not (tmp_path / "alice.key").exists()
    assert "report.html" in os.listdir(tmp_path)


def test_an_error_free_link_is_reported(tmp_path):
    clean = ["--set", "bob.misalignment=0", "--set", "bob.dark_count_prob=0"]
    done = in_process("run", "micius-2017", *QUICK, *clean, "--json", "--out", tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["qber"] == 0
    assert "report.html" in os.listdir(tmp_path)


def test_distil_leaves_keys_that_are_there_alone(quick, tmp_path):
    folder, _ = quick
    (tmp_path / "alice.key").write_bytes(b"precious")
    files = folder / "alice.parquet", folder / "bob.parquet"
    done = in_process("distil", *files, "--setup", "micius-2017", "--out", tmp_path)
    assert done.returncode == 2
    assert "must not hold a key already" in done.stderr
    assert (tmp_path / "alice.key").read_bytes() == b"precious"


def test_rate_and_its_sweep(tmp_path):
    shown = json.loads(in_process("rate", "lim-2014", "--json").stdout)
    assert set(shown) >= {"protocol", "rate_per_pulse", "rate_bps", "qber", "security", "terms"}
    assert set(shown["security"]) >= {"attacks", "regime", "eps", "assumptions"}
    picture = tmp_path / "sweep.svg"
    done = in_process("rate", "lim-2014", "--sweep", "channel.length_km=0:100:5", "--json", "--out", picture)
    rates = json.loads(done.stdout)["rate_per_pulse"]
    assert len(rates) == 5
    assert rates == sorted(rates, reverse=True)
    assert picture.read_text().lstrip().startswith("<?xml")
    assert in_process("rate", "lim-2014", "--set", "channel.length_km=400").returncode == 1
    assert "assumes" in in_process("rate", "lim-2014", "--explain").stdout
    banded = json.loads(in_process("rate", "lim-2014", "--set", "channel.length_km=50±1", "--json").stdout)
    low, high = banded["rate_per_pulse_band"]
    assert low < banded["rate_per_pulse"] < high


def test_tune_init_list_cite_experiments(tmp_path):
    tuned = json.loads(in_process("tune", "gys-2004", "--bound", "wiesemann-2024", "--json").stdout)
    assert set(tuned) == {"parameters", "rate_before", "rate_after", "seconds"}
    assert tuned["rate_after"] >= tuned["rate_before"]
    made = tmp_path / "mine.toml"
    assert in_process("init", made).returncode == 0
    assert "# length" in made.read_text()
    assert toml.read(made).protocol.bound == "wiesemann-2024"
    assert in_process("init", tmp_path / "lim.toml", "--from", "lim-2014").returncode == 0
    assert toml.read(tmp_path / "lim.toml").link == nc.load("lim-2014").link
    assert in_process("init", made).returncode == 2
    listed = json.loads(in_process("list", "presets", "--json").stdout)["rows"]
    assert [row["name"] for row in listed] == preset_names()
    for what in ("protocols", "attacks", "bounds", "reconciliation", "extractors"):
        assert json.loads(in_process("list", what, "--json").stdout)["rows"]
    assert "Nature 549" in in_process("cite", "micius-2017").stdout
    rows = json.loads(in_process("experiments", "--json").stdout)["rows"]
    assert not any(row["passed"] is False for row in rows)


def test_help_is_quick_and_import_is_quick():
    def cpu_seconds(*command):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    cpu_seconds(sys.executable, "-m", "noclone", "--help")
    assert min(cpu_seconds(sys.executable, "-m", "noclone", "--help") for _ in range(3)) < 0.5
    start = cpu_seconds(sys.executable, "-c", "pass")
    assert min(cpu_seconds(sys.executable, "-c", "import noclone") for _ in range(3)) - start < 0.3


@pytest.fixture(scope="module")
def files(quick, tmp_path_factory):
    """Good and bad files beside each other."""
    folder, _ = quick
    made = tmp_path_factory.mktemp("files")
    whole = (folder / "alice.parquet").read_bytes()
    (made / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (made / "empty.parquet").write_bytes(b"")
    (made / "nan.csv").write_text("# run_id: a\n# pulses: 10\npulse_index,basis,bit\n1,0,nan\n")
    (made / "short.csv").write_text("# run_id: a\n# pulses: 10\npulse_index,basis,bit\n1,0\n")
    setup = nc.load("micius-2017").replace({"channel.loss_db": 12})
    _, other = nc.simulate(setup, pulses=1e6, seed=77)
    records.write(other, made / "other.parquet")
    (made / "broken.toml").write_text("[alice\n")
    (made / "unknown.toml").write_text(toml.write(setup).replace("loss_db", "loss_dB"))
    return {
        "alice": folder / "alice.parquet",
        "bob": folder / "bob.parquet",
        "folder": made,
    }


M = ("--setup", "micius-2017")
BAD = {
    "unknown preset": (["run", "micius-2018"], "did you mean micius-2017"),
    "negative length": (["run", "gys-2004", "--set", "channel.length_km=-5"], "length_km must be at least 0"),
    "NaN": (["run", "gys-2004", "--set", "channel.length_km=nan"], "but is nan"),
    "a percentage": (["run", "gys-2004", "--set", "bob.efficiency=20"], "efficiency must be at least 0 and at most 1"),
    "probabilities": (
        ["run", "gys-2004", "--set", "protocol.intensity_probs=[0.5,0.3,0.1]"],
        "protocol.intensity_probs must sum to 1, but sum to 0.9",
    ),
    "unknown field": (["run", "gys-2004", "--set", "channel.lenght_km=5"], "did you mean length_km"),
    "not an assignment": (["run", "gys-2004", "--set", "channel.length_km"], "--set must be FIELD=VALUE"),
    "a word for a number": (["run", "gys-2004", "--set", "channel.length_km=far"], "must be a number"),
    "unknown bound": (["run", "gys-2004", "--bound", "lim-2013"], "bound must be one of"),
    "bound for other intensities": (["rate", "gys-2004", "--bound", "rusca-2018"], "needs 2 intensities"),
    "unknown attack": (["run", "gys-2004", "--attack", "blinding"], "attack 'blinding' is not known"),
    "attack out of range": (["run", "gys-2004", "--attack", "intercept-resend:fraction=1.5"], "must be at least 0"),
    "unknown reconciliation": (
        ["run", "gys-2004", "--set", "protocol.reconciliation=turbo"],
        "protocol.reconciliation 'turbo' is not known",
    ),
    "unknown extractor": (
        ["run", "gys-2004", "--set", "protocol.amplification=sha"],
        "protocol.amplification 'sha' is not known",
    ),
    "no pulses": (["run", "gys-2004", "--pulses", "0"], "pulses must be"),
    "too many pulses": (["run", "gys-2004", "--pulses", "1e20"], "pulses must be"),
    "missing setup": (["run", "nowhere.toml"], "cannot be read"),
    "broken TOML": (["run", "{folder}/broken.toml"], "is not valid TOML"),
    "unknown TOML field": (["run", "{folder}/unknown.toml"], "did you mean loss_db"),
    "missing command": (["fly"], "fly"),
    "missing option value": (["run", "gys-2004", "--pulses"], "--pulses"),
    "bad sweep": (["rate", "gys-2004", "--sweep", "channel.length_km=0:100"], "must be FIELD=START:STOP:COUNT"),
    "contradictory sizes": (["rate", "lim-2014", "--pulses", "1e9", "--asymptotic"], "given once"),
    "field a protocol ignores": (["rate", "dps", "--set", "bob.dead_time_s=1e-6"], "is not used by dps"),
    "impossible intensity": (["rate", "sarg04", "--set", "alice.intensities=[20]"], "alice.intensities[0] must be"),
    "broken protocol": (["rate", "cow", "--set", "protocol.insecure=false"], "protocol.insecure must be true"),
    "unknown protocol to agree": (["agree", "bb85"], "did you mean bb84"),
    "unknown protocol to advise": (["advise", "lim-2014", "--protocol", "mdj"], "did you mean mdi"),
    "unknown page": (["pages", "mdj"], "did you mean mdi"),
    "comparison over a word": (["rate", "gys-2004", "--protocol", "all", "--sweep", "bob.efficiency=0:1:3"], "length"),
    "comparison without sweep": (["rate", "gys-2004", "--protocol", "all"], "along a --sweep"),
    "attack on another protocol": (["simulate", "dps", "--attack", "intercept-resend"], "acts on decoy-bb84"),
    "run of another protocol": (["run", "mdi"], "must be decoy-bb84 or bb84 to be recorded"),
    "experiments as text": (["experiments", "--out", "e.txt"], "must end in .svg or .png"),
    "another protocol": (["rate", "lim-2014", "--protocol", "b93"], "did you mean b92"),
    "unknown list": (["list", "planets"], "list 'planets' is not known"),
    "truncated Parquet": (["distil", "{folder}/cut.parquet", "{bob}", *M], "cut.parquet"),
    "empty file": (["distil", "{folder}/empty.parquet", "{bob}", *M], "empty.parquet"),
    "swapped files": (["distil", "{bob}", "{alice}", *M], "bob.parquet"),
    "files of two runs": (["distil", "{alice}", "{folder}/other.parquet", *M], "the same in both records"),
    "NaN in a column": (["distil", "{alice}", "{folder}/nan.csv", *M], "nan.csv"),
    "ragged row": (["distil", "{alice}", "{folder}/short.csv", *M], "line 4"),
    "missing record": (["distil", "{alice}", "{folder}/none.parquet", *M], "none.parquet"),
    "folder as record": (["distil", "{folder}", "{bob}", *M], "is a folder, not a file"),
    "seed for live party": (
        ["party", "alice", "{alice}", *M, "--auth-key", "x", "--listen", "127.0.0.1:1", "--seed", "1"],
        "--seed needs --simulation",
    ),
    "simulated record, live party": (
        ["party", "alice", "{alice}", *M, "--auth-key", "x", "--listen", "127.0.0.1:1"],
        "--simulation is needed for a simulated record",
    ),
    "missing key file": (
        ["party", "alice", "{alice}", *M, "--auth-key", "none", "--listen", "127.0.0.1:7000", "--simulation"],
        "none cannot be opened",
    ),
    "bad address": (
        ["party", "bob", "{bob}", *M, "--auth-key", "x", "--peer", "nowhere", "--simulation"],
        "--peer must be HOST:PORT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gives_one_sentence_exit_2_and_nothing_half_written(case, files, tmp_path):
    arguments, sentence = BAD[case]
    filled = [argument.format(**files) for argument in arguments]
    out = ["--out", str(tmp_path)] if filled[0] in ("run", "distil") else []
    done = in_process(*filled, *out)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    """The kernel refuses to let any file grow beyond 64 KiB, as a full disk would."""
    limit = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)); "
    limit += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += "sys.argv[0] = 'noclone'; runpy.run_module('noclone', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", limit, "simulate", "micius-2017", *QUICK, "--out", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_an_interrupt_is_not_a_traceback(tmp_path, tmp_path_factory):
    # Kernels first: an interrupt that strikes inside the compiler, once per installation, can be lost there.
    ready = noclone("run", "gys-2004", "--pulses", "1e6", "--out", tmp_path_factory.mktemp("ready"))
    assert ready.returncode in (0, 1), ready.stderr
    process = subprocess.Popen(
        [sys.executable, "-m", "noclone", "run", "gys-2004", "--pulses", "1e11", "--out", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(3)
    process.send_signal(2)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert out == ""
    assert os.listdir(tmp_path) == []
