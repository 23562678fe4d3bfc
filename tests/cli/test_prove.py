"""``noclone prove``: what it prints and writes, stable JSON, one sentence for every fault."""

import contextlib
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
    assert "key from qber = 0 to 0.1" in svg
    assert load_proof(tmp_path / "six-state-001.proof.json").rate == shown["lower_bound"][1]
    table = noclone("mub", "--set", "dimension=3", "--set", "bases=2", "--sweep", "qber=0.01:0.1:2").out
    assert "qber" in table


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
        (("decoy-bb84", "--pulses", 1e6), "--pulses needs a protocol with its noise"),
        (("six-state", "--qber", 0.1, "--save", "/nowhere/x.json"), "/nowhere/x.json cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(InvalidInput, match=sentence) as caught:
        noclone(*arguments)
    assert "\n" not in str(caught.value)
