"""Systems of d levels: their operators and bases, and batched states of several of them.

Operators are matrices of shape (d, d), or (d**2, d**2) on two qudits, the first one most significant. States
have shape (B, d**n); qudit 0 is the most significant digit of a basis state's index.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import whole

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def weyl(dimension: int, shift: int, clock: int) -> Complex:
    """Return the Weyl-Heisenberg operator ``X**shift Z**clock``.

    X sends level j to j + 1 modulo d; Z multiplies level j by ``exp(2 pi i j / d)``. For d = 2 they are the
    Pauli matrices X and Z.

    Examples
    --------
    >>> weyl(3, 1, 0).real.tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    levels = _levels(dimension)
    phases = np.exp(2j * np.pi * clock * levels / dimension)
    return np.asarray(np.roll(np.diag(phases), shift, axis=0))


def fourier(dimension: int) -> Complex:
    """Return the Fourier transform, ``F[j, k] = exp(2 pi i j k / d) / sqrt(d)``; for d = 2 the Hadamard gate.

    Examples
    --------
    >>> bool(np.allclose(fourier(3) @ weyl(3, 1, 0) @ fourier(3).conj().T, weyl(3, 0, 1)))
    True
    """
    levels = _levels(dimension)
    return np.asarray(np.exp(2j * np.pi * np.outer(levels, levels) / dimension) / np.sqrt(dimension))


def controlled_shift(dimension: int) -> Complex:
    """Return the two-qudit gate that sends (j, k) to (j, k + j modulo d); for d = 2 the CNOT.

    Examples
    --------
    >>> controlled_shift(2).real.astype(int).tolist()
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    """
    start, added = np.divmod(np.arange(len(_levels(dimension)) ** 2), dimension)
    gate = np.zeros((dimension**2, dimension**2), complex)
    gate[start * dimension + (added + start) % dimension, np.arange(dimension**2)] = 1
    return gate


def mutually_unbiased_bases(dimension: int) -> Complex:
    """Return d + 1 bases of which any two are unbiased, for prime d.

    Parameters
    ----------
    dimension : int
        A prime number.

    Returns
    -------
    ndarray of complex, shape (d + 1, d, d)
        ``[b, :, k]`` is state k of basis b: the levels themselves, then the eigenbases of ``X Z**c`` for
        c = 0 to d - 1 (W. K. Wootters, B. D. Fields, Ann. Phys. 191, 363 (1989)); for d = 2 those of Z, X
        and Y.

    Raises
    ------
    InvalidInput
        If d is not a prime number.

    Examples
    --------
    >>> bases = mutually_unbiased_bases(3)
    >>> (np.abs(bases[1].conj().T @ bases[3]) ** 2).round(6).tolist()[0]
    [0.333333, 0.333333, 0.333333]
    """
    levels = _levels(dimension)
    if any(dimension % factor == 0 for factor in range(2, int(np.sqrt(dimension)) + 1)):
        raise InvalidInput("dimension", f"must be a prime number, but is {dimension}")
    if dimension == 2:
        turns = np.array([[1, 1], [1, 1j]])
    else:
        turns = np.exp(2j * np.pi * np.outer(levels, levels * (levels - 1) // 2) / dimension)
    others = turns[:, :, None] * fourier(dimension).conj()
    return np.concatenate([np.eye(dimension)[None], others])


def basis_states(digits: ArrayLike, dimension: int) -> Complex:
    """Return states in which every qudit is in a known level.

    Parameters
    ----------
    digits : array_like of int, shape (B, n)
        The level of each qudit.
    dimension : int

    Returns
    -------
    ndarray of complex, shape (B, dimension**n)

    Raises
    ------
    InvalidInput
        A level that is not there.
    """
    levels = np.asarray(digits)
    if levels.ndim != 2 or not np.all((levels >= 0) & (levels < len(_levels(dimension)))):
        raise InvalidInput("digits", f"must have shape (samples, qudits) and be from 0 to {dimension - 1}")
    count = levels.shape[1]
    states = np.zeros((len(levels), dimension**count), complex)
    states[np.arange(len(levels)), levels @ dimension ** np.arange(count)[::-1]] = 1
    return states


def apply(states: Complex, matrix: Complex, wires: tuple[int, ...], dimension: int) -> Complex:
    """Apply a matrix to some qudits of each state.

    Parameters
    ----------
    states : ndarray, shape (B, dimension**n)
    matrix : ndarray, shape (dimension**len(wires),) * 2
    wires : tuple of int
        The qudits, the most significant of the matrix first.
    dimension : int

    Returns
    -------
    ndarray, shape (B, dimension**n)

    Examples
    --------
    >>> start = apply(basis_states([[0, 0]], 3), fourier(3), (0,), 3)
    >>> pair = apply(start, controlled_shift(3), (0, 1), 3)
    >>> (np.abs(pair[0]) ** 2).round(3).tolist()
    [0.333, 0.0, 0.0, 0.0, 0.333, 0.0, 0.0, 0.0, 0.333]
    """
    places = [1 + wire for wire in wires]
    shaped = _shaped(states, dimension)
    front = np.moveaxis(shaped, places, range(1, 1 + len(wires)))
    turned = matrix @ front.reshape(len(states), len(matrix), -1)
    out = np.moveaxis(turned.reshape(front.shape), range(1, 1 + len(wires)), places)
    return np.ascontiguousarray(out).reshape(states.shape)


def probabilities(states: Complex, wires: tuple[int, ...], dimension: int) -> Floats:
    """Return the probabilities of the levels of some qudits, in the order of `wires`.

    Returns
    -------
    ndarray, shape (B, dimension**len(wires))
        To measure in another basis, first `apply` its conjugate transpose.
    """
    weights = np.abs(_shaped(states, dimension)) ** 2
    front = np.moveaxis(weights, [1 + wire for wire in wires], range(1, 1 + len(wires)))
    return np.asarray(front.reshape(len(states), dimension ** len(wires), -1).sum(axis=2))


def _levels(dimension: int) -> NDArray[np.int64]:
    return np.arange(whole("dimension", dimension, 2))


def _shaped(states: Complex, dimension: int) -> Complex:
    count = round(np.log(states.shape[1]) / np.log(dimension))
    return states.reshape(len(states), *(dimension,) * count)
