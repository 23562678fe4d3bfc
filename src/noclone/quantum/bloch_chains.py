"""Rotations of Bloch vectors, one after the other on a qubit, multiplied out for each sample; and back.

A derivative by such a product comes as a torque: three derivatives, by a small rotation about each axis after
it. Turned back through the rotations, its component along each one's axis is the derivative by its angle.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int64]

CONSTANT = 0
"""What an element of a chain is; else the axis of a rotation, 2 for Y and 3 for Z."""


class Chains(NamedTuple):
    """Rotations of Bloch vectors: slot k is the product of elements ``heads[k]`` to ``heads[k + 1] - 1``.

    Attributes
    ----------
    heads : ndarray of int, shape (slots + 1,)
    kinds : ndarray of int, shape (elements,)
        `CONSTANT`, or the axis of a rotation.
    places : ndarray of int, shape (elements,)
        Which of `constants`, or which angle.
    constants : ndarray, shape (constants, 3, 3)
    """

    heads: Whole
    kinds: Whole
    places: Whole
    constants: NDArray[np.float64]


@njit(cache=True, nogil=True)
def compose(cosines: Floats, sines: Floats, chains: Chains, lanes: int, spins: Floats) -> None:
    """Multiply the chains out for each sample.

    Parameters
    ----------
    cosines, sines : ndarray, shape (samples, angles)
    chains : Chains
    lanes : int
    spins : ndarray, shape (samples / lanes, slots, 9 * lanes)
        For the result, row by row of a matrix, lanes innermost.
    """
    new = np.empty((3, 3))
    for sample in range(len(cosines)):
        for slot in range(len(chains.heads) - 1):
            matrix = np.eye(3)
            for element in range(chains.heads[slot], chains.heads[slot + 1]):
                kind, place = chains.kinds[element], chains.places[element]
                if kind == CONSTANT:
                    constant = chains.constants[place]
                    for i in range(3):
                        for j in range(3):
                            new[i, j] = (
                                constant[i, 0] * matrix[0, j]
                                + constant[i, 1] * matrix[1, j]
                                + constant[i, 2] * matrix[2, j]
                            )
                    matrix[:] = new
                else:
                    c, s = cosines[sample, place], sines[sample, place]
                    i, j = (2, 0) if kind == 2 else (0, 1)  # from the first axis towards the second
                    for k in range(3):
                        a, b = matrix[i, k], matrix[j, k]
                        matrix[i, k], matrix[j, k] = c * a - s * b, c * b + s * a
            for k in range(9):
                spins[sample // lanes, slot, k * lanes + sample % lanes] = matrix[k // 3, k % 3]


@njit(cache=True, nogil=True)
def unwind(
    torques: Floats, cosines: Floats, sines: Floats, chains: Chains, lanes: int, slopes: Floats
) -> None:
    """Turn the derivatives by a small rotation after each slot into derivatives by its angles.

    Parameters
    ----------
    torques : ndarray, shape (samples / lanes, slots, 3 * lanes)
        By axis.
    cosines, sines, chains, lanes
        As for `compose`.
    slopes : ndarray, shape (samples, angles)
        Added to.
    """
    torque, new = np.empty(3), np.empty(3)
    for sample in range(len(cosines)):
        for slot in range(len(chains.heads) - 1):
            for k in range(3):
                torque[k] = torques[sample // lanes, slot, k * lanes + sample % lanes]
            for element in range(chains.heads[slot + 1] - 1, chains.heads[slot] - 1, -1):
                kind, place = chains.kinds[element], chains.places[element]
                if kind == CONSTANT:
                    constant = chains.constants[place]
                    for k in range(3):
                        new[k] = (
                            constant[0, k] * torque[0]
                            + constant[1, k] * torque[1]
                            + constant[2, k] * torque[2]
                        )
                    torque[:] = new
                else:
                    slopes[sample, place] += torque[kind - 1]
                    c, s = cosines[sample, place], sines[sample, place]
                    i, j = (2, 0) if kind == 2 else (0, 1)
                    a, b = torque[i], torque[j]
                    torque[i], torque[j] = c * a + s * b, c * b - s * a
