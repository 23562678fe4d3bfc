"""Ant colony for continuous domains: new points drawn around the members of an archive of the best."""

from __future__ import annotations

import numpy as np

from noclone.core.numbers import positive, whole
from noclone.optimise.metaheuristics.ask_and_tell import Proposals, Task

NAME = "ant-colony"
TITLE = "Ant colony in continuous domains"
SOURCE = "K. Socha, M. Dorigo, Eur. J. Oper. Res. 185, 1155 (2008), eqs. (7)-(9)"
QUANTUM = "classical"


def propose(
    task: Task, *, archive: int = 50, ants: int = 2, locality: float = 1e-4, evaporation: float = 0.85
) -> Proposals:
    """Propose where the ants go.

    Parameters
    ----------
    task : Task
    archive : int
        Points that are remembered: the pheromone.
    ants : int
        New points per round.
    locality : float
        How much the highest-ranked members are preferred, q: their weights fall as a Gaussian over the ranks
        of width q times the archive. The paper's 1e-4 always follows the best; it takes 0.1 for functions
        with many tops.
    evaporation : float
        Spread of the new points over the mean distance of the archive from the member that is followed.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, locality=0.1), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    archive, ants = whole("archive", archive, 2), whole("ants", ants, 1)
    locality, evaporation = positive("locality", locality), positive("evaporation", evaporation)
    rng = task.rng
    points = task.first(archive)
    heights = yield points
    weight = np.exp(-0.5 * (np.arange(archive) / (locality * archive)) ** 2)
    weight /= weight.sum()
    while True:
        order = np.argsort(-heights, kind="stable")[:archive]
        points, heights = points[order], heights[order]
        followed = points[rng.choice(archive, ants, p=weight)]
        spread = evaporation * np.abs(points - followed[:, None]).sum(axis=1) / (archive - 1)
        drawn = np.clip(rng.normal(followed, spread), 0.0, 1.0)
        told = yield drawn
        points, heights = np.concatenate([points, drawn]), np.concatenate([heights, told])
