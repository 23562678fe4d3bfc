"""Bob's space with one more state, which he sees as such: an empty pulse, or all that a cutoff leaves out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.protocols.declaration import Declaration, Outcome, Symmetry

Array = NDArray[Any]


def with_one_more_state(declared: Declaration, outcome: str) -> Declaration:
    """Return a protocol whose Bob has one more state, which gives this outcome and no other.

    He announces the outcome by its name; no key comes of it.

    Parameters
    ----------
    declared : Declaration
    outcome : str

    Raises
    ------
    InvalidInput
        If the protocol has an outcome of this name already.

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> larger = with_one_more_state(bb84_declaration(0.5), "no click")
    >>> larger.dimensions, list(larger.outcomes)[-1]
    ((2, 3), 'no click')
    """
    if outcome in declared.outcomes:
        raise InvalidInput("outcomes", f"must not have {outcome!r}, which stands for a state that is added")
    size = declared.dimensions[1]
    added = np.zeros((size + 1, size + 1), complex)
    added[size, size] = 1
    outcomes = {name: replace(each, element=beside(each.element)) for name, each in declared.outcomes.items()}
    return replace(
        declared,
        outcomes={**outcomes, outcome: Outcome(added, outcome)},
        moments={name: beside(moment) for name, moment in declared.moments.items()},
        symmetries=tuple(Symmetry(each.alice, beside(each.bob) + added) for each in declared.symmetries),
    )


def beside(matrix: Array) -> Array:
    """Return a matrix on the larger space that vanishes on the new state.

    Examples
    --------
    >>> beside(np.eye(1)).real.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return np.pad(np.asarray(matrix, complex), ((0, 1), (0, 1)))
