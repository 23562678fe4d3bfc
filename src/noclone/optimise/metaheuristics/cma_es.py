"""CMA-ES: a normal distribution that learns where to go and in which shape; with growing restarts."""

from __future__ import annotations

from typing import Any

import numpy as np

from noclone.core.extras import need
from noclone.core.numbers import positive
from noclone.optimise.metaheuristics.ask_and_tell import Proposals, Task

NAME = "cma-es"
TITLE = "Covariance matrix adaptation"
SOURCE = (
    "N. Hansen, A. Ostermeier, Evol. Comput. 9, 159 (2001); restarts: A. Auger, N. Hansen, Proc. CEC 2005, "
    "1769; package cma"
)
QUANTUM = "classical"


def propose(task: Task, *, deviation: float = 0.25) -> Proposals:
    """Propose samples of the distribution.

    Parameters
    ----------
    task : Task
        Each of its starting points is the mean of one distribution, in order; random ones follow.
    deviation : float
        First standard deviation, in boxes.

    Raises
    ------
    InvalidInput
        If the package cma is not installed, or the deviation is no number above 0.

    Notes
    -----
    The population is 4 + 3 ln d at first and doubles with each restart.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, deviation=0.1), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    deviation = positive("deviation", deviation)
    cma = need("cma")
    rng = task.rng
    size = max(task.size, 2)  # the package cannot do with one; the second one then changes nothing
    options: dict[str, Any] = {
        "bounds": [0.0, 1.0],
        "popsize": 4 + int(3 * np.log(size)),
        "randn": lambda *shape: rng.standard_normal(shape),
        "seed": np.nan,  # which leaves NumPy's global generator alone
        "verbose": -10,  # nor looks for a file of signals
    }
    starts = iter(task.start)
    while True:
        mean = rng.random(size)
        start = next(starts, None)
        if start is not None:
            mean[: task.size] = start
        evolution = cma.CMAEvolutionStrategy(mean, deviation, options)
        if start is not None:
            evolution.inject([mean], force=True)
        while not evolution.stop():
            points = np.array(evolution.ask())
            heights = yield points[:, : task.size]
            lowest = heights[np.isfinite(heights)].min(initial=np.inf)
            worst = lowest - 1.0 if np.isfinite(lowest) else 0.0
            evolution.tell(points, -np.where(np.isfinite(heights), heights, worst))
        options["popsize"] *= 2
