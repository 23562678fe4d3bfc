"""Quantum-behaved particle swarm with diversity migration: stragglers far from the centre are brought home.

A reconstruction from the abstract of Gong et al. 2024, whose full text was not available. The abstract says:
migrants are selected by their fitness and by their position in the population; the individual of smallest
average Hamming distance marks the direction in which the population moves; particles that deviate from the
central range are replaced. How positions become strings of bits, which range is central, and where migrants
go is our choice.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from noclone.core.numbers import whole
from noclone.optimise.metaheuristics import quantum_particle_swarm
from noclone.optimise.metaheuristics.ask_and_tell import Floats, Proposals, Task

NAME = "migrating-quantum-particle-swarm"
TITLE = "Quantum-behaved particle swarm with diversity migration (reconstruction)"
SOURCE = (
    "after C. Gong, N. Zhou, S. Xia, S. Huang, Future Gener. Comput. Syst. 157, 445 (2024), of which only "
    "the abstract was read"
)
QUANTUM = f"{quantum_particle_swarm.QUANTUM}; the migration is classical as well"


def propose(
    task: Task, *, particles: int = 20, contraction: tuple[float, float] = (1.0, 0.5), bits: int = 10
) -> Proposals:
    """Propose where the particles are found, migrants included.

    Parameters
    ----------
    task : Task
    particles, contraction
        As in `noclone.optimise.metaheuristics.quantum_particle_swarm`.
    bits : int
        Of the Gray code in which each coordinate's cell is written for Hamming distances.

    Notes
    -----
    Migrants are particles whose average Hamming distance from the others exceeds the population's mean, and
    whose best height lies below the median. They are put at random between where they were about to go and
    the best point of the particle of smallest average distance.

    Examples
    --------
    >>> from functools import partial
    >>> from noclone.optimise.metaheuristics import search
    >>> def bowl(points):
    ...     return -((points - 0.3) ** 2).sum(axis=1)
    >>> found = search(partial(propose, bits=8), bowl, [0, 0], [1, 1], evaluations=400, seed=1)
    >>> found.point.round(1).tolist()
    [0.3, 0.3]
    """
    bits = whole("bits", bits, 1)
    return quantum_particle_swarm.propose(
        task,
        particles=whole("particles", particles, 2),
        contraction=contraction,
        migration=partial(migrated, bits=bits),
    )


def migrated(x: Floats, best: Floats, heights: Floats, rng: np.random.Generator, bits: int) -> Floats:
    """Return points (n, d) with the migrants among them on their way to the centre of the best points (n, d).

    Examples
    --------
    >>> best = np.array([[0.3], [0.3], [0.3], [0.9]])
    >>> migrated(best, best, np.array([4, 3, 2, 1.0]), np.random.default_rng(1), 4).ravel().round(2).tolist()
    [0.3, 0.3, 0.3, 0.33]
    """
    apart = hamming_distances(best, bits).sum(axis=1) / (len(best) - 1)
    migrant = (apart > apart.mean()) & (heights < np.median(heights))
    home = x + rng.random(x.shape) * (best[apart.argmin()] - x)
    return np.where(migrant[:, None], home, x)


def hamming_distances(points: Floats, bits: int) -> Floats:
    """Return the Hamming distance (n, n) between points (n, d) of the unit box, written in Gray code.

    Examples
    --------
    >>> hamming_distances(np.array([[0.1], [0.3], [0.9]]), 2).tolist()
    [[0.0, 1.0, 1.0], [1.0, 0.0, 2.0], [1.0, 2.0, 0.0]]
    """
    cells = np.minimum((points * 2**bits).astype(np.int64), 2**bits - 1)
    code = cells ^ (cells >> 1)
    differing: Floats = np.bitwise_count(code[:, None] ^ code[None]).sum(axis=-1).astype(float)
    return differing
