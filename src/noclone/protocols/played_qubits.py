"""Qubits played one by one: pairs as amplitudes under noise and measurements, and what detectors record.

Pairs are arrays of shape (N, 2, 2) with axes round, first qubit, second qubit; all amplitudes are real.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from noclone.link import ThresholdDetectors
from noclone.protocols.pulse_trains import recorded

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]


def product(first: Floats, second: Floats) -> Floats:
    """Return the pairs of qubits with these amplitudes, each of shape (N, 2).

    Examples
    --------
    >>> product(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])).tolist()
    [[[0.0, 1.0], [0.0, 0.0]]]
    """
    return first[:, :, None] * second[:, None, :]


def depolarised(states: Floats, qubit: int, prob: float, rng: np.random.Generator) -> Floats:
    """Return the pairs after one qubit (0 or 1) has met, with a probability, a random Pauli operator or none.

    Examples
    --------
    >>> pair = product(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]))
    >>> bool(np.all(depolarised(pair, 0, 0.0, np.random.default_rng(1)) == pair))
    True
    """
    turned = np.swapaxes(states, 1, qubit + 1).copy()
    struck = np.flatnonzero(rng.random(len(states)) < prob)
    flip, sign = rng.integers(0, 2, (2, len(struck)))
    part = turned[struck]
    part = np.where(flip[:, None, None] == 1, part[:, ::-1, :], part)
    part[:, 1, :] *= (1 - 2 * sign)[:, None]
    turned[struck] = part
    return np.swapaxes(turned, 1, qubit + 1)


def measured_z(states: Floats, qubit: int, where: Bools, rng: np.random.Generator) -> tuple[Floats, Integers]:
    """Return the pairs after Z was measured on one qubit (0 or 1) of some of them, and the results, else 0.

    Examples
    --------
    >>> bell = np.eye(2)[None] * 0.5**0.5
    >>> after, bit = measured_z(bell, 0, np.array([True]), np.random.default_rng(1))
    >>> bool(after[0, bit[0], bit[0]].round(12) == 1)
    True
    """
    turned = np.swapaxes(states, 1, qubit + 1)
    one = np.sum(turned[:, 1, :] ** 2, axis=1)
    bit = ((rng.random(len(states)) < one) & where).astype(np.int64)
    after = np.where(where[:, None, None] & (np.arange(2) != bit[:, None])[:, :, None], 0.0, turned)
    after = after / np.sqrt(np.sum(after**2, axis=(1, 2), keepdims=True))
    return np.swapaxes(after, 1, qubit + 1), bit


def bell_measured(states: Floats, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Return the results of a complete Bell measurement: whether it is a Psi, and whether its sign is minus.

    Examples
    --------
    >>> [each.tolist() for each in bell_measured(np.eye(2)[None] * 0.5**0.5, np.random.default_rng(1))]
    [[0], [0]]
    """
    amplitudes = np.stack(
        [
            states[:, 0, 0] + states[:, 1, 1],
            states[:, 0, 0] - states[:, 1, 1],
            states[:, 0, 1] + states[:, 1, 0],
            states[:, 0, 1] - states[:, 1, 0],
        ]
    )
    below = np.cumsum(0.5 * amplitudes**2, axis=0)
    which = np.sum(rng.random(len(states)) * below[-1] > below[:-1], axis=0)
    return which // 2, which % 2


def seen(
    detectors: ThresholdDetectors, there: Bools, value: Integers, rng: np.random.Generator
) -> tuple[Bools, Integers]:
    """Return whether a photon of this value, or the dark, made the two detectors click, and the bit recorded.

    Examples
    --------
    >>> perfect = ThresholdDetectors(efficiency=1)
    >>> rng = np.random.default_rng(1)
    >>> clicked, bit = seen(perfect, np.array([True, False]), np.array([1, 1]), rng)
    >>> clicked.tolist(), int(bit[0])
    ([True, False], 1)
    """
    size = len(value)
    caught = there & (rng.random(size) < detectors.efficiency)
    zero, one = (
        (caught & (value == each)) + (rng.random(size) < detectors.dark_count_prob) for each in (0, 1)
    )
    return recorded((zero, one), rng)
