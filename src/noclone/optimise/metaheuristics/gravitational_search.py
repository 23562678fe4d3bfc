"""Gravitational search: points attract each other, the higher ones more, by a gravity that fades."""

from __future__ import annotations

import numpy as np

from noclone.core.numbers import positive, real, whole
from noclone.optimise.metaheuristics.ask_and_tell import Floats, Proposals, Task

NAME = "gravitational-search"
TITLE = "Gravitational search"
SOURCE = "E. Rashedi, H. Nezamabadi-pour, S. Saryazdi, Inf. Sci. 179, 2232 (2009), eqs. (7)-(21)"
QUANTUM = "classical"
LAST = 0.02
"""Share of the agents that still attract at the end, in the authors' program."""


def propose(task: Task, *, agents: int = 30, gravity: float = 1.0, fading: float = 5.0) -> Proposals:
    """Propose where the masses are.

    Parameters
    ----------
    task : Task
    agents : int
        Masses.
    gravity : float
        First gravitational constant, in boxes; the paper takes 100 whatever the width of the box.
    fading : float
        Gravity falls by exp(-fading) over the search, alpha of the paper.

    Notes
    -----
    The paper's 50 agents and fading of 20 are for 1000 rounds; in the few dozen that a search of some
    thousand evaluations has, such agents freeze before they arrive, so the defaults are milder.
    All agents attract at first, the best `LAST` of them at the end. The paper's force is mass times way over
    distance, not over its cube (eq. (7)): far agents attract as strongly as near ones. As in the authors'
    program (MATLAB Central File Exchange 27756), a coordinate that leaves the box is drawn anew, and only
    that one.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, agents=20), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    agents = whole("agents", agents, 2)
    gravity, fading = positive("gravity", gravity), real("fading", fading)
    rng = task.rng
    rounds = task.rounds(agents)
    x = task.first(agents)
    velocity = np.zeros_like(x)
    for done in range(1, rounds + 1):
        heights = yield x
        share = done / rounds
        attracting = max(1, round(agents * (LAST + (1 - LAST) * (1 - share))))
        pull = acceleration(x, heights, attracting, rng)
        velocity = rng.random(x.shape) * velocity + gravity * np.exp(-fading * share) * pull
        x = inside(x + velocity, rng)


def inside(x: Floats, rng: np.random.Generator) -> Floats:
    """Return points with every coordinate outside 0 to 1 drawn anew.

    Examples
    --------
    >>> inside(np.array([[0.2, 1.5]]), np.random.default_rng(1)).round(3).tolist()
    [[0.2, 0.95]]
    """
    return np.asarray(np.where((x < 0) | (x > 1), rng.random(x.shape), x))


def acceleration(x: Floats, heights: Floats, attracting: int, rng: np.random.Generator) -> Floats:
    """Return the acceleration (n, d) of points (n, d) by the heaviest of them, per unit of gravity.

    Examples
    --------
    >>> places = np.array([[0.0], [1.0]])
    >>> pull = acceleration(places, np.array([0.0, 1.0]), 1, np.random.default_rng(1))
    >>> bool(pull[0, 0] > 0), pull[1].tolist()
    (True, [0.0])
    """
    lowest = heights[np.isfinite(heights)].min(initial=np.inf)
    mass = np.fmax(heights - lowest, 0.0)
    mass = mass / mass.sum() if mass.any() else np.full(len(x), 1 / len(x))
    heavy = np.argsort(-mass, kind="stable")[:attracting]
    way = x[heavy] - x[:, None]
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    force = mass[heavy, None] * way / (distance + np.finfo(float).eps)
    pull: Floats = (rng.random(force.shape) * force).sum(axis=1)
    return pull
