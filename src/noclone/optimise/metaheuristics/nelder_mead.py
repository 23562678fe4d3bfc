"""Nelder-Mead: a simplex that walks uphill by reflecting its lowest corner; a local search, restarted."""

from __future__ import annotations

import numpy as np

from noclone.core.numbers import positive, real
from noclone.optimise.metaheuristics.ask_and_tell import Floats, Proposals, Task

NAME = "nelder-mead"
TITLE = "Nelder-Mead simplex"
SOURCE = "J. A. Nelder, R. Mead, Comput. J. 7, 308 (1965)"
QUANTUM = "classical"


def propose(task: Task, *, edge: float = 0.1, smallest: float = 1e-4) -> Proposals:
    """Propose corners of the simplex.

    Parameters
    ----------
    task : Task
        Each of its starting points begins a simplex, in order; random ones follow.
    edge : float
        Of the first simplex, in boxes.
    smallest : float
        A simplex no wider than this is left for the next.

    Notes
    -----
    The moves are those of `scipy.optimize.minimize(method="Nelder-Mead")` with bounds, which cannot be used
    itself, as it calls the objective instead of asking for it.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, edge=0.2), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    edge, smallest = positive("edge", edge, high=0.5), real("smallest", smallest)
    for start in task.start:
        yield from climb(_simplex(start, edge), smallest)
    while True:
        yield from climb(_simplex(task.rng.random(task.size), edge), smallest)


def _simplex(start: Floats, edge: float) -> Floats:
    """Return corners (d + 1, d): the start, and a step along each axis towards the farther wall."""
    steps = np.where(start <= 0.5, edge, -edge)
    return np.concatenate([start[None], start + np.diag(steps)])


def climb(corners: Floats, smallest: float) -> Proposals:
    """Propose corners until the simplex (d + 1, d) is no wider than `smallest`."""
    heights = yield corners
    while True:
        order = np.argsort(-heights, kind="stable")
        corners, heights = corners[order], heights[order]
        if np.abs(corners[1:] - corners[0]).max() <= smallest:
            return
        middle = corners[:-1].mean(axis=0)
        away = middle - corners[-1]
        point = np.clip(middle + away, 0.0, 1.0)
        told = yield point[None]
        if told[0] > heights[0]:
            farther = np.clip(middle + 2 * away, 0.0, 1.0)
            beyond = yield farther[None]
            if beyond[0] > told[0]:
                point, told = farther, beyond
        elif told[0] <= heights[-2]:
            outside = told[0] > heights[-1]
            lowest = max(told[0], heights[-1])
            point = np.clip(middle + (0.5 if outside else -0.5) * away, 0.0, 1.0)
            told = yield point[None]
            if not (told[0] >= lowest if outside else told[0] > lowest):
                corners = np.concatenate([corners[:1], (corners[0] + corners[1:]) / 2])
                heights = np.concatenate([heights[:1], (yield corners[1:])])
                continue
        corners = np.concatenate([corners[:-1], point[None]])
        heights = np.concatenate([heights[:-1], told])
