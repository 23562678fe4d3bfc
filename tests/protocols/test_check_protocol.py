"""What a protocol must be, said in words; and that a file in the folder is all it takes."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import noclone as nc
from noclone.protocols import protocols
from noclone.protocols.bb84 import BB84
from noclone.protocols.protocol import Step

TOY = Path(__file__).parent / "toy" / "single_click.py"


@pytest.mark.parametrize("name", list(protocols()))
def test_every_protocol_is_sound(name):
    assert nc.check_protocol(protocols()[name]) == ()


def faults(**changes):
    return " ".join(nc.check_protocol(dataclass(frozen=True, kw_only=True)(type("Faulty", (BB84,), changes))))


def test_faults_are_said_in_words():
    assert "NAME must be lower-case words" in faults(NAME="Faulty BB84")
    assert "STEPS say nothing of what is announced" in faults(STEPS=(Step("alice", "sends"),))
    assert "says that bob uses colour" in faults(
        STATIONS={**BB84.STATIONS, "bob": {nc.ThresholdDetectors: ("colour",)}}
    )
    assert "does not give a link that it runs on" in faults(
        STATIONS={**BB84.STATIONS, "alice": {nc.WeakCoherentSource: ("intensities", "clock_rate_hz")}}
    )
    assert "no field insecure" in faults(BROKEN="an attack")


@pytest.mark.parametrize("name", [name for name, kind in protocols().items() if kind.BROKEN])
def test_a_broken_protocol_says_so_wherever_it_is_printed(name):
    setup = nc.typical(name, 5.0)
    with pytest.raises(nc.InvalidInput, match=r"protocol\.insecure must be true"):
        nc.rate(setup)
    answer = nc.rate(setup.replace({"protocol.insecure": True}))
    assert str(answer).startswith(f"NOT SECURE: {name} is broken")
    assert answer.explain().startswith("NOT SECURE")
    assert answer.as_dict()["broken"] is True


def test_a_rate_above_the_capacity_is_found():
    def generous(self, link, bound, pulses):
        key = BB84.key(self, link, bound, pulses)
        return replace(key, terms={**key.terms, "gift": np.asarray(10.0)}, sifted=np.asarray(100.0))

    assert "exceeds the capacity" in faults(key=generous)


def test_a_key_longer_than_what_it_is_made_of_is_found():
    def halved(self, link, bound, pulses):
        key = BB84.key(self, link, bound, pulses)
        return replace(key, sifted=key.sifted / 2)

    assert "longer than the sifted bits" in faults(key=halved)


def test_a_sample_that_disagrees_is_found():
    def fewer(self, link):
        return {name: 0.9 * value for name, value in BB84.statistics(self, link).items()}

    assert "disagrees with its statistics" in faults(statistics=fewer)


def test_a_finite_key_above_its_limit_is_found():
    def reversed_regimes(self, link, bound, pulses):
        key = BB84.key(self, link, bound, pulses)
        return key if pulses is not None else replace(key, terms={"key": 0.5 * sum(key.terms.values())})

    assert "falls as the block grows" in faults(key=reversed_regimes)


def test_a_grid_that_differs_from_its_links_is_found():
    def averaged(self, link, bound, pulses):
        key = BB84.key(self, link, bound, pulses)
        return replace(key, terms={name: np.mean(value) + 0 * value for name, value in key.terms.items()})

    assert "differ from those one by one" in faults(key=averaged)


@pytest.fixture(scope="module")
def package_with_toy(tmp_path_factory):
    """A copy of the package into whose folder of protocols one file was dropped."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(Path(nc.__file__).parent, folder / "noclone")
    shutil.copy(TOY, folder / "noclone" / "protocols")
    return folder


def noclone(folder, *arguments):
    program = "import sys; from noclone.cli.main import main; main()"
    environment = {"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_dropped_file_is_everywhere(package_with_toy):
    assert len(TOY.read_text().splitlines()) <= 120
    rows = json.loads(noclone(package_with_toy, "list", "protocols", "--json"))["rows"]
    assert "single-click" in {row["name"] for row in rows}
    rate = json.loads(noclone(package_with_toy, "rate", "single-click", "--json"))
    assert rate["protocol"] == "single-click"
    assert rate["rate_per_pulse"] > 0
    [row] = json.loads(noclone(package_with_toy, "agree", "single-click", "--setups", "3", "--json"))["rows"]
    assert row["passed"]
    sweep = ("--sweep", "channel.length_km=0:100:3", "--protocol", "all", "--out", "all.svg", "--json")
    compared = json.loads(noclone(package_with_toy, "rate", "single-click", *sweep))
    assert "single-click" in {row["protocol"] for row in compared["rows"]}
    assert ">single-click<" in (package_with_toy / "all.svg").read_text()
    noclone(package_with_toy, "pages", "single-click", "--out", "pages")
    page = (package_with_toy / "pages" / "single-click.md").read_text()
    assert "Single-click BB84" in page
    assert "[single-click](single-click.md)" in (package_with_toy / "pages" / "README.md").read_text()
    advice = json.loads(noclone(package_with_toy, "advise", "single-click", "--asymptotic", "--json"))
    assert "single-click" in {row["protocol"] for row in advice["rows"]}
