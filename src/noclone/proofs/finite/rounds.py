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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.proofs.objective import factor
from noclone.proofs.observations import Observations
from noclone.proofs.problem import Array, Problem, key_operators, problem
from noclone.protocols.declaration import Declaration

Floats = NDArray[np.float64]

KEY = "key"
"""The event that a round is not disclosed."""


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
        (label of the signal, label of the outcome) of each disclosed event.
    tests : ndarray, shape (k, n, n)
        Their operators.
    rest : ndarray, shape (n, n)
        Of rounds that are neither disclosed nor give key.
    groups : tuple of Group
        Of the rounds that give key, by announcement.
    certain : Problem
        What holds of every channel, observations left out.
    """

    events: tuple[tuple[str, str], ...]
    tests: Array
    rest: Array
    groups: tuple[Group, ...]
    certain: Problem


def rounds(declared: Declaration, test_share: float = 0.0) -> Rounds:
    """Return what a round of a declared protocol discloses.

    Parameters
    ----------
    declared : Declaration
    test_share : float
        t, for the rounds that may give key.

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
    events, tests = [], []
    rest: Array = np.zeros(2 * (declared.dimensions[0] * declared.dimensions[1],), complex)
    for sent, signal in declared.signals.items():
        share = test_share if signal.announced in keyed else 1.0
        for seen, outcome in declared.outcomes.items():
            operator = np.kron(signal.operator, outcome.element).astype(complex)
            if share:
                events.append((sent, seen))
                tests.append(share * operator)
            if declared.symbols(sent, seen) is None:
                rest += (1 - share) * operator
    if not events:
        raise InvalidInput("test_share", "must be positive where every announcement can give key")
    groups = []
    for symbols in key_operators(declared):
        rows = factor((1 - test_share) * np.sum(symbols, axis=0))
        inverse = np.linalg.pinv(rows)
        kept = (factor((1 - test_share) * each) @ inverse for each in symbols)
        groups.append(Group(rows, tuple(kept)))
    certain = problem(declared, Observations(()))
    return Rounds(tuple(events), np.array(tests), rest, tuple(groups), certain)


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
    slope = found.rest.copy()
    for group in found.groups:
        one, gradient = _theta(group.symbols, group.rows @ point @ group.rows.conj().T, alpha)
        total += one
        slope += group.rows.conj().T @ gradient @ group.rows
    return np.append(values, total), np.concatenate([found.tests, slope[None]])


def _theta(symbols: tuple[Array, ...], point: Array, alpha: float) -> tuple[float, Array]:
    """Return theta and its gradient at a positive definite operator."""
    order, exponent = 1 / alpha, alpha - 1
    levels, vectors = np.linalg.eigh(point)
    root = (vectors * np.sqrt(np.maximum(levels, 0))) @ vectors.conj().T
    spectra = [np.linalg.eigh(rows @ point @ rows.conj().T) for rows in symbols]
    middle = np.zeros_like(point)
    for rows, (heights, basis) in zip(symbols, spectra, strict=True):
        side = rows.conj().T @ basis
        middle += (side * np.maximum(heights, 1e-300) ** exponent) @ side.conj().T
    heights, basis = np.linalg.eigh(root @ middle @ root)
    heights = np.maximum(heights, 1e-300)
    value = float(np.sum(heights**order))
    # The factor for changes of the middle, and, as X^(1/2) W X^(1/2) = X P X, the one for changes of X.
    outer = root @ basis
    change = (outer * heights ** (order - 1)) @ outer.conj().T
    inner = (vectors / np.sqrt(np.maximum(levels, 1e-300))) @ vectors.conj().T @ basis
    gradient = order * (inner * heights**order) @ inner.conj().T
    for rows, (lengths, axes) in zip(symbols, spectra, strict=True):
        side = axes.conj().T @ rows
        weighted = side @ change @ side.conj().T * _divided(np.maximum(lengths, 1e-300), exponent)
        gradient = gradient + order * side.conj().T @ weighted @ side
    return value, (gradient + gradient.conj().T) / 2


def _divided(levels: Floats, exponent: float) -> Floats:
    """Return (a^s - b^s) / (a - b) for all pairs, exact also for close pairs and small s."""
    big, small = np.maximum.outer(levels, levels), np.minimum.outer(levels, levels)
    gap = big - small
    logs = np.log1p(gap / small)
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes = small**exponent * np.expm1(exponent * logs) / gap
    found: Floats = np.where(gap > 0, slopes, exponent * small ** (exponent - 1))
    return found
