"""The objective's terms as factors with independent rows; terms fall apart and merge where they can."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from noclone.proofs.objective import factor
from noclone.proofs.reduced import Term
from noclone.proofs.reduction.form import EXACT, Form

Array = NDArray[Any]

EMPTY = 1e-14
"""Entries below this share of the largest are 0."""


def compressed(form: Form, real: bool) -> tuple[Term, ...]:
    """Return the terms of a solver.

    A term whose operator does not couple some blocks with the others is a sum of two; equal terms become one,
    and what adds up to 0 goes.
    """
    found: list[tuple[float, tuple[int, ...], Array]] = []
    largest = max((float(np.abs(term).max()) for _, term in form.terms), default=0.0)
    for weight, term in form.terms:
        for blocks in coupled(form, term, EMPTY * largest):
            indices = np.concatenate([np.arange(form.slices[b].start, form.slices[b].stop) for b in blocks])
            part = term[np.ix_(indices, indices)]
            part = part.real if real else part
            for i, (present, own, other) in enumerate(found):
                if own == blocks and np.abs(other - part).max() <= EXACT * np.abs(part).max():
                    found[i] = (present + weight, own, other)
                    break
            else:
                found.append((weight, blocks, part))
    return tuple(_term(form, weight, blocks, part) for weight, blocks, part in found if weight)


def coupled(form: Form, term: Array, least: float) -> list[tuple[int, ...]]:
    """Return the groups of blocks that a term's operator couples; blocks without entries are left out."""
    size = np.abs(term)
    between = np.array([[size[a, b].max() > least for b in form.slices] for a in form.slices])
    _, groups = connected_components(between, directed=False)
    members = [tuple(np.flatnonzero(groups == g).tolist()) for g in np.unique(groups)]
    return [blocks for blocks in members if between[np.ix_(blocks, blocks)].any()]


def _term(form: Form, weight: float, blocks: tuple[int, ...], operator: Array) -> Term:
    rows = factor(operator)
    parts = np.split(rows, np.cumsum([form.sizes[b] for b in blocks])[:-1], axis=1)
    return Term(weight, tuple(zip(blocks, parts, strict=True)))
