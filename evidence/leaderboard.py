"""The leaderboard in full: every watcher on every task about telemetry; resumable, a file per task.

    python evidence/leaderboard.py          # what is missing, then the page
    python evidence/leaderboard.py report   # the page only

Files in ``evidence/results/leaderboard/``; the page is ``docs/leaderboard.md``, written by ``docs/build.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

from noclone.learn.leaderboard import board_table, board_tasks, leaderboard

RESULTS = Path(__file__).parent / "results" / "leaderboard"


def main() -> None:
    """Run what is missing and print the table."""
    RESULTS.mkdir(exist_ok=True)
    if sys.argv[1:] != ["report"]:
        for name in board_tasks():
            start = perf_counter()
            leaderboard(RESULTS, [name], workers=2, progress=_show)
            print(f"\r{name}: {perf_counter() - start:.0f} s{' ' * 30}", flush=True)
    print(board_table([json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]))


def _show(stage: str, done: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{stage}: {done:.0%}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
