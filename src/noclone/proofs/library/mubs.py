"""Mutually unbiased bases of a space of prime dimension, measured on pairs, with one error rate per basis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite, whole
from noclone.proofs.case import Case, collective
from noclone.proofs.leak import leak_bits
from noclone.proofs.observations import Observation, Observations
from noclone.protocols.declaration import Declaration, Outcome, Reading, Symmetry
from noclone.protocols.four_states import BASES, projector

Array = NDArray[Any]

LARGEST_DIMENSION = 19
"""Of one half of a pair: a proof of larger primes is too large to be checked (`claim.MAX_SIZE`)."""


def mutually_unbiased_bases(dimension: int) -> Array:
    """Return the d + 1 mutually unbiased bases of a space of prime dimension.

    Returns
    -------
    ndarray, shape (d + 1, d, d)
        [b, i] is state i of basis b; basis 0 is the standard one, basis 1 its Fourier transform.

    Raises
    ------
    InvalidInput
        If the dimension is not a prime of at most 19.

    References
    ----------
    Ivanovic, J. Phys. A 14, 3241 (1981); Wootters and Fields, Ann. Phys. 191, 363 (1989).

    Examples
    --------
    >>> bases = mutually_unbiased_bases(5)
    >>> overlaps = np.abs(np.einsum("aik,bjk->abij", bases.conj(), bases)) ** 2
    >>> bool(np.allclose(overlaps[2, 4], 1 / 5))
    True
    """
    whole("dimension", dimension, 2)
    if dimension > LARGEST_DIMENSION:
        raise InvalidInput("dimension", f"must be at most {LARGEST_DIMENSION}, but is {dimension}")
    if any(dimension % factor == 0 for factor in range(2, int(dimension**0.5) + 1)):
        raise InvalidInput("dimension", f"must be a prime, but is {dimension}")
    if dimension == 2:
        return np.array([BASES[name] for name in "zxy"])
    k, i, j = np.ogrid[:dimension, :dimension, :dimension]
    quadratic = np.exp(2j * np.pi / dimension * ((k * j * j + i * j) % dimension)) / np.sqrt(dimension)
    return np.concatenate([np.eye(dimension)[None], quadratic])


def mub_declaration(dimension: int, bases: int, key_prob: float = 0.9) -> Declaration:
    """Return the protocol in which both measure a pair in one of several bases and basis 0 gives the key.

    Parameters
    ----------
    dimension : int
        d, a prime.
    bases : int
        From 2 to d + 1.
    key_prob : float
        Probability of basis 0 at each party; the others share the rest.

    Raises
    ------
    InvalidInput
        If a number is out of its range.

    Examples
    --------
    >>> declared = mub_declaration(3, 4)
    >>> declared.dimensions, len(declared.outcomes)
    ((3, 3), 12)
    """
    every = mutually_unbiased_bases(dimension)
    if not 2 <= whole("bases", bases, 0) <= dimension + 1:
        raise InvalidInput("bases", f"must be from 2 to {dimension + 1}, but are {bases}")
    if not 0 < finite("key_prob", key_prob) < 1:
        raise InvalidInput("key_prob", f"must lie between 0 and 1, but is {key_prob}")
    share = [key_prob, *[(1 - key_prob) / (bases - 1)] * (bases - 1)]
    named = [(f"{b}:{i}", b, i) for b in range(bases) for i in range(dimension)]
    shift = np.roll(np.eye(dimension, dtype=complex), 1, axis=0)
    clock = np.diag(np.exp(2j * np.pi * np.arange(dimension) / dimension))
    return Declaration(
        {name: Reading(share[b] * projector(every[b, i].conj()), i, f"basis {b}") for name, b, i in named},
        {name: Outcome(share[b] * projector(every[b, i]), f"basis {b}") for name, b, i in named},
        {("basis 0", f"0:{i}"): i for i in range(dimension)},
        symmetries=tuple(Symmetry(turn.conj(), turn) for turn in (shift, clock)),
    )


def mub(dimension: int, bases: int, qber: float, key_prob: float = 0.9, f_ec: float = 1.0) -> Case:
    """Return pairs in several bases of a prime dimension, with one error rate, which is all that is known.

    See `mub_declaration`. For 2 bases the rate is key_prob^2 {log2 d - 2 [h(Q) + Q log2(d-1)]}; for d + 1
    bases see Sheridan and Scarani, PRA 82, 030301 (2010).

    Examples
    --------
    >>> mub(3, 2, 0.05).title
    'Pairs of dimension 3 in 2 mutually unbiased bases'
    """
    whole("bases", bases, 2)
    title = f"Pairs of dimension {dimension} in {bases} mutually unbiased bases"
    return mubs_with_errors(dimension, [qber] * bases, key_prob, f_ec, title)


def mubs_with_errors(
    dimension: int, errors: Sequence[float], key_prob: float, f_ec: float, title: str
) -> Case:
    """Return the protocol of `mub_declaration` with the average error rate of each basis.

    Raises
    ------
    InvalidInput
        If an error rate is not between 0 and 1.
    """
    for b, error in enumerate(errors):
        name = f"error rate of basis {b}"
        if not 0 <= finite(name, error) <= 1:
            raise InvalidInput(name, f"must lie in [0, 1], but is {error}")
    declared = mub_declaration(dimension, len(errors), key_prob)
    share = [key_prob, *[(1 - key_prob) / (len(errors) - 1)] * (len(errors) - 1)]
    names = range(dimension)
    items = tuple(
        Observation(
            f"errors in basis {b}",
            {(f"{b}:{i}", f"{b}:{j}"): 1 / share[b] ** 2 for i in names for j in names if i != j},
            error,
            error,
        )
        for b, error in enumerate(errors)
    )
    # Error correction meets the errors of the key basis, all wrong symbols equally often.
    right, wrong = (share[0] ** 2 / dimension * p for p in (1 - errors[0], errors[0] / (dimension - 1)))
    table = {(f"0:{i}", f"0:{j}"): right if i == j else wrong for i in names for j in names}
    return Case(
        title,
        declared,
        Observations(items),
        leak_bits(declared, table, f_ec),
        collective("measurements of the dimension declared, in exactly the bases declared"),
    )


FAMILIES = {"mub": mub}
