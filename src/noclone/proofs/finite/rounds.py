r"""What one round of a declared protocol discloses, and how secret its key symbol is in Renyi entropy.

With prob. t a round is disclosed wholly; so is every round in which Alice announces what never gives key.
All other rounds count as one event, "key". For the operator X of the channel the disclosed event c has the
probability p_c = <tests_c, X>, and the key rounds get the number

.. math:: p_\mathrm{key}(X) = \langle R, X \rangle + \sum_c \theta_c(X), \quad
          \theta_c(X) = \mathrm{tr} \Big[ \big( X^{1/2} \sum_r K_r^\dagger (K_r X K_r^\dagger)^{\alpha - 1}
          K_r X^{1/2} \big)^{1/\alpha} \Big],

R the operator of rounds that are discarded and K_r a factor of M_cr. theta is p_c 2^{(1-alpha)/alpha H_c}
with the Petz entropy H_c of the symbol given Eve and announcement c, optimised over Eve's state, which is at
most the sandwiched one: by duality it is the sandwiched relative entropy of order 1/alpha between the
pinched and unpinched operators. For 1 < alpha <= 2 each theta is concave and homogeneous in X.

References: Tomamichel, Berta, Hayashi, J. Math. Phys. 55, 082206 (2014), theorem 2 (duality); Frank, Lieb,
J. Math. Phys. 54, 122201 (2013) (concavity for orders in [1/2, 1)); arXiv:2511.10584 uses the same function
as its faster cone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.proofs.objective import factor
from noclone.proofs.observations import Event, Observations
from noclone.proofs.problem import Array, Problem, problem
from noclone.protocols.declaration import Declaration, Symmetry

Floats = NDArray[np.float64]

KEY = "key"
"""The event that a round is not disclosed."""
ROUNDING = 1e-16
"""Eigenvalues below this share of the largest cannot be told from errors of rounding."""


@dataclass(frozen=True, eq=False)
class Group:
    """The key symbols under one announcement, on the space that they act on.

    Attributes
    ----------
    rows : ndarray, shape (k, n)
        F with F^dagger F = M_c.
    symbols : tuple of ndarray, shape (k_r, k)
        K_r F^+ of each symbol.
    """

    rows: Array
    symbols: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class Rounds:
    """What rounds disclose.

    Attributes
    ----------
    events : tuple of tuple of str
        (label of the signal, label of the outcome) of each disclosed event, or what stands for several.
    tests : ndarray, shape (k, n, n)
        Their operators.
    rest : ndarray, shape (n, n)
        Of rounds that are neither disclosed nor give key.
    groups : tuple of Group
        Of the rounds that give key, by announcement.
    certain : Problem
        What holds of every channel, observations left out; its key is that of the rounds not disclosed.
    symmetries : tuple of Symmetry
        Of the protocol; those of what is disclosed may be fewer.
    """

    events: tuple[Event, ...]
    tests: Array
    rest: Array
    groups: tuple[Group, ...]
    certain: Problem
    symmetries: tuple[Symmetry, ...]


def rounds(
    declared: Declaration, test_share: float = 0.0, merged: Mapping[Event, Event] | None = None
) -> Rounds:
    """Return what a round of a declared protocol discloses.

    Parameters
    ----------
    declared : Declaration
    test_share : float
        t, for the rounds that may give key.
    merged : mapping, optional
        Events that are counted as another one, which may be given any two labels; all others as themselves.

    Raises
    ------
    InvalidInput
        If no round would be disclosed.

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> found = rounds(bb84_declaration(0.9, "z"))
    >>> len(found.events), len(found.groups), round(float(found.rest[0, 0].real), 9)
    (8, 1, 0.045)
    """
    if not 0 <= test_share < 1:
        raise InvalidInput("test_share", f"must lie in [0, 1), but is {test_share}")
    keyed = {said for said, _ in declared.bits}
    size = declared.dimensions[0] * declared.dimensions[1]
    tests: dict[Event, Array] = {}
    rest: Array = np.zeros((size, size), complex)
    for sent, signal in declared.signals.items():
        share = test_share if signal.announced in keyed else 1.0
        for seen, outcome in declared.outcomes.items():
            operator = np.kron(signal.operator, outcome.element).astype(complex)
            if share:
                event = (merged or {}).get((sent, seen), (sent, seen))
                tests[event] = tests.get(event, 0) + share * operator
            if declared.symbols(sent, seen) is None:
                rest += (1 - share) * operator
    if not tests:
        raise InvalidInput("test_share", "must be positive where every announcement can give key")
    certain = problem(declared, Observations(()))
    key = tuple(tuple((1 - test_share) * each for each in symbols) for symbols in certain.key)
    groups = []
    for symbols in key:
        rows = factor(np.sum(symbols, axis=0))
        inverse = np.linalg.pinv(rows)
        groups.append(Group(rows, tuple(_root(each) @ inverse for each in symbols)))
    return Rounds(
        tuple(tests),
        np.array(list(tests.values())),
        rest,
        tuple(groups),
        replace(certain, key=key),
        declared.symmetries,
    )


def _root(operator: Array) -> Array:
    """Return K with K^dagger K = M, nothing left out."""
    levels, vectors = np.linalg.eigh(operator)
    found: Array = (vectors * np.sqrt(np.maximum(levels, 0))).conj().T
    return found


def numbers(found: Rounds, point: Array, alpha: float) -> tuple[Floats, Array]:
    """Return p_c of every disclosed event and of "key" last, and their gradients.

    Parameters
    ----------
    found : Rounds
    point : ndarray, shape (n, n)
        X, positive definite.
    alpha : float
        Order in (1, 2].

    Returns
    -------
    values : ndarray, shape (k + 1,)
    gradients : ndarray, shape (k + 1, n, n)

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> z_only = rounds(bb84_declaration(0.9, "z"))
    >>> identity = np.eye(2).reshape(4, 1)
    >>> noiseless = identity @ identity.T + 1e-13 * np.eye(4)
    >>> values, _ = numbers(z_only, noiseless, 1.5)
    >>> round(float(values[-1]), 5), round(0.09 + 0.81 * 2 ** (-0.5 / 1.5), 5)
    (0.7329, 0.7329)
    """
    values = np.einsum("kij,ji->k", found.tests, point).real
    total = float(np.trace(found.rest @ point).real)
    slope: Array = found.rest.copy()
    for group in found.groups:
        one, gradient = _theta(group.symbols, group.rows @ point @ group.rows.conj().T, alpha)
        total += one
        slope += group.rows.conj().T @ gradient @ group.rows
    return np.append(values, total), np.concatenate([found.tests, slope[None]])


def _theta(symbols: tuple[Array, ...], point: Array, alpha: float) -> tuple[float, Array]:
    """Return theta and its gradient at a positive definite operator.

    With the operators rho_r = X^(1/2) K_r^dagger K_r X^(1/2), which are what Eve holds for each symbol, theta
    is tr (sum_r rho_r^alpha)^(1/alpha). Changes of X are taken as X^(1/2) (1 + S) X^(1/2), so that no small
    eigenvalue of rho_r is divided by.
    """
    order = 1 / alpha
    levels, vectors = np.linalg.eigh(point)
    lengths = np.sqrt(np.maximum(levels, ROUNDING * levels[-1]))
    spectra = []
    total = np.zeros_like(point, complex)
    for rows in symbols:
        _, singular, axes = np.linalg.svd(rows @ vectors * lengths)
        heights = np.zeros(len(axes))
        heights[: len(singular)] = singular**2
        spectra.append((heights, axes))
        total += (axes.conj().T * heights**alpha) @ axes
    heights, basis = np.linalg.eigh(total)
    heights = np.maximum(heights, ROUNDING * heights[-1])
    value = float(np.sum(heights**order))
    change = (basis * heights ** (order - 1)) @ basis.conj().T
    gradient = np.zeros_like(total)
    for heights, axes in spectra:
        means = np.add.outer(heights, heights) / 2
        weighted = axes @ change @ axes.conj().T * _divided(heights, alpha) * means
        gradient += order * axes.conj().T @ weighted @ axes
    inverse = (vectors / lengths).conj().T
    gradient = inverse.conj().T @ gradient @ inverse
    return value, (gradient + gradient.conj().T) / 2


def _divided(levels: Floats, exponent: float) -> Floats:
    """Return (a^s - b^s) / (a - b) for all pairs, exact also for close pairs; s is above 1."""
    big, small = np.maximum.outer(levels, levels), np.minimum.outer(levels, levels)
    safe = np.where(small > 0, small, 1.0)
    gap = (big - small) / safe
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        slopes = safe ** (exponent - 1) * np.expm1(exponent * np.log1p(gap)) / gap
        slopes = np.where(gap > 0, slopes, exponent * safe ** (exponent - 1))
    far = big ** (exponent - 1)
    found: Floats = np.where(small > 1e-9 * big, slopes, far * (1 + small / np.where(big > 0, big, 1.0)))
    return found
