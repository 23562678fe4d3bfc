"""Operators of one mode on its states of fewer than `size` photons; quadratures in shot-noise units."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[Any]


def moment_operators(size: int) -> dict[str, Array]:
    """Return both quadratures, the photon number and both second moments that tell quadratures apart.

    q = a + a^dagger and p = -i (a - a^dagger) have variance 1 in the vacuum. All are projections of the
    operators onto the states of fewer than `size` photons.

    Examples
    --------
    >>> operators = moment_operators(3)
    >>> sorted(operators)
    ['n', 'p', 'q', 'qp+pq', 'q²-p²']
    >>> operators["q²-p²"].real.round(3).tolist()
    [[0.0, 0.0, 2.828], [0.0, 0.0, 0.0], [2.828, 0.0, 0.0]]
    """
    lower = np.diag(np.sqrt(np.arange(1, size)), 1).astype(complex)
    raised, twice = lower.conj().T, lower @ lower
    return {
        "q": lower + raised,
        "p": -1j * (lower - raised),
        "n": np.diag(np.arange(size)).astype(complex),
        "q²-p²": 2 * (twice + twice.conj().T),
        "qp+pq": -2j * (twice - twice.conj().T),
    }


def rotation(size: int, angle_rad: float) -> Array:
    """Return the unitary that turns a coherent state alpha into alpha exp(i angle).

    Examples
    --------
    >>> rotation(3, np.pi).real.round(12).diagonal().tolist()
    [1.0, -1.0, 1.0]
    """
    found: Array = np.diag(np.exp(1j * angle_rad * np.arange(size)))
    return found


def behind_loss(operator: Array, transmittance: float) -> Array:
    """Return the operator that measures before a loss what `operator` measures behind it.

    Loss only lowers photon numbers, so that the result is exact in the same truncated space.

    Parameters
    ----------
    operator : ndarray, shape (size, size)
    transmittance : float
        Above 0, at most 1.

    Examples
    --------
    >>> number = np.diag(np.arange(4.0))
    >>> behind_loss(number, 0.5).diagonal().real.round(12).tolist()
    [0.0, 0.5, 1.0, 1.5]
    """
    size = len(operator)
    if transmittance == 1:
        return operator
    number = np.arange(size)
    total = np.zeros((size, size), complex)
    for lost in range(size):
        left = number[: size - lost]
        log = gammaln(left + lost + 1) - gammaln(left + 1) - gammaln(lost + 1)
        log = log + left * np.log(transmittance) + lost * np.log1p(-transmittance)
        weight = np.exp(log / 2)
        total[lost:, lost:] += np.outer(weight, weight) * operator[: size - lost, : size - lost]
    return total
