"""Quantum-behaved particle swarm: points drawn around attractors instead of flown by velocities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from noclone.core.numbers import real, whole
from noclone.optimise.metaheuristics.ask_and_tell import Floats, Proposals, Task, higher

NAME = "quantum-particle-swarm"
TITLE = "Quantum-behaved particle swarm"
SOURCE = (
    "J. Sun, B. Feng, W. Xu, Proc. CEC 2004, 325; mean best point: J. Sun, W. Xu, B. Feng, "
    "Proc. IEEE CIS 2004, 111"
)
QUANTUM = (
    "quantum-inspired: a point is drawn from the double exponential |psi|^2 of a particle bound by a delta "
    "well at its attractor; a classical random number generator draws it"
)

Migration = Callable[[Floats, Floats, Floats, np.random.Generator], Floats]
"""From points that are about to be proposed (n, d), best points (n, d) and their heights: points instead."""


def propose(
    task: Task,
    *,
    particles: int = 20,
    contraction: tuple[float, float] = (1.0, 0.5),
    migration: Migration | None = None,
) -> Proposals:
    """Propose where the particles are found.

    Parameters
    ----------
    task : Task
    particles : int
        Size of the swarm.
    contraction : tuple of float
        First and last coefficient of contraction and expansion, linear in between.
    migration : callable, optional
        Replaces some of the points before they are proposed.

    Notes
    -----
    The new point is p ± beta |m - x| ln(1 / u), with m the mean of all particles' best points, p at random
    between the particle's best point and the swarm's, and u uniform; cut off at the walls of the box.

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
    first, last = (real("contraction", beta) for beta in contraction)
    rng = task.rng
    rounds = task.rounds(particles)
    x = task.first(particles)
    best, heights = x, (yield x)
    for done in range(1, rounds):
        beta = first + (last - first) * done / rounds
        share, u = rng.random((2, *x.shape))
        attractor = share * best + (1 - share) * best[heights.argmax()]
        side = rng.choice([-1.0, 1.0], x.shape)
        x = attractor - side * beta * np.abs(best.mean(axis=0) - x) * np.log1p(-u)
        x = np.clip(x, 0.0, 1.0)
        if migration is not None:
            x = migration(x, best, heights, rng)
        best, heights = higher(best, heights, x, (yield x))
