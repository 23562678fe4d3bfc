"""Fruit fly optimisation: a swarm around the best point, ever narrower."""

from __future__ import annotations

import numpy as np

from noclone.core.numbers import positive, whole
from noclone.optimise.metaheuristics.ask_and_tell import Proposals, Task

NAME = "fruit-fly"
TITLE = "Fruit fly optimisation, linear candidates"
SOURCE = (
    "W.-T. Pan, Knowl.-Based Syst. 26, 69 (2012), corrected by D. Shan, G. Cao, H. Dong, "
    "Math. Probl. Eng. 2013, 108768 (LGMS-FOA)"
)
QUANTUM = "classical"


def propose(task: Task, *, flies: int = 30, width: float = 1.0, narrower: float = 0.95) -> Proposals:
    """Propose where the flies smell.

    Parameters
    ----------
    task : Task
    flies : int
        Size of the swarm.
    width : float
        Of the swarm in the first round, in boxes.
    narrower : float
        Factor by which the swarm narrows each round.

    Notes
    -----
    As published in 2012 the method tries 1 / distance from the origin in place of the coordinates
    themselves: candidates are positive, never evenly distributed, and crowd near 0, where most test
    functions have their optimum. The correction takes the coordinates, here those of the box.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, narrower=0.9), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    flies = whole("flies", flies, 1)
    width, narrower = positive("width", width), positive("narrower", narrower, high=1.0)
    rng = task.rng
    flown = task.first(flies)
    told = yield flown
    leader, top = flown[told.argmax()], told.max()
    while True:
        width *= narrower
        flown = np.clip(leader + width * (rng.random((flies, task.size)) - 0.5), 0.0, 1.0)
        told = yield flown
        if told.max() >= top:
            leader, top = flown[told.argmax()], told.max()
