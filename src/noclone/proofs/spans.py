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
        If the states do not have one dimension.

    Examples
    --------
    >>> pair = {str(i): Signal(0.5, np.eye(9)[i], i, "") for i in (0, 4)}
    >>> [len(signal.state) for signal in spanned(pair).values()]
    [2, 2]
    """
    shapes = {np.shape(signal.state) for signal in signals.values()}
    if len(shapes) != 1:
        raise InvalidInput("signals", f"must all have one dimension, but have {sorted(shapes)}")
    states = np.array([signal.state for signal in signals.values()], complex)
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
    overlaps = np.asarray(overlaps, complex)
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
