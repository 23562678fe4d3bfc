"""Key rates at random points, nothing shared between them, and tuning of links."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import noclone as nc
from measure import Row, timed
from noclone.core.seeds import stream
from noclone.optimise import tune

POINTS, CALLS, LINKS = 10_000, 10, 1000
FINITE = ("lim-2014", "rusca-2018", "wiesemann-2024")


def rows() -> Iterator[Row]:
    for statistics in ("ma-2005", "exact"):
        grid = random_points(nc.load("gys-2004").replace({"bob.statistics": statistics}))
        run = timed(lambda grid=grid: [nc.rate(grid, asymptotic=True) for _ in range(CALLS)])
        remark = f"vacuum + weak decoy, {POINTS} points a call"
        yield run.row(
            f"asymptotic rates, statistics {statistics}", "noclone", POINTS * CALLS, "points", remark
        )
    for bound in FINITE:
        grid, pulses = random_links(bound)
        run = timed(lambda grid=grid, pulses=pulses: tune(grid, pulses=pulses))
        keyed = np.count_nonzero(run.result.rate_after)
        remark = f"{run.result.evaluations / LINKS:.0f} rates a link; {keyed} of {LINKS} links have a key"
        yield run.row(f"tuning of {LINKS} links at once, {bound}", "noclone", LINKS, "links", remark)
    for name in ("lim-2014", "rusca-2018"):
        setup = nc.load(name)
        yield timed(lambda setup=setup: tune(setup)).row(f"tuning of one link, {name}", "noclone", 1, "links")


def random_points(setup: nc.Setup) -> nc.Grid:
    """Return links and parameters at random, all different."""
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


def random_links(bound: str) -> tuple[nc.Grid, np.ndarray]:
    """Return links from 0 km to beyond the cutoff and their blocks of 1e8 to 1e13 pulses."""
    rng = stream(2, "benchmark")
    setup = nc.load("rusca-2018" if bound == "rusca-2018" else "lim-2014")
    setup = setup.replace({"protocol.bound": bound, "protocol.eps_sec": 1e-9, "bob.statistics": "exact"})
    fields = {
        "channel.length_km": rng.uniform(0, 180, LINKS),
        "bob.misalignment": rng.uniform(0.002, 0.04, LINKS),
        "bob.dark_count_prob": 10 ** rng.uniform(-9, -5, LINKS),
    }
    return nc.Grid.over(setup, {}, fields), 10 ** rng.uniform(8, 13, LINKS)
