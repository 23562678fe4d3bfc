"""Bat algorithm: points that fly past the best one, and a random walk around it that takes over."""

from __future__ import annotations

import numpy as np

from noclone.core.numbers import positive, whole
from noclone.optimise.metaheuristics.ask_and_tell import Proposals, Task

NAME = "bat"
TITLE = "Bat algorithm"
SOURCE = (
    "X.-S. Yang, Stud. Comput. Intell. 284, 65 (2010), arXiv:1004.4170; schedules and defaults: his program "
    "'The standard bat algorithm', MATLAB Central File Exchange 74768 (2020)"
)
QUANTUM = "classical"


def propose(
    task: Task,
    *,
    bats: int = 20,
    frequency: float = 2.0,
    walk: float = 0.1,
    quieter: float = 0.97,
    faster: float = 0.1,
) -> Proposals:
    """Propose where the bats are.

    Parameters
    ----------
    task : Task
    bats : int
        Size of the population.
    frequency : float
        Greatest share of the way to the best point by which a velocity grows in a round.
    walk : float
        Standard deviation of the first random walk, in boxes; it shrinks with the loudness.
    quieter : float
        Factor by which the loudness falls each round, alpha: it starts at 1, and a better point is taken
        with the probability that it lacks to 1.
    faster : float
        Rate at which the probability of walking instead of flying grows from 0 to 1, gamma.

    Notes
    -----
    The paper and the program both print velocities that lead away from the best point; here they lead to
    it. The paper takes a better point if rand < A, ever more seldom as the loudness A falls; here, as in the
    program, if rand > A, ever more often. The program's random walk is .1 in the units of its example, whose
    box is 10 wide; here .1 of the box. A bat that would leave the box stops at its wall.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, bats=30), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    bats = whole("bats", bats, 1)
    frequency, walk = positive("frequency", frequency), positive("walk", walk)
    quieter, faster = positive("quieter", quieter, high=1.0), positive("faster", faster)
    rng = task.rng
    x = task.first(bats)
    heights = yield x
    leader, top = x[heights.argmax()], heights.max()
    velocity = np.zeros_like(x)
    loudness, flying = 1.0, 1.0
    while True:
        loudness *= quieter
        velocity += (leader - x) * rng.uniform(0, frequency, (bats, 1))
        moved = x + velocity
        velocity[(moved < 0) | (moved > 1)] = 0.0
        walked = leader + walk * loudness * rng.standard_normal(x.shape)
        trial = np.where(rng.random((bats, 1)) < flying, moved, walked)
        trial = np.clip(trial, 0.0, 1.0)
        flying *= np.exp(-faster)
        told = yield trial
        taken = (told >= heights) & (rng.random(bats) >= loudness)
        x, heights = np.where(taken[:, None], trial, x), np.where(taken, told, heights)
        if told.max() >= top:
            leader, top = trial[told.argmax()], told.max()
