"""Make every heavy table that is committed as a result; each command resumes where it stopped.

Run it as ``python evidence/all.py``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
COMMANDS = (
    ("end_to_end.py",),
    ("cascade.py",),
    ("ldpc.py",),
    ("degrees.py",),
    ("time_tags.py",),
    ("metaheuristics.py",),
    ("generators.py",),
    ("policies.py",),
    ("comparison.py",),
    ("data_reuploading.py",),
    ("proofs.py",),
    ("proof_points.py",),
    ("renyi_bb84.py",),
    ("renyi_quaternary.py",),
    ("certificate_bank.py",),
    ("key_rate_labels.py",),
    ("surrogates.py",),
    ("learned_attack.py",),
    ("adaptive.py",),
    ("robustness.py",),
    ("leaderboard.py",),
    ("intrusion.py",),
    ("tune_reference.py", str(HERE.parent / "tests" / "optimise" / "reference_optima.csv")),
)


def main() -> None:
    """Run all commands, one after the other."""
    for command in COMMANDS:
        print(f"== {' '.join(command)}", flush=True)
        subprocess.run([sys.executable, HERE / command[0], *command[1:]], check=True)


if __name__ == "__main__":
    main()
