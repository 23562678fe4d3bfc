"""``noclone prove``: what it prints and writes, stable JSON, one sentence for every fault."""

import contextlib
import dataclasses
import io
import json
from types import SimpleNamespace

import pytest
import typer

from noclone.cli import prove as command
from noclone.core.errors import InvalidInput
from noclone.proofs.proof import load_proof

KEYS = {
    "protocol", "lower_bound", "gap", "certified", "seconds", "rate", "entropy_bits", "leak_bits", "share",
    "adjustments", "security",
}  # fmt: skip


def noclone(*arguments):
    app = typer.Typer()
    command.register(app)
    app.callback()(lambda: None)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = typer.main.get_command(app).main(["prove", *map(str, arguments)], standalone_mode=False)
    return SimpleNamespace(code=code, out=out.getvalue())


def test_a_proof_with_its_file(tmp_path):
    path = tmp_path / "proof.json"
    done = noclone("six-state", "--qber", 0.05, "--set", "basis_prob=0.5", "--save", path, "--json")
    shown = json.loads(done.out)
    assert done.code == 0
    assert set(shown) == KEYS
    assert shown["certified"] is True
    assert shown["lower_bound"] == pytest.approx(0.496816268 / 4, abs=1e-7)
    assert 0 < shown["gap"] < 1e-7
    assert load_proof(path).rate == shown["lower_bound"]
    text = noclone("six-state", "--qber", 0.05, "--save", path).out
    assert "Eve's ignorance" in text
    assert "noclone verify" in text


def test_no_key_is_an_answer_and_not_a_fault():
    assert noclone("six-state", "--qber", 0.2).code == 1


def test_a_sweep_with_its_folder(tmp_path):
    done = noclone("six-state", "--sweep", "qber=0:0.2:3", "--out", tmp_path, "--json")
    shown = json.loads(done.out)
    assert done.code == 0
    assert shown["values"] == [0.0, 0.1, 0.2]
    assert shown["lower_bound"][0] > shown["lower_bound"][1] > 0 > shown["lower_bound"][2]
    assert len(shown["gap"]) == len(shown["entropy_bits"]) == len(shown["leak_bits"]) == 3
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "six-state.txt", "six-state.svg", *(f"six-state-00{i}.proof.json" for i in range(3))
    }  # fmt: skip
    assert "rate" in (tmp_path / "six-state.txt").read_text()
    svg = (tmp_path / "six-state.svg").read_text()
    assert "certified key rate" in svg
    assert "key from qber = 0 to 0.1, none at 0.2" in svg
    assert "error rate (qber)" in svg
    assert load_proof(tmp_path / "six-state-001.proof.json").rate == shown["lower_bound"][1]
    table = noclone("mub", "--set", "dimension=3", "--set", "bases=2", "--sweep", "qber=0.01:0.1:2").out
    assert "qber" in table


def test_a_second_sweep_leaves_no_proofs_of_the_first(tmp_path):
    for count in (3, 2):
        noclone("six-state", "--sweep", f"qber=0:0.1:{count}", "--out", tmp_path)
    assert [path.name for path in sorted(tmp_path.glob("*.json"))] == [
        "six-state-000.proof.json", "six-state-001.proof.json"
    ]  # fmt: skip


def test_a_setup_is_swept_along_its_own_fields(tmp_path):
    done = noclone("gys-2004", "--sweep", "channel.length_km=0:300:2", "--out", tmp_path, "--json")
    shown = json.loads(done.out)
    assert done.code == 0
    assert shown["certified"] is True
    assert shown["lower_bound"][0] > 0 > shown["lower_bound"][1]
    alone = json.loads(noclone("gys-2004", "--set", "channel.length_km=0", "--json").out)
    assert shown["lower_bound"][0] == pytest.approx(alone["lower_bound"], abs=1e-9)
    assert "channel: length (km)" in (tmp_path / "gys-2004.svg").read_text()


def test_one_value_without_a_proof_does_not_take_the_others_with_it():
    done = noclone("bb84", "--sweep", "depolarising=0:1.5:4", "--json")
    shown = json.loads(done.out)
    assert done.code == 0
    assert shown["values"] == [0.0, 0.5, 1.0]
    assert len(shown["lower_bound"]) == 3
    assert shown["failed"] == [{"value": 1.5, "reason": "depolarising must lie in [0, 1], but is 1.5."}]
    assert "1.5  no proof: depolarising must lie" in noclone("bb84", "--sweep", "depolarising=0:1.5:4").out


def test_the_leakage_can_be_swept_where_it_is_not_set():
    shown = json.loads(noclone("bb84", "--qber", 0.02, "--sweep", "f_ec=1:1.5:2", "--json").out)
    assert shown["leak_bits"][1] == pytest.approx(1.5 * shown["leak_bits"][0])
    with pytest.raises(InvalidInput, match="f_ec cannot be both set and swept"):
        noclone("bb84", "--qber", 0.02, "--f-ec", 1.2, "--sweep", "f_ec=1:1.5:2")


@pytest.mark.parametrize("sweep", [False, True])
def test_what_the_verifier_rejects_is_said_and_not_saved(tmp_path, monkeypatch, sweep):
    from noclone.proofs import proving

    honest = proving.prove_declared

    def claims_too_much(*arguments, **options):
        proof = honest(*arguments, **options)
        return dataclasses.replace(proof, entropy_bits=proof.entropy_bits + 0.1)

    monkeypatch.setattr(proving, "prove_declared", claims_too_much)
    path = tmp_path / "rejected.json"
    asked = ("--sweep", "qber=0:0.1:2") if sweep else ("--qber", 0.01, "--save", path)
    done = noclone("six-state", *asked, "--out", tmp_path)
    assert done.code == 1
    assert "REJECTED in ball arithmetic; nothing is saved" in done.out
    assert "of which only" in done.out
    assert not list(tmp_path.iterdir())
    shown = json.loads(noclone("six-state", *asked, "--json").out)
    assert shown["certified"] is False
    assert "of which only" in shown["rejected"][0]
    assert not list(tmp_path.iterdir())


def test_the_output_says_what_the_reader_might_miss():
    text = noclone("bb84", "--qber", 0.2).out
    assert "NO KEY is proven" in text
    assert "declared with       basis_prob=0.9, keyed_bases=z" in text
    assert "NO KEY is proven at any of the values" in noclone("bb84", "--sweep", "qber=0.2:0.3:2").out
    assert "EVERY PULSE HOLDS EXACTLY ONE PHOTON" in noclone("decoy-bb84", "--qber", 0.02).out
    assert "EVERY PULSE" not in noclone("bb84", "--qber", 0.02).out
    loose = noclone("b92", "--set", "overlap=1e-6", "--set", "depolarising=0")
    assert loose.code == 1
    assert "LOOSE" in loose.out
    assert "certified in ball arithmetic" in loose.out
    assert "-0.0" not in loose.out.splitlines()[1]


def test_an_interrupt_says_so(capsys, monkeypatch):
    from noclone.cli import main

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "list_subjects", interrupted)
    monkeypatch.setattr("sys.argv", ["noclone", "prove", "--list"])
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 130
    assert "interrupted" in capsys.readouterr().err


FINITE_KEYS = {"pulses", "length", "key_bits", "eps_sec", "eps_cor"}


def test_a_block_against_coherent_attacks():
    arguments = ("bb84", "--qber", 0.01, "--pulses", 1e6, "--test-share", 0)
    done = noclone(*arguments, "--json")
    shown = json.loads(done.out)
    assert done.code == 0
    assert set(shown) == KEYS - {"gap", "share"} | FINITE_KEYS | {"order"}
    assert (shown["pulses"], shown["length"], shown["certified"]) == (10**6, "variable", False)
    assert shown["key_bits"] == int(shown["rate"] * 10**6) > 0
    assert shown["eps_sec"] == shown["eps_cor"] == 1e-10
    assert shown["security"]["attacks"] == "coherent"
    # Of the few rounds in the other basis (1 %), a fixed length has to allow for too much.
    fixed = noclone(*arguments, "--length", "fixed", "--eps", 1e-6)
    assert fixed.code == 1
    assert "key of fixed length" in fixed.out
    assert "0 bits from 1,000,000 pulses, secret but for 1e-06" in fixed.out
    assert "have no proof file" in fixed.out


def test_a_block_with_a_proof_file(tmp_path):
    path = tmp_path / "block.json"
    both = ("--set", "basis_prob=0.5", "--set", "keyed_bases=both", "--pulses", 1e6, "--length", "iid")
    done = noclone("bb84", "--qber", 0.01, *both, "--save", path, "--json")
    shown = json.loads(done.out)
    assert done.code == 0
    assert set(shown) == KEYS | FINITE_KEYS
    assert shown["certified"] is True
    assert shown["key_bits"] == int(shown["rate"] * 10**6)
    assert load_proof(path).rate == shown["rate"]
    assert load_proof(path).security.eps_sec == pytest.approx(1e-10)
    assert load_proof(path).security.eps_cor == 1e-10
    swept = json.loads(noclone("bb84", "--sweep", "qber=0.01:0.09:2", *both, "--json").out)
    assert swept["key_bits"] == [shown["key_bits"], 0]


def test_a_block_too_short_for_a_key():
    done = noclone("bb84", "--qber", 0.01, "--pulses", 1000, "--length", "iid", "--json")
    assert done.code == 1
    assert json.loads(done.out)["key_bits"] == 0


def test_the_list():
    rows = json.loads(noclone("--list", "--json").out)["rows"]
    names = [row["name"] for row in rows]
    assert {"bb84", "b92", "mub", "mdi"} <= set(names)
    assert len(names) == len(set(names))
    assert "sarg04" in noclone("--list").out
    by_name = {row["name"]: row for row in rows}
    assert by_name["mub"]["parameters"] == "dimension, bases, qber, [key_prob], [f_ec]"
    assert by_name["b92"]["parameters"] == "qber, overlap"
    assert not any("`" in row["about"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "protocol must be named"),
        (("six-stat", "--qber", 0.1), "did you mean six-state"),
        (("six-state",), "has no proof from the model of a link"),
        (
            ("six-state-pairs", "--set", "qber_z=0", "--set", "qber_x=0", "--set", "qber_y=0.3"),
            "observation 'errors in basis 2' contradicts the others.*off by 0.3",
        ),
        (("six-state", "--qber", 0.8), r"qber must lie in \[0, 0.5\], but is 0.8"),
        (("six-state", "--set", "qber"), "--set must be NAME=VALUE"),
        (("six-state", "--set", "qber=0.1", "--qber", 0.1), "qber is given twice"),
        (("six-state", "--set", "qber=0.1±0.01"), "cannot have an uncertainty"),
        (("six-state", "--qber", 0.1, "--sweep", "qber=0:0.1:3"), "both set and swept"),
        (("six-state", "--sweep", "qber=0:x"), "--sweep must be FIELD=START:STOP:COUNT"),
        (("six-state", "--sweep", "qber=0:0.1:2", "--save", "x"), "--save writes one proof"),
        (("six-state", "--qber", 0.1, "--f-ec", 0.5), "f_ec must be at least 1"),
        (("b92", "--set", "overlap=2", "--set", "depolarising=0.1"), "protocol.overlap.*2"),
        (("bb84", "--qber", 0.1, "--length", "fixed"), "--length describes a block and needs --pulses"),
        (("bb84", "--qber", 0.1, "--pulses", 1e6, "--length", "fixd"), "did you mean fixed"),
        (("bb84", "--qber", 0.1, "--pulses", 0.5), "--pulses must be a whole number from 1"),
        (("bb84", "--qber", 0.1, "--pulses", 1e6, "--eps", 2), r"--eps must lie in \(0, 1\)"),
        (("bb84", "--qber", 0.1, "--pulses", 1e6, "--test-share", 1), r"test_share must lie in \[0, 1\)"),
        (("bb84", "--qber", 0.1, "--pulses", 1e6, "--save", "x"), "--save needs a proof file"),
        (("bb84", "--pulses", 1e6, "--sweep", "qber=0:0.1:2"), "--sweep needs a proof file"),
        (("micius-2017", "--qber", 0.02), "--qber cannot be given for the setup micius-2017"),
        (("micius-2017", "--sweep", "qber=0:1:2"), "qber cannot be given for a setup"),
        (("bb84", "--set", "channel=3"), "--set channel is no field"),
        (("bb84", "--set", "seen=3"), "--set seen is no field"),
        (("bb84", "--set", "barrier=nope", "--qber", 0.01), "--set barrier is no field"),
        (("bb84", "--set", "protocol=3", "--qber", 0.01), "--set protocol is no field"),
        (("bb84", "--qber", 0.01, "--sweep", "barrier=1:2:2"), "--sweep barrier is no parameter"),
        (("mub", "--set", "dimension=seven", "--set", "bases=2", "--qber", 0.1), "dimension must be a whole"),
        (("mub", "--set", "dimension=3.0", "--set", "bases=2", "--qber", 0.1), "dimension must be a whole"),
        (("mub", "--set", "dimension=1000003", "--set", "bases=2", "--qber", 0.1), "dimension .* at most 19"),
        (("bb84-pairs", "--set", "qber_z=a", "--set", "qber_x=.1"), "error rate of basis 0 must be a number"),
        (("mdi", "--qber", 0.02, "--set", "announced=3"), "announced must be a list of Bell states"),
        (("quaternary",), "amplitude, length_km, excess_noise_snu are missing"),
        (("bb84", "--qber", 0.1, "--save", "my.txt"), "must end in .json or .npz"),
        (
            ("bb84", "--sweep", "depolarising=2:3:2"),
            r"depolarising must lie in \[0, 1\].*at depolarising = 2",
        ),
        (("decoy-bb84", "--pulses", 1e6), "--pulses needs a protocol with its noise"),
        (("six-state", "--qber", 0.1, "--save", "/nowhere/x.json"), "/nowhere/x.json cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(InvalidInput, match=sentence) as caught:
        noclone(*arguments)
    assert "\n" not in str(caught.value)
