"""What another solver says of a proof's optimisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from noclone.proofs.certificate import Certificate
from noclone.proofs.objective import gradient
from noclone.proofs.problem import Problem

Array = NDArray[np.complex128]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Opinion:
    """A minimum found by another solver; in nats.

    Attributes
    ----------
    solver : str
    status : str
        What the solver says of its answer.
    value : float
        The minimum as the solver states it; not a bound.
    point : ndarray, shape (n, n)
        Where it lies.
    certificate : Certificate
        What can be relied on.
    steps : int
    cpu_s : float
        Processor time of the solver, its set-up included.
    """

    solver: str
    status: str
    value: float
    point: Array
    certificate: Certificate
    steps: int
    cpu_s: float


def certificate_of(task: Problem, point: Array, multipliers: Floats) -> Certificate:
    """Return the certificate that a point gives with multipliers of a solver's own."""
    rest = gradient(task, point) - np.tensordot(multipliers, task.operators, 1)
    rest = (rest + rest.conj().T) / 2
    shift = float(eigh(rest, task.unit, eigvals_only=True, subset_by_index=[0, 0])[0])
    return Certificate(point, multipliers, shift, task.support(multipliers) + shift)
