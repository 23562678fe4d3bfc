"""Every watcher against unknown attacks, two attacks at once, drift, and evasion: five seeds, with intervals.

    python evidence/robustness.py          # what is missing, then the table
    python evidence/robustness.py report   # the table only

Rows of ``evidence/results/robustness.json`` are those of `noclone.learn.robustness.robustness_report`; a
watcher that is there on a link is not run again. Watchers whose package is not installed are left out, and
named.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from noclone.core.errors import InvalidInput
from noclone.core.files import write_bytes
from noclone.learn.robustness import robustness_report
from noclone.learn.robustness.evasion import BEST_STEP
from noclone.learn.robustness.links import LINKS
from noclone.learn.robustness.report import SEEDS, suited

RESULTS = Path(__file__).parent / "results" / "robustness.json"
DIGITS = 4
COLUMNS = (
    ("unknown", "unknown", "", "tpr", np.mean),
    ("worst", "unknown", "", "tpr", np.min),
    ("at once", "coexisting", "", "tpr", np.mean),
    ("drift", "drifting", "drift field, learned with field", "far", np.mean),
    ("twice", "drifting", "drift twice field, learned with field", "far", np.mean),
    ("unlearned", "drifting", "drift field, learned with none", "far", np.mean),
    ("step .1", "evasion", "0.1 ", "drop", np.mean),
    ("step .5", "evasion", "0.5 ", "drop", np.mean),
    ("best step", "evasion", BEST_STEP, "drop", np.mean),
)
"""Of the table: name, test, beginning of the case, what is shown, and what of it over attacks."""


def load() -> list[dict[str, Any]]:
    """Return the rows measured so far."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else []


def save(rows: list[dict[str, Any]]) -> None:
    """Write all rows, one per line."""
    RESULTS.parent.mkdir(exist_ok=True)
    write_bytes(RESULTS, ("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n").encode())


def measure() -> None:
    """Run the watchers that are missing."""
    jobs = [(name, link) for link in LINKS for name in suited(LINKS[link]())]
    for place, (name, link) in enumerate(jobs):
        rows = load()
        if any((row["watcher"], row["link"], row["seeds"]) == (name, link, len(SEEDS)) for row in rows):
            continue
        start = process_time()
        try:
            with threadpool_limits(1), warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                found = robustness_report([name], [link])
        except InvalidInput as missing:
            print(f"{place + 1} of {len(jobs)}: {name} on {link} left out: {missing}", flush=True)
            continue
        save(rows + [{key: _short(value) for key, value in row.items()} for row in found])
        print(f"{place + 1} of {len(jobs)}: {name} on {link}, {process_time() - start:.0f} CPU s", flush=True)


def _short(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value


def report() -> None:
    """Print per link and watcher means over attacks; of unknown ones also the least."""
    table = load()
    for link in dict.fromkeys(row["link"] for row in table):
        print(f"\n{link}: true-positive rates; drift: false-alarm rates set for 1 %; steps of evasion: drops")
        print(f"  {'watcher':<26}" + "".join(f"{name:>12}" for name, *_ in COLUMNS))
        for name in dict.fromkeys(row["watcher"] for row in table if row["link"] == link):
            rows = [row for row in table if (row["link"], row["watcher"]) == (link, name)]
            cells = (
                of([row[key] for row in rows if row["test"] == test and row["case"].startswith(case)])
                for _, test, case, key, of in COLUMNS
            )
            print(f"  {name:<26}" + "".join(f"{cell:>12.3f}" for cell in cells))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("report",))
    if parser.parse_args().what is None:
        measure()
    report()
