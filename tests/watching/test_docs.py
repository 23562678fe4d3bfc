"""The page of the watch: its commands and its Python run as they stand, and print what the page shows.

``python tests/watching/test_docs.py`` writes what they print into the page.
"""

import contextlib
import io
import json
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import noclone as nc
from noclone.cli.main import main
from noclone.learn.eavesdropping import CAVEAT
from noclone.protocols.readings import NAMES as READINGS
from noclone.records.pulse_features import pulse_columns
from noclone.records.telemetry import Telemetry
from noclone.records.telemetry_files import card, write_telemetry
from noclone.simulation.pulse_telemetry import pulse_telemetry
from noclone.simulation.symbol_telemetry import COLUMNS, MORE_COLUMNS, REFERENCE_COLUMN
from noclone.watching import calibrate
from noclone.watching.watch import look_at

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "watch.md"
BLOCK = re.compile(
    r"```console\n(?P<shell>.*?)```|```python\n(?P<code>.*?)```(?:\n```text\n(?P<text>.*?)```)?", re.DOTALL
)


def command(line):
    """Run ``noclone … [< FILE]`` in this process; return what it prints, and its exit code."""
    words, _, given = line.partition(" < ")
    words, text = shlex.split(words), Path(given).read_text() if given else ""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(shown):
        patch.setattr(sys, "argv", words)
        patch.setattr(sys, "stdin", io.StringIO(text))
        with pytest.raises(SystemExit) as left:
            main()
    return shown.getvalue(), left.value.code


def rerun(page):
    """Run all blocks of a page in the working directory; return the page with what they print now."""
    codes, names = {}, {}

    def fresh(block):
        if block["shell"] is not None:
            lines = [line[2:] for line in block["shell"].splitlines() if line.startswith("$ ")]
            done = {line: command(line) for line in lines}
            codes.update({line: code for line, (_, code) in done.items()})
            return "```console\n" + "".join(f"$ {line}\n{shown}" for line, (shown, _) in done.items()) + "```"
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            exec(block["code"], names)
        text = f"\n```text\n{shown.getvalue()}```" if block["text"] is not None else ""
        assert text or not shown.getvalue()
        return f"```python\n{block['code']}```{text}"

    return BLOCK.sub(fresh, page), codes, names


@pytest.fixture(scope="module")
def rerunned(tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("watch")):
        return rerun(PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_what_its_blocks_print(rerunned):
    page, codes, _ = rerunned
    assert page == PAGE.read_text(encoding="utf-8")
    alarms = [line for line, code in codes.items() if code]
    assert [line.split()[1:3] for line in alarms] == [["watch", "tuesday/alice.parquet"], ["watch", "-"]]


def test_the_page_s_watcher_watches_and_its_attack_attacks(rerunned):
    _, _, names = rerunned
    normal = Telemetry(("a", "b"), np.random.default_rng(1).normal(size=(400, 2)))
    calibrated = calibrate(names["WATCHER"], normal)
    strange = Telemetry(("a", "b"), [[0.0, 0.0], [0.0, 9.0]])
    assert calibrated.alarms(calibrated.scores(strange)).tolist() == [False, True]
    eve = names["RandomPhoton"]()
    errors = pulse_telemetry(nc.load("lim-2014"), 1, 1e9, attack=eve).column("qber[0]")
    assert errors == pytest.approx(0.5, abs=0.01)


def test_every_column_is_explained():
    page = PAGE.read_text(encoding="utf-8")
    pulses = {name.replace("[0]", "[k]") for name in pulse_columns(1)}
    for name in {*pulses, "double_clicks", *READINGS, *COLUMNS, *MORE_COLUMNS, REFERENCE_COLUMN}:
        assert re.search(rf"^\|[^|]*`{re.escape(name)}`", page, re.M), name


def test_what_the_page_refers_to_is_there():
    page = PAGE.read_text(encoding="utf-8")
    tests = (ROOT / "tests" / "watching" / "test_watch.py").read_text(encoding="utf-8")
    for name in re.findall(r"`(test_\w+)`", page):
        assert f"def {name}(" in tests, name
    for name in re.findall(r"`((?:tests|src|evidence)/[\w/.]+)`", page):
        assert (ROOT / name).exists(), name
    assert "14.6 %" in CAVEAT
    assert "own model" in card(Telemetry(("a",), [[1.0]]))["use"]
    for name in ("laser-damage", "back-flash", "beam-splitting"):
        assert nc.attacks.get(name).CHANGES == "nothing"


def test_the_formats_are_those_that_are_written(tmp_path):
    import pyarrow.parquet as pq

    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    section = page[page.index("## Telemetry") : page.index("## Setup")]
    normal = Telemetry(("a", "b"), np.random.default_rng(1).normal(size=(400, 2)))
    beside = write_telemetry(normal, tmp_path / "normal.parquet")
    schema = pq.read_schema(tmp_path / "normal.parquet")
    types = {"DOUBLE": "double", "text": "string", "INT64": "int64"}
    rows = re.findall(r"^\| `?([\w ]+)`? \| (\w+) \|", section, re.MULTILINE)
    written = {"a" if name == "any other name" else name: types[kind] for name, kind in rows if kind in types}
    assert written == {name: str(schema.field(name).type) for name in ("a", "label", "run", "time_s")}
    assert b"noclone.telemetry" in schema.metadata
    for key in json.loads(beside.read_text()):
        assert f"`{key}`" in section, key
    verdict = look_at(normal, normal).verdict.as_dict()
    for key in (*verdict, *verdict["evidence"][0]):
        assert re.search(rf"\b{key}\b", page), key


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        PAGE.write_text(rerun(PAGE.read_text(encoding="utf-8"))[0], encoding="utf-8")
