"""``noclone simulate SETUP --attack NAME`` where Eve attacks round by round, and several attacks at once."""

import json
import sys
from types import SimpleNamespace

import pytest

import noclone as nc
from noclone.attacks import UnambiguousDiscrimination, ZeroErrorCoherentOneWay
from noclone.cli.main import main
from noclone.records import read_alice
from noclone.simulation import sample

LONG = ("--set", "channel.length_km=100", "--pulses", "2e5")


@pytest.fixture
def noclone(monkeypatch, capsys):
    """Return a function that runs a command in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["noclone", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return SimpleNamespace(returncode=left.value.code, stdout=printed.out, stderr=printed.err)

    return run


@pytest.fixture
def shown(noclone):
    """Return a function that simulates and returns what is printed as JSON."""

    def simulated(*arguments):
        done = noclone("simulate", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return simulated


def test_counts_under_attack_stand_beside_what_is_expected_without(shown):
    found = shown("b92", *LONG, "--attack", "unambiguous-discrimination:fraction=.5")
    setup = nc.load("b92").replace({"channel.length_km": 100})
    eve = UnambiguousDiscrimination(fraction=0.5)
    assert found["attack"] == "unambiguous-discrimination:fraction=0.5"
    assert found["information_bits"] == pytest.approx(eve.information(setup.protocol, setup.link))
    honest = setup.protocol.statistics(setup.link)
    assert [row["name"] for row in found["rows"]] == list(honest)
    for row, again in zip(found["rows"], sample(setup, 2e5, attack=eve), strict=True):
        assert row["expected"] == pytest.approx(2e5 * float(honest[row["name"]]))
        assert row["seen"] == again.seen


def test_a_hidden_attack_is_not_seen_and_one_on_a_short_link_is(shown):
    eve = ("--attack", "unambiguous-discrimination")
    hidden, short = (
        shown("b92", "--set", f"channel.length_km={km}", "--pulses", "2e5", *eve) for km in (60, 1)
    )
    assert all(row["p_value"] > 1e-3 for row in hidden["rows"])
    assert min(row["p_value"] for row in short["rows"]) < 1e-6
    assert hidden["information_bits"] > 0.99
    assert "attack" not in shown("b92", *LONG)


def test_the_text_says_what_the_columns_are_and_what_eve_learns(noclone):
    done = noclone("simulate", "cow", *LONG, "--attack", "zero-error-coherent-one-way")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("NOT SECURE: cow is broken")
    assert "200,000 rounds under zero-error-coherent-one-way" in done.stdout
    assert "Expected is what the setup gives without Eve" in done.stdout
    setup = nc.load("cow").replace({"channel.length_km": 100})
    told = ZeroErrorCoherentOneWay().information(setup.protocol, setup.link)
    assert f"Eve's information: {told:.4g} bits per sifted bit" in done.stdout


@pytest.mark.parametrize(
    ("setup", "attack", "message"),
    [
        (
            "dps",
            "unambiguous-discrimination",
            "protocol must be b92 or strong-reference-b92 for unambiguous-d",
        ),
        ("gys-2004", "zero-error-coherent-one-way", "protocol must be cow for zero-error-coherent-one-way"),
        ("dps", "time-shift", "--attack time-shift acts on decoy-bb84 and bb84, not on dps"),
        ("gg02", "saturation", "acts on the symbols of gg02, which `noclone telemetry` plays"),
        ("gys-2004", "saturation+time-shift", "must all act on pulses or all on symbols"),
    ],
)
def test_other_protocols_are_refused_in_one_sentence(noclone, setup, attack, message):
    done = noclone("simulate", setup, "--attack", attack)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_several_attacks_at_once_are_simulated_and_make_telemetry(noclone, tmp_path):
    text = "time-shift:fraction=.2+intercept-resend:fraction=.1"
    done = noclone("simulate", "lim-2014", "--pulses", "1e6", "--attack", text, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    attack = read_alice(tmp_path / "alice.parquet").run.provenance["attack"]
    assert nc.attacks.parse(attack) == nc.attacks.parse(text)
    out = tmp_path / "telemetry.parquet"
    done = noclone("telemetry", "lim-2014", "--blocks", "3", "--attack", text, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    labels = json.loads(done.stdout)["card"]["labels"]
    assert labels == {"normal": 3, "intercept-resend+time-shift": 3}


def test_a_run_with_several_attacks_shows_both(noclone, tmp_path):
    text = "time-shift:fraction=.2+intercept-resend:fraction=.6"
    done = noclone(
        "run", "micius-2017", "--set", "channel.loss_db=12", "--set", "protocol.eps_sec=1e-6",
        "--pulses", "5e6", "--attack", text, "--out", tmp_path,
    )  # fmt: skip
    assert "intercept-resend+time-shift" in done.stdout, done.stderr
