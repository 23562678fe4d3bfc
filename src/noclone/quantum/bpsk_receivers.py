"""How often receivers err between two opposite coherent states, in Fock space and in closed form.

The states are ``|alpha>`` and ``|-alpha>``, alpha real and equally likely: binary phase-shift keying. The
bound is Helstrom's; a receiver that counts photons after a displacement (Kennedy's, and the one with the best
displacement) comes closer to it than homodyne detection where the light is bright enough.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

from noclone.quantum.fock import coherent, density, displace, photon_numbers, positive_probability

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def helstrom_error(first: Complex, second: Complex, prior: float = 0.5) -> Floats:
    """Return the least error probability with which two density matrices can be told apart.

    Parameters
    ----------
    first, second : ndarray, shape (B, d, d)
    prior : float
        Probability of the first.

    Returns
    -------
    ndarray, shape (B,)
        ``(1 - || prior first - (1 - prior) second ||_1) / 2`` (C. W. Helstrom, Quantum Detection and
        Estimation Theory, 1976).

    Examples
    --------
    >>> up = density(coherent([1.0], 20))
    >>> helstrom_error(up, density(coherent([-1.0], 20))).round(6).tolist()
    [0.0046]
    """
    levels = np.linalg.eigvalsh(prior * first - (1 - prior) * second)
    return np.asarray(0.5 * (1 - np.abs(levels).sum(axis=1)))


def displacement_error(amplitudes: ArrayLike, displacements: ArrayLike, cutoff: int) -> Floats:
    """Return the error probability of a displacement, then a detector that tells light from none.

    No click means ``|-alpha>``. ``displacement = alpha`` is Kennedy's receiver (R. S. Kennedy, MIT RLE
    Quarterly Progress Report 108, 219 (1973)).

    Parameters
    ----------
    amplitudes, displacements : array_like, shape (B,)
        alpha and the amplitude added, both real.
    cutoff : int

    Returns
    -------
    ndarray, shape (B,)

    Examples
    --------
    >>> displacement_error([1.0], [1.0], 20).round(6).tolist()
    [0.009158]
    """
    alpha = np.atleast_1d(np.asarray(amplitudes, float))
    dark = [
        photon_numbers(density(displace(coherent(sign * alpha, cutoff), displacements)))[:, 0]
        for sign in (1, -1)
    ]
    return np.asarray(0.5 * (dark[0] + 1 - dark[1]))


def homodyne_error(amplitudes: ArrayLike, cutoff: int) -> Floats:
    """Return the error probability of the sign of a homodyne outcome, shape (B,)."""
    alpha = np.atleast_1d(np.asarray(amplitudes, float))
    up, down = (positive_probability(density(coherent(sign * alpha, cutoff))) for sign in (1, -1))
    return np.asarray(0.5 * (1 - up + down))


def best_displacement(amplitudes: ArrayLike) -> Floats:
    """Return the displacement beta with the least error: ``alpha = beta tanh(2 alpha beta)``, shape (B,).

    Source: M. Takeoka, M. Sasaki, Phys. Rev. A 78, 022320 (2008).

    Examples
    --------
    >>> best_displacement([1.0]).round(4).tolist()
    [1.0327]
    """
    alpha = np.atleast_1d(np.asarray(amplitudes, float))
    beta = np.maximum(alpha, np.sqrt(0.5))  # at most the solution, which is convex from here on
    for _ in range(50):
        slope = np.tanh(2 * alpha * beta)
        excess = beta * slope - alpha
        beta = beta - excess / (slope + 2 * alpha * beta * (1 - slope**2))
    return np.asarray(beta)


def closed_forms(amplitudes: ArrayLike) -> dict[str, Floats]:
    """Return each receiver's error probability without a cutoff, by its name.

    Examples
    --------
    >>> {name: round(float(error[0]), 6) for name, error in closed_forms([1.0]).items()}
    {'helstrom': 0.0046, 'kennedy': 0.009158, 'homodyne': 0.02275, 'best displacement': 0.008561}
    """
    alpha = np.atleast_1d(np.asarray(amplitudes, float))
    beta = best_displacement(alpha)
    overlap = np.exp(-4 * alpha**2)
    return {
        "helstrom": 0.5 * overlap / (1 + np.sqrt(1 - overlap)),
        "kennedy": 0.5 * overlap,
        "homodyne": np.asarray(0.5 * erfc(np.sqrt(2) * alpha)),
        "best displacement": 0.5 * (1 + np.exp(-((alpha + beta) ** 2)) - np.exp(-((beta - alpha) ** 2))),
    }
