"""``noclone watch``, ``telemetry`` and ``run --attack`` as their users meet them."""

import contextlib
import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import noclone as nc
from noclone import records
from noclone.cli.main import main
from noclone.records.telemetry import Telemetry
from noclone.records.telemetry_files import read_telemetry, write_telemetry


def noclone(*arguments, stdin=""):
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["noclone", *map(str, arguments)])
        patch.setattr(sys, "stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin)
        with pytest.raises(SystemExit) as left:
            main()
    return SimpleNamespace(returncode=left.value.code, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Records as a laboratory has them, CSV and Parquet, and telemetry files."""
    folder = tmp_path_factory.mktemp("runs")
    setup = nc.load("lim-2014")
    eve = nc.attacks.PhotonNumberSplitting(fraction=0.5)
    for name, pulses, attack in (("good", 2e9, None), ("fresh", 1e8, None), ("bad", 1e8, eve)):
        (folder / name).mkdir()
        for record in nc.simulate(setup, pulses=pulses, attack=attack, seed=3 if name == "good" else 4):
            records.write(record, folder / name / f"{record.party}.parquet")
    for name, attack, seed in (("usual", (), 1), ("mixed", ("--attack", "time-shift"), 2)):
        done = noclone(
            *("telemetry", "lim-2014", "--blocks", 400, "--seed", seed, *attack),
            *("--out", folder / f"{name}.parquet"),
        )
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "normal.parquet"
    write_telemetry(Telemetry(("a", "b"), np.random.default_rng(1).normal(size=(600, 2))), path)
    return path


def pair(folder):
    return folder / "alice.parquet", folder / "bob.parquet"


def test_two_records_are_watched_beside_the_model(runs, tmp_path):
    done = noclone("watch", *pair(runs / "bad"), "--setup", "lim-2014", "--out", tmp_path, "--json")
    shown = json.loads(done.stdout)
    assert done.returncode == 1
    assert shown["alarm"] is True
    assert shown["evidence"][0]["feature"] == "clicks[1]"
    assert {each["attack"] for each in shown["detectable"]} == {"intercept-resend", "photon-number-splitting"}
    assert shown["false_alarm_rate"] == 0.01
    assert "<svg" in (tmp_path / "watch.svg").read_text()
    quiet = noclone("watch", *pair(runs / "fresh"), "--setup", "lim-2014")
    assert quiet.returncode == 0
    assert quiet.stdout.startswith("nothing unusual: chi-square")


def test_two_records_are_watched_beside_the_laboratory_s_own_runs(runs):
    common = (
        "--setup",
        "lim-2014",
        "--set",
        "channel.length_km=60",
        "--calibrate",
        runs / "good",
        "--blocks",
        10,
    )
    assert noclone("watch", *pair(runs / "fresh"), *common).returncode == 0
    assert noclone("watch", *pair(runs / "bad"), *common).returncode == 1
    wrong_model = noclone("watch", *pair(runs / "fresh"), *common[:4])
    assert wrong_model.returncode == 1


def test_records_written_by_others_are_watched(runs, tmp_path):
    alice, bob = (records.read_alice(pair(runs / "bad")[0]), records.read_bob(pair(runs / "bad")[1]))
    lines = ["pulse_index,basis,bit,intensity"]
    columns = (alice.pulse_index, alice.basis, alice.bit, alice.intensity)
    lines += [",".join(map(str, row)) for row in zip(*columns, strict=True)]
    (tmp_path / "alice.csv").write_text("\n".join(lines) + "\n")
    lines = ["pulse_index,basis,bit"]
    lines += [",".join(map(str, row)) for row in zip(bob.pulse_index, bob.basis, bob.bit, strict=True)]
    (tmp_path / "bob.csv").write_text("\n".join(lines) + "\n")
    done = noclone(
        *("watch", tmp_path / "alice.csv", tmp_path / "bob.csv", "--setup", "lim-2014"),
        *("--pulses", "1e8", "--run-id", "lab"),
    )
    assert done.returncode == 1, done.stderr
    assert "ALARM" in done.stdout


def test_telemetry_is_watched_beside_telemetry(runs):
    assert noclone("watch", runs / "mixed.parquet", "--calibrate", runs / "usual.parquet").returncode == 1
    fresh = noclone("telemetry", "lim-2014", "--blocks", 100, "--seed", 9, "--out", runs / "fresh.parquet")
    assert fresh.returncode == 0
    taught = noclone(
        *("watch", runs / "mixed.parquet", "--calibrate", runs / "usual.parquet"),
        *("--calibrate", runs / "mixed.parquet", "--watcher", "gradient-boosting", "--json"),
    )
    assert json.loads(taught.stdout)["family"] == "supervised"
    assert taught.returncode == 1


def test_blocks_are_watched_as_they_come(runs):
    telemetry = read_telemetry(runs / "mixed.parquet")
    lines = [",".join(telemetry.columns)]
    lines += [",".join(map(repr, map(float, row))) for row in telemetry.values[396:404]]
    done = noclone(
        "watch", "-", "--calibrate", runs / "usual.parquet", "--json", stdin="\n".join(lines) + "\n"
    )
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [each["block"] for each in seen] == list(range(8))
    assert all(each["alarm"] for each in seen[4:])


def test_a_stream_may_begin_with_a_mark_and_hold_other_columns(runs):
    telemetry = read_telemetry(runs / "mixed.parquet")
    lines = ["\ufeff" + ",".join(telemetry.columns) + ",time"]
    lines += [",".join(map(str, row.tolist())) + ",2026-01-01T00:00:00" for row in telemetry.values[:2]]
    done = noclone("watch", "-", "--calibrate", runs / "usual.parquet", stdin="\r\n".join(lines) + "\r\n")
    assert done.stdout.startswith("block      0")
    assert done.stdout.count("\n") == 2


def test_blocks_that_alarm_are_named(runs):
    done = noclone("watch", runs / "mixed.parquet", "--calibrate", runs / "usual.parquet")
    told = next(line for line in done.stdout.splitlines() if line.startswith("alarming"))
    assert told.endswith("more")
    assert told.count(",") == 9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "standard input must begin with a line of the features"),
        ("hello\n", "telemetry must have the columns a, b, but has only hello"),
        ("a,b\n", "standard input holds no blocks"),
        ("a,b,a\n", "standard input must name each column once, but names 'a' twice"),
        ("a,b\n1\n", "block 0 must have 2 columns as the header has, but has 1"),
        ("a,b\nx,2\n", "block 0 must hold a number for a, but holds 'x'"),
        ("a,b\r\n1,2\r,5\n", "standard input must be lines of CSV, but line 2 is not"),
    ],
)
def test_a_stream_that_is_none_gets_one_sentence(small, text, message):
    done = noclone("watch", "-", "--calibrate", small, stdin=text)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_not_a_number_is_told_with_its_block(small):
    done = noclone("watch", "-", "--calibrate", small, stdin="b,note,a\n0,good,0\n0,bad,nan\n")
    assert done.returncode == 2
    assert done.stdout.count("\n") == 1
    assert "a must be finite, but is nan in block 1" in done.stderr


def test_a_stream_shorter_than_a_window_is_no_answer(small):
    done = noclone("watch", "-", "--calibrate", small, "--window", 2, stdin="a,b\n1,2\n")
    assert "standard input must hold at least 2 blocks, but holds 1" in done.stderr


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_bytes_that_are_no_text_get_one_sentence(small, errors):
    binary = io.TextIOWrapper(io.BytesIO(b"a,b\xff\xfe\n"), encoding="utf-8", errors=errors)
    done = noclone("watch", "-", "--calibrate", small, stdin=binary)
    assert done.returncode == 2
    assert "standard input must be text in UTF-8" in done.stderr


def test_a_data_set_says_where_it_comes_from(runs):
    card = json.loads((runs / "mixed.card.json").read_text())
    assert card["labels"] == {"normal": 400, "time-shift": 400}
    assert "split by run" in card["use"]
    assert card["origin"]["parts"][1]["seed"] == 2


def test_run_ends_with_a_verdict(tmp_path):
    done = noclone(
        *("run", "lim-2014", "--pulses", "1e9", "--attack", "photon-number-splitting:fraction=.1"),
        *("--discard", ".01", "--out", tmp_path, "--json"),
    )
    shown = json.loads(done.stdout)
    assert done.returncode == 1
    assert shown["verdict"]["alarm"] is True
    assert shown["verdict"]["rule"] == {"watcher": "chi-square", "false_alarm_rate": 0.01}
    assert shown["verdict"]["given_up_bits"] == shown["verdict"]["stake_bits"] > 0
    assert shown["abort_reason"].startswith("the watcher chi-square raised the alarm")
    assert not (tmp_path / "alice.key").exists()
    page = (tmp_path / "report.html").read_text()
    assert 'id="figure-watch"' in page
    assert "gives up" in page


def test_attacks_stand_beside_the_bounds():
    done = noclone("agree", "--attacks", "trojan-horse", "phase-covariant-cloning", "--json")
    rows = json.loads(done.stdout)["rows"]
    assert done.returncode == 0
    beaten = {row["attack"] for row in rows if row["beaten"]}
    assert beaten == {"trojan-horse"}
    assert "beaten" in noclone("agree", "--attacks", "trojan-horse").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("watch", "{good}/alice.parquet"), "--calibrate is missing; telemetry is watched beside"),
        (("watch", "{good}/alice.parquet", "{good}/bob.parquet"), "--setup is missing; two records"),
        (("watch", "a", "b", "c"), "files must be two records or one telemetry file, but are 3"),
        (("watch", "{usual}", "--calibrate", "{usual}", "--watcher", "chi"), "watcher 'chi' is not known"),
        (("watch", "{usual}", "--calibrate", "{usual}", "--false-alarm-rate", "0"), "must be above 0"),
        (("watch", "{usual}", "--calibrate", "{usual}", "--false-alarm-rate", "1e-9"), "must be at least"),
        (("watch", "{usual}", "--calibrate", "{usual}", "--watcher", "naive-bayes"), "learns from attacks"),
        (("watch", "none.parquet", "--calibrate", "{usual}"), "none.parquet is not a file"),
        (
            (
                "watch",
                "{good}/alice.parquet",
                "{good}/bob.parquet",
                "--setup",
                "lim-2014",
                "--calibrate",
                "{usual}",
            ),
            "must be a folder with alice.parquet and bob.parquet",
        ),
        (("watch", "-", "--calibrate", "{usual}"), "standard input must begin with a line of the features"),
        (
            ("telemetry", "lim-2014", "--attack", "saturation"),
            "must act on pulses, but saturation acts on symbols",
        ),
        (
            ("telemetry", "gg02", "--attack", "time-shift"),
            "must act on symbols, but time-shift acts on pulses",
        ),
        (
            ("watch", "{usual}", "--calibrate", "{usual}", "--setup", "lim-2014"),
            "--setup must not be given with a telemetry file",
        ),
        (
            ("watch", "{usual}", "--calibrate", "{usual}", "--set", "channel.length_km=60"),
            "--set must not be given with a telemetry file",
        ),
        (
            ("watch", "{usual}", "--calibrate", "{usual}", "--blocks", "2"),
            "--blocks must not be given with a telemetry file",
        ),
        (
            ("watch", "{usual}", "--calibrate", "{usual}", "--attack", "time-shift"),
            "--attack must not be given with a telemetry file",
        ),
        (
            ("watch", "{usual}", "--calibrate", "{usual}", "--pulses", "1e8"),
            "--pulses must not be given with a telemetry file",
        ),
        (
            ("watch", "{usual}", "--calibrate", "{usual}", "--run-id", "lab"),
            "--run-id must not be given with a telemetry file",
        ),
        (
            ("watch", "-", "--calibrate", "{usual}", "--setup", "lim-2014"),
            "--setup must not be given with blocks on",
        ),
        (("watch", "-", "--calibrate", "{usual}", "--out", "x"), "--out must not be given with blocks on"),
        (
            ("watch", "-", "--calibrate", "{usual}", "--attack", "time-shift"),
            "--attack must not be given with blocks on",
        ),
        (
            ("watch", "-", "--calibrate", "{usual}", "--blocks", "2"),
            "--blocks must not be given with blocks on",
        ),
        (
            ("watch", "{good}/alice.parquet", "{good}/bob.parquet", "--setup", "lim-2014", "--window", "2"),
            "--window must not be given with two records",
        ),
        (
            (
                "watch",
                "{good}/alice.parquet",
                "{good}/bob.parquet",
                "--setup",
                "lim-2014",
                "--attack",
                "saturation",
            ),
            "attack must act on pulses, but saturation acts on symbols",
        ),
        (("telemetry", "lim-2014", "--blocks", "5", "--interval-s", "nan"), "interval_s must be a number"),
        (("telemetry", "lim-2014", "--blocks", "5", "--interval-s", "-60"), "interval_s must be a number"),
        (("telemetry", "lim-2014", "--blocks", "5", "--interval-s", "inf"), "interval_s must be a number"),
        (("telemetry", "gg02", "--blocks", "5", "--block-size", "nan"), "block_size must be a finite number"),
        (
            ("leaderboard", "--tasks", "pns-decoys", "--quick"),
            "--quick must not be given together with --tasks",
        ),
        (("telemetry", "lim-2014", "--drift", "wild"), "drift 'wild' is not known"),
        (("run", "lim-2014", "--attack", "saturation"), "attack must act on pulses"),
        (("run", "lim-2014", "--discard", "2"), "false_alarm_rate must be above 0 and at most 0.5, but is 2"),
    ],
)
def test_bad_input_gets_one_sentence(runs, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    places = {"good": runs / "good", "usual": runs / "usual.parquet"}
    done = noclone(*(str(each).format(**places) for each in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
