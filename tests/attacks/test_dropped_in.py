"""A file put into a folder is an attack, or a watcher, everywhere; no list is edited."""

import subprocess
import sys
import textwrap

ATTACK = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from noclone.protocols.pulse_attack import PulseAttack
from noclone.sampling.pulses import honest_patterns


@dataclass(frozen=True, kw_only=True)
class HalfShutter(PulseAttack):
    """Eve holds a grey glass into the beam."""

    NAME: ClassVar[str] = "half-shutter"
    DOES: ClassVar[str] = "blocks every second pulse"
    RESENDS: ClassVar[str] = "what she does not block"
    LEARNS: ClassVar[str] = "nothing"
    CHANGES: ClassVar[str] = "all gains fall"
    SOURCE: ClassVar[str] = "this test"

    def attacked_patterns(self, model, settings):
        empty = model.patterns(0, settings.sent_basis[:, None], 0, settings.measured_basis[:, None])
        return (honest_patterns(model, settings) + empty) / 2

    def information(self, model, settings):
        return np.zeros(np.shape(model.channel_transmittance)[:-2])
'''

WATCHER = """
from sklearn.covariance import EllipticEnvelope

from noclone.watchers.watcher import Watcher

WATCHER = Watcher(
    name="envelope",
    title="Robust ellipse",
    family="one-class",
    kinds=("one-class",),
    source="this test",
    make=lambda kind: EllipticEnvelope(random_state=1),
)
"""

SCRIPT = """
import sys
import noclone.attacks, noclone.watchers
noclone.attacks.__path__.append({attacks!r})
noclone.watchers.__path__.append({watchers!r})

import noclone as nc
from noclone.learn.attacked_blocks import attacked_blocks, eves
from noclone.learn.leaderboard import board_tasks
from noclone.learn.watch_contenders import watch_contenders

if sys.argv[1:] == ["check"]:
    eve = nc.attacks.get("half-shutter")()
    assert nc.check_attack(eve) == (), nc.check_attack(eve)
    assert "half-shutter" in [each.NAME for each in eves()]
    task = board_tasks()["decoy-bb84-unknown-attacks"]
    assert "half-shutter" in attacked_blocks(1, 1, seed=1)[0].labels
    assert "envelope" in [each.name for each in watch_contenders(task)[0]]
    setup = nc.load("lim-2014")
    assert nc.watch(*nc.simulate(setup, 1e8, attack=eve), setup, watcher="envelope").alarm
    sys.exit()

from noclone.cli.main import main
sys.argv = ["noclone", *sys.argv[1:]]
main()
"""


def test_a_file_in_a_folder_is_found_everywhere(tmp_path):
    for folder, name, text in (("a", "half_shutter", ATTACK), ("w", "envelope", WATCHER)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.py").write_text(textwrap.dedent(text))
    script = SCRIPT.format(attacks=str(tmp_path / "a"), watchers=str(tmp_path / "w"))

    def noclone(*arguments):
        return subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=200
        )

    checked = noclone("check")
    assert checked.returncode == 0, checked.stderr
    listed = noclone("list", "attacks")
    assert "half-shutter" in listed.stdout, listed.stderr
    assert "envelope" in noclone("list", "watchers").stdout
    run = noclone(
        *("run", "lim-2014", "--pulses", "1e8", "--attack", "half-shutter:fraction=.5"),
        *("--out", str(tmp_path / "out")),
    )
    assert "half-shutter" in run.stdout, run.stderr
    assert "Alarm" in run.stdout
