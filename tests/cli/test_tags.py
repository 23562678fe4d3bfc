import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from noclone import records
from noclone.cli import tags
from noclone.core.errors import InvalidInput
from noclone.records.time_tags import read_tags, write_tags

KEYS = {
    "tags", "seconds", "offset_ps", "rate_ppm", "drift_ppb_per_s", "spread_ps", "followed", "window_ps",
    "coincidences", "accidentals", "sifted_bits", "bases", "simulated", "run_id", "files",
}  # fmt: skip


def noclone(*arguments):
    app = typer.Typer(rich_markup_mode=None)
    tags.register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    done = noclone("synthetic-tags", folder, "--duration-s", 2, "--seed", 3, "--json")
    assert done.exit_code == 0, done.output
    return [folder / "alice-tags.parquet", folder / "bob-tags.parquet"], json.loads(done.stdout)


def test_the_example_is_reproducible_in_every_format(example, tmp_path):
    files, shown = example
    assert shown["files"] == [str(path) for path in files]
    for ending in ("csv", "npz"):
        noclone("synthetic-tags", tmp_path, "--duration-s", 2, "--seed", 3, "--format", ending)
        for path in files:
            other = read_tags(tmp_path / f"{path.stem}.{ending}")
            assert np.array_equal(other.time_ps, read_tags(path).time_ps)
            assert other.simulated


def test_tags_become_records_and_a_picture(example, tmp_path):
    files, drawn = example
    done = noclone("tags", *files, "--window-ps", 1000, "--out", tmp_path, "--json")
    shown = json.loads(done.stdout)
    assert set(shown) == KEYS
    assert shown["coincidences"] == pytest.approx(drawn["pairs"], rel=0.01)
    assert shown["offset_ps"] == pytest.approx(7.3e8, abs=1000)
    assert shown["rate_ppm"] == pytest.approx(10, abs=1e-3)
    assert shown["drift_ppb_per_s"] == pytest.approx(1, abs=0.1)
    assert shown["simulated"] is True
    for basis in shown["bases"]:
        assert basis["qber"] == pytest.approx(0.02, abs=0.008)
        assert basis["visibility"] == pytest.approx(1 - 2 * basis["qber"])
    alice, bob = records.read_alice(tmp_path / "alice.parquet"), records.read_bob(tmp_path / "bob.parquet")
    records.check_same_run(alice, bob)
    assert alice.run.protocol == "continuous-bbm92"
    assert int((alice.basis == bob.basis).sum()) == shown["sifted_bits"]
    picture = (tmp_path / "correlation.svg").read_text()
    assert picture.startswith("<?xml")
    assert "accidental" in picture


def test_text_names_the_figures(example, tmp_path):
    text = noclone("tags", *example[0], "--out", tmp_path, "--protocol", "bb84").stdout
    for word in ("offset        +73", "rate          +10.00", "sifted bits", "QBER", "correlation.svg"):
        assert word in text
    assert records.read_alice(tmp_path / "alice.parquet").run.protocol == "bb84"


def test_channels_of_a_lab(example, tmp_path):
    for path in example[0]:
        tagged = read_tags(path)
        renamed = type(tagged)(time_ps=tagged.time_ps, channel=tagged.channel + 4, simulated=True)
        write_tags(renamed, tmp_path / path.name)
    files = [tmp_path / path.name for path in example[0]]
    channels = ("--alice-channels", "4,5,6,7", "--bob-channels", "4,5,7,6")
    done = noclone("tags", *files, *channels, "--out", tmp_path / "out", "--json")
    z, x = json.loads(done.stdout)["bases"]
    assert z["qber"] < 0.03
    assert x["qber"] > 0.97
    refused = noclone("tags", *files, "--out", tmp_path / "out").exception
    assert str(refused) == (
        f"{files[0]}: channel must be one of 0, 1, 2, 3, but is {read_tags(files[0]).channel[0]} in row 0."
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (("--window-ps", 0), "the window must be a finite width above 0 ps"),
        (("--alice-channels", "0,1,2"), "--alice-channels must be four numbers like 0,1,2,3, but is '0,1,2'"),
        (("--bob-channels", "0,1,x,3"), "--bob-channels must be four numbers like 0,1,2,3"),
        (
            ("--max-offset-ms", 0.1, "--max-rate-ppm", 20),
            "the two tag files must hold photon pairs, but show no correlation",
        ),
        (("--max-rate-ppm", -1), "max_rate must lie between 0 and 0.001"),
    ],
)
def test_bad_options_are_one_sentence_and_write_nothing(example, changes, sentence, tmp_path):
    done = noclone("tags", *example[0], *changes, "--out", tmp_path)
    assert isinstance(done.exception, InvalidInput)
    assert str(done.exception).startswith(sentence)
    assert not list(tmp_path.iterdir())


def test_the_tags_are_not_overwritten(example, tmp_path):
    mine = tmp_path / "alice.parquet"
    mine.write_bytes(example[0][0].read_bytes())
    done = noclone("tags", mine, example[0][1], "--out", tmp_path)
    assert str(done.exception) == f"--out must be another folder: {mine} would be overwritten."
    assert mine.read_bytes() == example[0][0].read_bytes()


def test_an_unknown_format_is_refused(tmp_path):
    done = noclone("synthetic-tags", tmp_path, "--duration-s", 0.01, "--format", "txt")
    assert "must end in .parquet, .npz or .csv" in str(done.exception)
