"""Particle swarm: points fly through the box, pulled to the best they and their swarm have seen."""

from __future__ import annotations

import numpy as np

from noclone.core.numbers import real, whole
from noclone.optimise.metaheuristics.ask_and_tell import Proposals, Task, higher

NAME = "particle-swarm"
TITLE = "Particle swarm"
SOURCE = (
    "J. Kennedy, R. Eberhart, Proc. ICNN 4, 1942 (1995); coefficients: M. Clerc, J. Kennedy, "
    "IEEE Trans. Evol. Comput. 6, 58 (2002)"
)
QUANTUM = "classical"


def propose(
    task: Task, *, particles: int = 20, inertia: float = 0.7298, attraction: float = 1.49618
) -> Proposals:
    """Propose where the particles are.

    Parameters
    ----------
    task : Task
    particles : int
        Size of the swarm; each sees the best of all ("global best").
    inertia : float
        Share of the velocity that is kept; default from the constriction of Clerc and Kennedy.
    attraction : float
        Strongest pull to a particle's own best point, and to the swarm's.

    Notes
    -----
    A particle that would leave the box stops at its wall.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, particles=10), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    particles = whole("particles", particles, 1)
    inertia, attraction = real("inertia", inertia), real("attraction", attraction)
    rng = task.rng
    x = task.first(particles)
    velocity = (rng.random(x.shape) - x) / 2
    best, heights = x, (yield x)
    while True:
        own, swarm = rng.random((2, *x.shape))
        leader = best[heights.argmax()]
        velocity = inertia * velocity + attraction * (own * (best - x) + swarm * (leader - x))
        moved = x + velocity
        x = np.clip(moved, 0.0, 1.0)
        velocity[x != moved] = 0.0
        best, heights = higher(best, heights, x, (yield x))
