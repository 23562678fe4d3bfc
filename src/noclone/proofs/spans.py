"""Signals written in an orthonormal basis of their span, as a declaration wants them.

Signals with few dimensions may be given in a large space (four coherent states as vectors of photon
numbers, say) or by their overlaps alone; a proof needs no more than the space that they span.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.protocols.declaration import ROUNDING, Signal

Array = NDArray[Any]


def spanned(signals: Mapping[str, Signal]) -> dict[str, Signal]:
    """Return the same signals with states in an orthonormal basis of their span.

    Overlaps are kept to rounding; probabilities, symbols and announcements are unchanged.

    Raises
    ------
    InvalidInput
        If the states do not have one dimension, or not length 1.

    Examples
    --------
    >>> pair = {str(i): Signal(0.5, np.eye(9)[i], i, "") for i in (0, 4)}
    >>> [len(signal.state) for signal in spanned(pair).values()]
    [2, 2]
    """
    if not isinstance(signals, Mapping) or not all(isinstance(each, Signal) for each in signals.values()):
        raise InvalidInput("signals", "must be a mapping of Signal by name")
    shapes = {signal.state.shape for signal in signals.values()}
    if len(shapes) != 1 or any(len(shape) != 1 for shape in shapes):
        raise InvalidInput("signals", f"must be vectors of one dimension, but have shapes {sorted(shapes)}")
    states = np.array([signal.state for signal in signals.values()])
    for name, state in zip(signals, states, strict=True):
        length = float(np.linalg.norm(state))
        if not abs(length - 1) <= ROUNDING:
            raise InvalidInput(f"signals[{name!r}].state", f"must have length 1, but has {length:.9g}")
    left, lengths, _ = np.linalg.svd(states, full_matrices=False)
    kept = lengths > ROUNDING
    short = left[:, kept] * lengths[kept]
    short /= np.linalg.norm(short, axis=1, keepdims=True) / np.linalg.norm(states, axis=1, keepdims=True)
    return {
        name: replace(signal, state=state)
        for (name, signal), state in zip(signals.items(), short, strict=True)
    }


def from_overlaps(overlaps: Array) -> Array:
    """Return state vectors with given inner products, in as few dimensions as they need.

    Parameters
    ----------
    overlaps : ndarray, shape (K, K)
        <phi_i|phi_j>; ones on the diagonal.

    Returns
    -------
    ndarray, shape (K, D)
        State i is row i.

    Raises
    ------
    InvalidInput
        If no states have these inner products.

    Examples
    --------
    >>> states = from_overlaps(np.array([[1, 0.6], [0.6, 1]]))
    >>> np.round(states.conj() @ states.T, 12).real.tolist()
    [[1.0, 0.6], [0.6, 1.0]]
    """
    try:
        overlaps = np.asarray(overlaps, complex)
    except (ValueError, TypeError) as error:
        raise InvalidInput("overlaps", f"must be a square matrix of finite numbers ({error})") from error
    if overlaps.ndim != 2 or overlaps.shape[0] != overlaps.shape[1] or not np.isfinite(overlaps).all():
        raise InvalidInput("overlaps", f"must be a square matrix of finite numbers, not {overlaps.shape}")
    gap = float(np.abs(overlaps - overlaps.conj().T).max())
    if gap > ROUNDING:
        raise InvalidInput("overlaps", f"must be Hermitian, but differ from the adjoint by up to {gap:.3g}")
    off = float(np.abs(np.diag(overlaps) - 1).max())
    if off > ROUNDING:
        raise InvalidInput("overlaps", f"must be 1 on the diagonal, but one is off by {off:.3g}")
    levels, vectors = np.linalg.eigh(overlaps)
    if levels[0] < -ROUNDING:
        raise InvalidInput("overlaps", f"belong to no states: the matrix has the eigenvalue {levels[0]:.3g}")
    kept = levels > ROUNDING
    states = vectors[:, kept].conj() * np.sqrt(levels[kept])
    unit: Array = states / np.linalg.norm(states, axis=1, keepdims=True)
    return unit
