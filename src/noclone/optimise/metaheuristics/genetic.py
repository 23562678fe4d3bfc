"""Real-coded genetic algorithm: tournaments, simulated binary crossover, polynomial mutation, elitism."""

from __future__ import annotations

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.numbers import real, whole
from noclone.optimise.metaheuristics.ask_and_tell import Floats, Proposals, Task

NAME = "genetic"
TITLE = "Real-coded genetic algorithm"
SOURCE = (
    "K. Deb, R. B. Agrawal, Complex Systems 9, 115 (1995); mutation and defaults: K. Deb, A. Pratap, "
    "S. Agarwal, T. Meyarivan, IEEE Trans. Evol. Comput. 6, 182 (2002)"
)
QUANTUM = "classical"


def propose(
    task: Task,
    *,
    population: int = 40,
    crossover_prob: float = 0.9,
    crossover_index: float = 20.0,
    mutation_index: float = 20.0,
) -> Proposals:
    """Propose generations of children.

    Parameters
    ----------
    task : Task
    population : int
        Parents, and children per generation; the best of both survive. Even.
    crossover_prob : float
        Share of pairs that mix; half of their coordinates do.
    crossover_index, mutation_index : float
        Distribution indices: the larger, the nearer are children to parents, and mutants to children.

    Notes
    -----
    Each coordinate of a child mutates with probability 1 / d. Children are cut off at the walls of the box.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, population=20), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    if whole("population", population, 2) % 2:
        raise InvalidInput("population", f"must be even, but is {population}")
    crossover_prob = real("crossover_prob", crossover_prob, high=1.0)
    crossover_index = real("crossover_index", crossover_index)
    mutation_index = real("mutation_index", mutation_index)
    rng = task.rng
    parents = task.first(population)
    heights = yield parents
    while True:
        rivals = rng.integers(population, size=(2, population))
        winners = parents[np.where(heights[rivals[0]] >= heights[rivals[1]], *rivals)]
        children = _crossed(winners, crossover_prob, crossover_index, rng)
        mutates = rng.random(children.shape) < 1 / task.size
        children = children + np.where(
            mutates, mutation_step(rng.random(children.shape), mutation_index), 0.0
        )
        children = np.clip(children, 0.0, 1.0)
        told = yield children
        points, heights = np.concatenate([parents, children]), np.concatenate([heights, told])
        survivors = np.argsort(-heights, kind="stable")[:population]
        parents, heights = points[survivors], heights[survivors]


def _crossed(parents: Floats, prob: float, index: float, rng: np.random.Generator) -> Floats:
    """Return two children of each pair of neighbours, around the pair's middle."""
    one, two = parents[0::2], parents[1::2]
    mixes = (rng.random((len(one), 1)) < prob) & (rng.random(one.shape) < 0.5)
    spread = np.where(mixes, spread_factor(rng.random(one.shape), index), 1.0)
    middle, half = (one + two) / 2, (one - two) / 2
    return np.concatenate([middle + spread * half, middle - spread * half])


def spread_factor(u: Floats, index: float) -> Floats:
    """Return how much farther apart two children are than their parents, by inversion of its distribution.

    Examples
    --------
    >>> spread_factor(np.array([0.0625, 0.5, 0.96875]), 2.0).round(6).tolist()
    [0.5, 1.0, 2.519842]
    """
    nearer, farther = 2 * u, 1 / (2 * (1 - u))
    factor: Floats = np.where(u <= 0.5, nearer, farther) ** (1 / (index + 1))
    return factor


def mutation_step(u: Floats, index: float) -> Floats:
    """Return a step between -1 and 1 in boxes, by inversion of the polynomial distribution.

    Examples
    --------
    >>> mutation_step(np.array([0.0, 0.5, 0.75]), 1.0).round(3).tolist()
    [-1.0, 0.0, 0.293]
    """
    power = 1 / (index + 1)
    step: Floats = np.where(u < 0.5, (2 * u) ** power - 1, 1 - (2 * (1 - u)) ** power)
    return step
