"""The fidelity kernel ``|<psi(x)|psi(y)>|**2`` of states, exact or from a number of shots per entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from noclone.quantum.shots import inversion_test

Floats = NDArray[np.float64]
Complex = NDArray[np.complexfloating]


def fidelities(left: Complex, right: Complex) -> Floats:
    """Return the fidelity of each state with each other one.

    Parameters
    ----------
    left : ndarray, shape (L, dimension)
    right : ndarray, shape (R, dimension)
        Normalised states, one per row.

    Returns
    -------
    ndarray, shape (L, R)
        Between 0 and 1.

    Examples
    --------
    >>> states = np.array([[1, 0], [0, 1], [0.6, 0.8]], complex)
    >>> fidelities(states, states[:1]).round(12).ravel().tolist()
    [1.0, 0.0, 0.36]
    """
    overlaps = left @ right.conj().T
    found = (overlaps.real**2 + overlaps.imag**2).astype(np.float64)
    return np.minimum(found, 1.0, out=found)


def gram(states: Complex) -> Floats:
    """Return the fidelities of states with each other: symmetric to the last bit, ones on the diagonal."""
    matrix = fidelities(states, states)
    matrix = 0.5 * (matrix + matrix.T)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def sampled_gram(matrix: Floats, shots: int, rng: np.random.Generator) -> Floats:
    """Return a symmetric matrix as inversion tests estimate it, with `shots` runs per pair of samples.

    Each pair is measured once; the diagonal is known to be 1. The result need not be positive semidefinite.
    """
    upper = np.triu_indices(len(matrix), 1)
    found = np.eye(len(matrix))
    found[upper] = inversion_test(matrix[upper], shots, rng)
    return np.maximum(found, found.T)
