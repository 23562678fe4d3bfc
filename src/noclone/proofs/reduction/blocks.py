"""Blocks that no operator of a problem connects."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from noclone.proofs.reduction.form import Form
from noclone.proofs.reduction.terms import EMPTY


def connected(form: Form) -> Form:
    """Return the problem split into the blocks that its constraints and its objective leave unconnected.

    Unitaries that multiply each such block by a phase leave all operators as they are, so that an optimum
    exists without entries between them.
    """
    size = sum(form.sizes)
    linked = np.zeros((size, size), bool)
    for part, operators in zip(form.slices, form.operators, strict=True):
        lengths = np.abs(operators).max(axis=(1, 2))
        lengths[lengths == 0] = 1.0
        parts = (np.abs(operators) / lengths[:, None, None]).max(axis=0)
        linked[part, part] |= parts > EMPTY
    for _, term in form.terms:
        linked |= np.abs(term) > EMPTY * np.abs(term).max()
    return form.split(connected_components(linked, directed=False)[1])
