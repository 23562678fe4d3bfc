"""Coherent states of equal amplitudes and equally spaced phases, as vectors of their span and of photons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Array = NDArray[Any]
Floats = NDArray[np.float64]

MOST_TERMS = 400
"""Of the Poisson distribution; enough for 150 photons on average, beyond any proof's reach."""


def ring(amplitude: float, count: int, offset_rad: float = 0.0) -> Array:
    """Return the amplitudes of phase-shift keying, shape (M,): amplitude exp(i (2 pi k / M + offset)).

    Examples
    --------
    >>> ring(0.5, 4).round(12).tolist()
    [(0.5+0j), 0.5j, (-0.5+0j), (-0-0.5j)]
    """
    found: Array = amplitude * np.exp(1j * (2 * np.pi * np.arange(count) / count + offset_rad))
    return found


def ring_states(amplitude: float, count: int, offset_rad: float = 0.0) -> Array:
    """Return the states of phase-shift keying in an orthonormal basis of their span, shape (M, M).

    Basis vector n holds n, n + M, n + 2 M, ... photons, so that state k has the component
    sqrt(c_n) exp(i n theta_k) there; c_n is how often a Poisson distribution gives n modulo M.

    Examples
    --------
    >>> states = ring_states(0.5, 4)
    >>> overlap = states[0].conj() @ states[1]
    >>> bool(abs(overlap - np.exp(-0.25 * (1 - 1j))) < 1e-15)
    True
    """
    number = np.arange(MOST_TERMS)
    poisson = np.exp(2 * number * np.log(amplitude) - amplitude**2 - gammaln(number + 1))
    classes = np.array([poisson[n::count].sum() for n in range(count)])
    share = classes / classes.sum()
    phases = 2 * np.pi * np.arange(count) / count + offset_rad
    found: Array = np.sqrt(share) * np.exp(1j * np.outer(phases, np.arange(count)))
    return found


def photon_amplitudes(points: ArrayLike, size: int) -> Array:
    """Return <n|alpha> for n below `size`, shape (K, size).

    Examples
    --------
    >>> float(np.round(np.abs(photon_amplitudes([1j], 30)[0] ** 2).sum(), 12))
    1.0
    """
    number = np.arange(size)
    column = np.asarray(points, complex)[:, None]
    steps = np.where(number, column / np.sqrt(np.maximum(number, 1)), 1)
    found: Array = np.exp(-(np.abs(column) ** 2) / 2) * np.cumprod(steps, axis=1)
    return found
