"""Speed of key rates and of tuning: asymptotic rates per second, milliseconds per tuned link.

One thread; processor time, the fastest of three runs; the load of the machine beside it, because memory
and cache are shared.

    python benchmarks/tune.py [links to tune, default 1000]
"""

import os
import sys
from collections.abc import Callable
from time import process_time

import numpy as np

import noclone as nc
from noclone.core.seeds import stream
from noclone.optimise import tune

POINTS, CALLS = 10_000, 10
"""Points of one call of `noclone.rate`, and calls of one run."""
FINITE = ("lim-2014", "rusca-2018", "wiesemann-2024")


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of the fastest of three runs."""
    times = []
    for _ in range(3):
        start = process_time()
        work()
        times.append(process_time() - start)
    return min(times)


def random_points(setup: nc.Setup) -> nc.Grid:
    """Return links and parameters at random, all different: nothing is shared between points."""
    rng = stream(1, "benchmark")
    shares = rng.dirichlet([5, 3, 2], POINTS).T
    fields = {
        "channel.length_km": rng.uniform(0, 120, POINTS),
        "bob.misalignment": rng.uniform(0.005, 0.04, POINTS),
        "alice.intensities[0]": rng.uniform(0.3, 0.7, POINTS),
        "alice.intensities[1]": rng.uniform(0.02, 0.2, POINTS),
        "protocol.basis_prob": rng.uniform(0.5, 0.95, POINTS),
    }
    fields |= {f"protocol.intensity_probs[{k}]": share for k, share in enumerate(shares)}
    return nc.Grid.over(setup, {}, fields)


def random_links(bound: str, links: int) -> tuple[nc.Grid, np.ndarray]:
    """Return links from 0 km to beyond the cutoff and their blocks of 1e8 to 1e13 pulses."""
    rng = stream(2, "benchmark")
    setup = nc.load("rusca-2018" if bound == "rusca-2018" else "lim-2014")
    setup = setup.replace({"protocol.bound": bound, "protocol.eps_sec": 1e-9, "bob.statistics": "exact"})
    fields = {
        "channel.length_km": rng.uniform(0, 180, links),
        "bob.misalignment": rng.uniform(0.002, 0.04, links),
        "bob.dark_count_prob": 10 ** rng.uniform(-9, -5, links),
    }
    return nc.Grid.over(setup, {}, fields), 10 ** rng.uniform(8, 13, links)


def main() -> None:
    """Print both tables."""
    links = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    print(f"\nasymptotic rates, vacuum + weak decoy, {POINTS:,} points a call")
    for statistics in ("ma-2005", "exact"):
        grid = random_points(nc.load("gys-2004").replace({"bob.statistics": statistics}))
        nc.rate(grid, asymptotic=True)
        time = seconds(lambda grid=grid: [nc.rate(grid, asymptotic=True) for _ in range(CALLS)])
        print(f"  statistics {statistics:8} {POINTS * CALLS / time / 1e6:6.2f} million per second")
    print(f"\ntuning {links} links at once")
    for bound in FINITE:
        grid, pulses = random_links(bound, links)
        found = tune(grid, pulses=pulses)
        time = seconds(lambda grid=grid, pulses=pulses: tune(grid, pulses=pulses))
        keyed = np.count_nonzero(found.rate_after)
        each = found.evaluations / links
        print(
            f"  {bound:15} {time / links * 1e3:6.2f} ms per link, {each:5.0f} rates each, {keyed} with a key"
        )
    print("\ntuning one link")
    for name in ("lim-2014", "rusca-2018"):
        setup = nc.load(name)
        print(f"  {name:15} {seconds(lambda setup=setup: tune(setup)) * 1e3:6.0f} ms")
    print(f"\nload of the machine after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
