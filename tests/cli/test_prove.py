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
        (("six-state", "--qber", 0.1, "--save", "/nowhere/x.json"), "/nowhere/x.json cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(InvalidInput, match=sentence) as caught:
        noclone(*arguments)
    assert "\n" not in str(caught.value)
