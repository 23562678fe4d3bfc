"""Run every benchmark of this folder, ours and the peers', and write the results down.

    python benchmarks/all.py                 everything; writes results.json and results.md
    python benchmarks/all.py hashing         one of them, printed only

One thread each, one process, one run; processor time, best of three. The ratio says how many
times faster the first code of a job is. Peers are optional: pip install -e ".[bench]".
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

BENCHMARKS = (
    "decoy_rates",
    "bb84_simulation",
    "reconciliation",
    "ldpc_decoding",
    "pulses_to_key",
    "sampling",
    "hashing",
)
PEERS = ("qkd", "sequence", "qkdsec", "ldpc")
THREADS = ("OMP", "OPENBLAS", "MKL", "RAYON", "NUMBA")
RESULTS = Path(__file__).with_name("results")
COLUMNS = ("code", "speed", "ratio", "remark")


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all of them and keep the results."""
    # Before NumPy, Numba and the peers are imported, which read it then.
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in THREADS})
    facts = machine()
    print(describe(facts))
    start = time.perf_counter()
    rows = []
    for name in names or BENCHMARKS:
        found = list(import_module(name).rows())
        print(*(f"\n{title}\n{aligned(cells)}" for title, cells in tables(found)), sep="\n", flush=True)
        rows += found
    facts["seconds"] = round(time.perf_counter() - start, 1)
    print(f"\n{facts['seconds']} s")
    if not names:
        content = {**facts, "rows": [{**vars(row), "per_cpu_s": row.per_cpu_s} for row in rows]}
        RESULTS.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n")
        RESULTS.with_suffix(".md").write_text(markdown(facts, rows))


def machine() -> dict[str, Any]:
    """Return what the results depend on."""
    from measure import installed

    packages = ("noclone", "numpy", "scipy", "numba", "gmpy2", *PEERS)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": shlex.join(["python", *sys.argv]),
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: installed(name) for name in packages},
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def processor() -> str:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def describe(facts: dict[str, Any]) -> str:
    """Say in a few lines what ran where, and whether other work disturbed it."""
    load = facts["load_average"][0]
    disturbed = " (busy with other work: all speeds are too low)" if load > 0.3 else ""
    versions = ", ".join(f"{name} {number or 'not installed'}" for name, number in facts["versions"].items())
    return "\n".join(
        (
            f"{facts['date']}  {facts['command']}",
            f"{facts['processor']}, {facts['cores']} cores, {facts['system']}, Python {facts['python']}",
            versions,
            f"load average before the run {load}{disturbed}",
        )
    )


def tables(rows: list[Any]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return each job's title and the cells under `COLUMNS`."""
    found = []
    for job, group in groupby(rows, key=lambda row: row.job):
        members = list(group)
        best = members[0].per_cpu_s
        cells = []
        for row in members:
            speed = row.per_cpu_s
            shown = "-" if speed is None else f"{speed:.2e} {row.unit}/s"
            ratio = "-" if speed is None or best is None else f"{best / speed:.3g}"
            cells.append((row.code, shown, ratio, row.remark))
        found.append((job, cells))
    return found


def aligned(cells: list[tuple[str, ...]]) -> str:
    """Lay cells out in columns."""
    lines = [COLUMNS, *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(facts: dict[str, Any], rows: list[Any]) -> str:
    """Return the results as a page."""
    head = "| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS)
    parts = ["# Benchmarks\n", "```\n" + describe(facts) + "\n```\n", __doc__.split("\n\n")[-1]]
    for job, cells in tables(rows):
        body = "\n".join("| " + " | ".join(line) + " |" for line in cells)
        parts.append(f"## {job}\n\n{head}\n{body}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main(sys.argv[1:])
