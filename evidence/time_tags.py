"""From two files of ten million time tags each to their coincidences: time, and share of the pairs found.

    python evidence/time_tags.py

100 000 tags per second on each side for 100 s, of which 10 % have a partner; Bob's clock is off by 0.73 ms
and 10 ppm, and its rate drifts by 1 ppb per second; the difference of a pair's times spreads by 350 ps (full
width at half maximum). One row per file format, printed and written to ``evidence/results/time_tags.csv``.
``found`` is the share, among the pairs that perfect clocks would put into the window of 1 ns, of those that
are coincidences. Times are of a warm process, compiled kernels loaded, from opening the files.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from noclone.records.coincidences import coincidences, correlations, outcomes
from noclone.records.synchronisation import synchronise
from noclone.records.time_tags import TimeTags, read_tags, write_tags
from noclone.sampling.time_tags import BobsClock, SyntheticTags, TaggedPairs

RESULTS = Path(__file__).parent / "results" / "time_tags.csv"
CLOCK = BobsClock(offset_ps=7.3e8, rate=1e-5, drift_per_s=1e-9)
WINDOW_PS = 1000.0


def written(drawn: SyntheticTags, folder: Path, ending: str) -> list[Path]:
    """Write both files."""
    paths = [folder / f"{name}.{ending}" for name in ("alice", "bob")]
    write_tags(TimeTags(time_ps=drawn.alice_ps, channel=drawn.alice_channel, simulated=True), paths[0])
    write_tags(TimeTags(time_ps=drawn.bob_ps, channel=drawn.bob_channel, simulated=True), paths[1])
    return paths


def measure(drawn: SyntheticTags, paths: list[Path]) -> dict[str, object]:
    """Run from the files to the coincidences and compare with the truth."""
    wall, cpu = time.perf_counter(), time.process_time()
    alice, bob = map(read_tags, paths)
    model = synchronise(alice, bob)
    found = coincidences(alice, bob, model, WINDOW_PS)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu

    hers = drawn.alice_ps[drawn.true_alice]
    possible = abs(drawn.bob_ps[drawn.true_bob] - hers - CLOCK.delay_ps(hers)) <= WINDOW_PS / 2
    bob_of = np.full(len(alice), -1)
    bob_of[found.alice] = found.bob
    right = bob_of[drawn.true_alice] == drawn.true_bob
    times = np.linspace(model.knots_ps[0], model.knots_ps[-1], 1_000_001)
    error = model.delay_ps(times) - CLOCK.delay_ps(times)
    z, x = correlations(found, outcomes(alice), outcomes(bob))
    return {
        "format": paths[0].suffix[1:],
        "alice_tags": len(alice),
        "bob_tags": len(bob),
        "pairs": len(right),
        "possible": int(possible.sum()),
        "found": round(float(right[possible].mean()), 6),
        "coincidences": len(found),
        "accidentals": len(found) - int(right.sum()),
        "accidentals_estimated": round(found.accidentals, 1),
        "qber_z": round(z.qber, 5),
        "qber_x": round(x.qber, 5),
        "clock_error_rms_ps": round(float(np.sqrt((error**2).mean())), 2),
        "clock_error_max_ps": round(float(abs(error).max()), 1),
        "cpu_s": round(cpu, 2),
        "wall_s": round(wall, 2),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Draw the tags, measure each format, print and write the rows."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        small = TaggedPairs().sample(duration_s=1, seed=1, clock=CLOCK)
        for ending in ("parquet", "npz", "csv"):
            measure(small, written(small, home, ending))
        drawn = TaggedPairs().sample(duration_s=100, seed=1, clock=CLOCK)
        rows = [measure(drawn, written(drawn, home, ending)) for ending in ("parquet", "npz", "csv")]
    with RESULTS.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    for name in rows[0]:
        print(f"{name:>22}", *(f"{row[name]!s:>12}" for row in rows))


if __name__ == "__main__":
    main()
