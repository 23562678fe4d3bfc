"""Pulses to equal keys at both parties: wall time and peak memory, warm.

    python evidence/end_to_end.py

One row per block size in ``evidence/results/end_to_end.csv``; a size that is there already is not run
again. Every size runs in a process of its own, after a small run that compiles the kernels.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "end_to_end.csv"
SIZES = ((1e9, 0.6), (1e10, 0.8))
"""Pulses and basis probability; the rest is in `LINK`."""

LINK = """
[alice]
kind = "weak-coherent"
intensities = [0.5, 0.15, 0.001]
clock_rate_hz = 1e9
[channel]
kind = "fixed-loss"
loss_db = 10
[bob]
kind = "threshold-detectors"
efficiency = 0.1
dark_count_prob = 1e-6
misalignment = 0.01
dead_time_s = 1e-7
[protocol]
name = "decoy-bb84"
intensity_probs = [0.6, 0.25, 0.15]
basis_prob = 0.6
bound = "lim-2014"
"""


def measure(pulses: float, basis_prob: float) -> dict[str, float]:
    """Run once warm, in this process."""
    import resource
    import time

    import numpy as np

    import noclone as nc
    from noclone.distillation.distil import distil_pair
    from noclone.setup import toml

    setup = toml.parse(LINK).replace({"protocol.basis_prob": basis_prob, "run.pulses": pulses})
    distil_pair(*nc.simulate(setup, 1e8), setup, seed=1)
    wall, cpu = time.perf_counter(), time.process_time()
    alice, bob = nc.simulate(setup, workers=2, seed=2)
    simulated = time.perf_counter()
    first, second = distil_pair(alice, bob, setup, seed=1)
    end = time.perf_counter()
    assert np.array_equal(first.packed, second.packed)
    return {
        "pulses": pulses,
        "detections": len(bob),
        "sifted_bits": first.sifted_bits,
        "key_bits": first.key_bits,
        "f_ec": round(first.f_ec, 4),
        "wall_s": round(end - wall, 3),
        "simulation_wall_s": round(simulated - wall, 3),
        "cpu_s": round(time.process_time() - cpu, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Measure the sizes that have no row yet."""
    rows = list(csv.DictReader(RESULTS.open())) if RESULTS.exists() else []
    done = {float(row["pulses"]) for row in rows}
    for size in SIZES:
        if size[0] in done:
            continue
        call = [sys.executable, __file__, "--one", json.dumps(size)]
        row = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
        row |= {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "machine": platform.machine()}
        rows.append({key: str(value) for key, value in row.items()})
        with RESULTS.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        print(row)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        print(json.dumps(measure(*json.loads(sys.argv[2]))))
    else:
        main()
