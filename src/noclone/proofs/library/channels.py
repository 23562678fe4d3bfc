"""Channels as functions of density matrices: what statistics are modelled with.

Each takes a matrix of Bob's (or Alice's emitted) space and returns one; all are linear, so that they may be
applied to any matrix and composed. A proof relies on none of them: they only say what would be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite
from noclone.protocols.declaration import depolarising

Array = NDArray[Any]
Channel = Callable[[Array], Array]


def symmetric_errors(qber: float, dimension: int = 2) -> Channel:
    """Return the depolarising channel with this error rate in every basis of a d-dimensional space.

    Raises
    ------
    InvalidInput
        If the error rate is not between 0 and (d-1)/d.

    Examples
    --------
    >>> symmetric_errors(0.05)(np.diag([1.0, 0.0])).real.round(12).tolist()
    [[0.95, 0.0], [0.0, 0.05]]
    """
    most = (dimension - 1) / dimension
    _check("qber", qber, most)
    return depolarising(qber / most)


def dephasing(prob: float) -> Channel:
    """Return the channel that destroys all coherence between the basis states with this probability.

    Examples
    --------
    >>> dephasing(0.2)(np.full((2, 2), 0.5)).round(12).tolist()
    [[0.5, 0.4], [0.4, 0.5]]
    """
    _check("dephasing", prob, 1)

    def channel(state: Array) -> Array:
        return (1 - prob) * state + prob * np.diag(np.diag(state))

    return channel


def amplitude_damping(prob: float) -> Channel:
    """Return the channel that turns a qubit's state 1 into 0 with this probability.

    Examples
    --------
    >>> amplitude_damping(0.3)(np.diag([0.0, 1.0])).round(12).tolist()
    [[0.3, 0.0], [0.0, 0.7]]
    """
    _check("amplitude_damping", prob, 1)
    kraus = (np.diag([1.0, np.sqrt(1 - prob)]), np.array([[0.0, np.sqrt(prob)], [0.0, 0.0]]))

    def channel(state: Array) -> Array:
        _check_qubit("amplitude_damping", state)
        total: Array = sum(each @ state @ each.T for each in kraus)
        return total

    return channel


def rotation(angle_rad: float) -> Channel:
    """Return the rotation of a qubit's Bloch vector by an angle about the axis y: misalignment in Z and X.

    Examples
    --------
    >>> rotation(np.pi / 2)(np.diag([1.0, 0.0])).round(12).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    if isinstance(angle_rad, bool) or not isinstance(angle_rad, int | float) or not np.isfinite(angle_rad):
        raise InvalidInput("rotation", f"must be a finite angle in radians, but is {angle_rad!r}")
    c, s = np.cos(angle_rad / 2), np.sin(angle_rad / 2)
    turn = np.array([[c, -s], [s, c]])

    def channel(state: Array) -> Array:
        _check_qubit("rotation", state)
        turned: Array = turn @ state @ turn.T
        return turned

    return channel


def composed(*channels: Channel) -> Channel:
    """Return channels one after the other, the first one first.

    Examples
    --------
    >>> both = composed(dephasing(1.0), rotation(np.pi / 2))
    >>> both(np.full((2, 2), 0.5)).round(12).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """

    def channel(state: Array) -> Array:
        for each in channels:
            state = each(state)
        return state

    return channel


def fitting(channel: Channel, dimensions: tuple[int, int]) -> Channel:
    """Return a channel that refuses what does not lead between spaces of these dimensions.

    Raises
    ------
    InvalidInput
        Here, if it is no function; when it is called, if it fails, or gives no matrix of Bob's space.

    Examples
    --------
    >>> fitting(dephasing(0.2), (2, 3))(np.eye(2))
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: channel must lead from 2 to 3 dimensions, but gives the shape (2, 2).
    """
    if not callable(channel):
        raise InvalidInput("channel", f"must be a function of density matrices, but is {channel!r}")
    size, other = dimensions

    def checked(state: Array) -> Array:
        try:
            arrived = np.asarray(channel(state))
        except InvalidInput:
            raise
        except (ValueError, TypeError, IndexError) as error:
            raise InvalidInput("channel", f"fails on a {size} x {size} matrix ({error})") from error
        if arrived.dtype.kind not in "iufc":
            raise InvalidInput("channel", f"must give a matrix of numbers, but gives {arrived.dtype}")
        if arrived.shape != (other, other):
            raise InvalidInput(
                "channel",
                f"must lead from {size} to {other} dimensions, but gives the shape {arrived.shape}",
            )
        if not np.isfinite(arrived).all():
            raise InvalidInput("channel", "must give finite numbers")
        return arrived

    return checked


def choi(channel: Channel, dimension: int) -> Array:
    """Return the Choi operator sum_ij |i><j| x channel(|i><j|), shape (D d, D d), for a problem's variable.

    Examples
    --------
    >>> choi(dephasing(1.0), 2).real.tolist() == np.diag([1.0, 0.0, 0.0, 1.0]).tolist()
    True
    """
    unit = np.eye(dimension, dtype=complex)
    rows = [[channel(np.outer(a, b)) for b in unit] for a in unit]
    found: Array = np.block(rows)
    return found


QUBIT_CHANNELS: dict[str, Callable[[float], Channel]] = {
    "rotation": rotation,
    "amplitude_damping": amplitude_damping,
    "dephasing": dephasing,
    "depolarising": depolarising,
}
"""Channels of one number by name, in the order in which they are applied where several are asked for."""


def _check(name: str, value: float, most: float) -> None:
    if not 0 <= finite(name, value) <= most:
        raise InvalidInput(name, f"must lie in [0, {most:.6g}], but is {value}")


def _check_qubit(name: str, state: Array) -> None:
    if state.shape != (2, 2):
        raise InvalidInput(name, f"acts on qubits, but the space has dimension {len(state)}")
