"""Simulated annealing: one point that jumps, downhill too while it is hot."""

from __future__ import annotations

import math

import numpy as np

from noclone.core.numbers import positive, whole
from noclone.optimise.metaheuristics.ask_and_tell import Floats, Proposals, Task

NAME = "simulated-annealing"
TITLE = "Very fast simulated annealing"
SOURCE = (
    "S. Kirkpatrick, C. D. Gelatt, M. P. Vecchi, Science 220, 671 (1983); jumps and schedule: L. Ingber, "
    "Math. Comput. Model. 12, 967 (1989), without its re-annealing"
)
QUANTUM = "classical"


def propose(task: Task, *, samples: int = 20, coldest: float = 1e-5) -> Proposals:
    """Propose where the point jumps to.

    Parameters
    ----------
    task : Task
    samples : int
        Points of which the highest is the first, and the spread of the heights the temperature of 1.
    coldest : float
        Temperature at the end of the search.

    Notes
    -----
    The temperature exp(-c k^(1/d)) after k jumps sets both their length and how readily a lower point is
    accepted. `scipy.optimize.dual_annealing` is not used: its limit on evaluations is a soft one, it asks
    for one point at a time, and it compares differences of the objective, whatever their unit, with a
    temperature of 5230.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, coldest=1e-4), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    samples, coldest = whole("samples", samples, 1), positive("coldest", coldest, high=1.0)
    rng = task.rng
    points = task.first(samples)
    heights = yield points
    x, height = points[heights.argmax()], heights.max()
    spread = heights[np.isfinite(heights)].std() if np.isfinite(heights).any() else 0.0
    jumps = max(1, task.evaluations - samples)
    for done in range(1, jumps + 1):
        temperature = coldest ** ((done / jumps) ** (1 / task.size))
        trial = jump(x, temperature, rng.random(task.size))
        told = float((yield trial[None])[0])
        if told >= height or rng.random() < acceptance(told - height, spread * temperature):
            x, height = trial, told


def acceptance(gain: float, temperature: float) -> float:
    """Return the probability with which a point that is lower by -gain is accepted.

    Examples
    --------
    >>> round(acceptance(-1.0, 0.5), 3), acceptance(-1.0, 0.0)
    (0.135, 0.0)
    """
    return math.exp(gain / temperature) if temperature > 0 else 0.0


def jump(x: Floats, temperature: float, u: Floats) -> Floats:
    """Return where uniform numbers u (d,) send a point x (d,) of the unit box.

    A step s has the probability density 1 / (2 (|s| + T) ln(1 + 1/T)), here conditioned on staying in the
    box and drawn by inversion.

    Examples
    --------
    >>> jump(np.array([0.5]), 0.1, np.array([0.5])).tolist()
    [0.5]
    """
    low, high = _cumulated(-x, temperature), _cumulated(1 - x, temperature)
    centred = 2 * (low + u * (high - low)) - 1
    step = np.sign(centred) * temperature * np.expm1(np.abs(centred) * math.log1p(1 / temperature))
    landed: Floats = np.clip(x + step, 0.0, 1.0)
    return landed


def _cumulated(step: Floats, temperature: float) -> Floats:
    """Return the probability of a smaller step than this, between -1 and 1."""
    beyond = np.sign(step) * np.log1p(np.abs(step) / temperature) / (2 * math.log1p(1 / temperature))
    cumulated: Floats = 0.5 + beyond
    return cumulated
