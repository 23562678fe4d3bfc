"""Run every benchmark of this folder, ours and the peers', and write the results down.

    python benchmarks/all.py                 everything; writes results.json and results.md
    python benchmarks/all.py hashing         one of them, printed only

One process and one thread for each code, or for each party of ours; processor time of all threads,
best of three calls, of five in the first two tables, or of fewer where they take more than five
seconds. The ratio says how many times faster the first code of a job is. Peers are optional:
pip install -e ".[bench]".
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
    "races",
    "quantum_engine",
    "key_rate_proofs",
    "protocols",
    "decoy_rates",
    "bb84_simulation",
    "reconciliation",
    "ldpc_decoding",
    "pulses_to_key",
    "sampling",
    "telemetry",
    "hashing",
    "tune",
)
PEERS = (
    "qkd",
    "sequence",
    "qkdsec",
    "ldpc",
    "pennylane",
    "qiskit-machine-learning",
    "torch",
    "qics",
    "clarabel",
    "python-flint",
)
THREADS = ("OMP", "OPENBLAS", "MKL", "RAYON", "NUMBA")
RESULTS = Path(__file__).with_name("results")
COLUMNS = ("job", "code", "speed", "ratio", "remark")
METHOD = __doc__.strip().rpartition("\n\n")[2]


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all of them and keep the results."""
    # Before NumPy, Numba and the peers are imported, which read it then.
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in THREADS})
    facts = machine()
    print(describe(facts))
    start = time.perf_counter()
    parts = []
    for name in names or BENCHMARKS:
        module = import_module(name)
        title, rows = module.__doc__.partition("\n")[0], list(module.rows())
        print(f"\n{title}\n\n{aligned(cells(rows))}", flush=True)
        parts.append((title, rows))
    facts["seconds"] = round(time.perf_counter() - start, 1)
    print(f"\n{facts['seconds']} s")
    if not names:
        found = [{**vars(row), "per_cpu_s": row.per_cpu_s} for _, rows in parts for row in rows]
        RESULTS.with_suffix(".json").write_text(json.dumps({**facts, "rows": found}, indent=1) + "\n")
        RESULTS.with_suffix(".md").write_text(page(facts, parts))


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


def cells(rows: list[Any]) -> list[tuple[str, ...]]:
    """Return the table's cells, under `COLUMNS`; a job is named once, its first code has no ratio."""
    found: list[tuple[str, ...]] = [COLUMNS]
    for job, group in groupby(rows, key=lambda row: row.job):
        first = None
        for row in group:
            speed = row.per_cpu_s
            shown = f"{speed:.2e} {row.unit}/s" if speed else ""
            ratio = f"{first / speed:.3g}" if first and speed else ""
            found.append((job, row.code, shown, ratio, row.remark))
            first, job = first or speed, ""
    return found


def aligned(lines: list[tuple[str, ...]]) -> str:
    """Lay cells out in columns."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def page(facts: dict[str, Any], parts: list[tuple[str, list[Any]]]) -> str:
    """Return the results in Markdown."""
    sections = [f"# Benchmarks\n\n```\n{describe(facts)}\n```\n\n{METHOD}\n"]
    for title, rows in parts:
        head, *body = ("| " + " | ".join(line) + " |" for line in cells(rows))
        sections.append(
            "\n".join((f"## {title.rstrip('.')}\n", head, "|---" * len(COLUMNS) + "|", *body, ""))
        )
    return "\n".join(sections)


if __name__ == "__main__":
    main(sys.argv[1:])
