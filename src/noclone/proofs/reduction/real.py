"""Real blocks: where complex conjugation turns a problem into itself, so it does with an optimum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from noclone.proofs.reduced import smat, svec
from noclone.proofs.reduction.form import EXACT, Form
from noclone.proofs.reduction.invariance import Rows, exchanged, outside
from noclone.proofs.reduction.symmetry import collapsed

Array = NDArray[Any]


def conjugated(form: Form) -> Form | None:
    """Return the problem averaged over complex conjugation of the blocks; None where that is no symmetry.

    It is tried in the basis as it is and, next, with phases in which the shortest solution of the equations
    and the first term that couples blocks are real along a tree of their largest entries.
    """
    return _averaged(form) or _averaged(_phased(form))


def _averaged(form: Form) -> Form | None:
    """Return the average; a term that is not real itself is none of a real operator; then, too, None."""
    if any(np.abs(term.imag).max() > EXACT * np.abs(term).max() for _, term in form.terms):
        return None
    rows = _rows(form)
    images = _rows(replace(form, operators=tuple(part.conj() for part in form.operators))).vectors
    gaps = np.array(outside(rows.vectors[rows.exact], rows.low[rows.exact], images[rows.exact]))
    exchange = exchanged(rows, images)
    if exchange is None or (gaps.size and gaps.max() > EXACT):
        return None
    real = replace(
        form,
        operators=tuple(part.real for part in form.operators),
        terms=tuple((weight, term.real) for weight, term in form.terms),
    )
    return collapsed(real, [exchange[0]], [])


def _rows(form: Form) -> Rows:
    scale = np.where(form.lengths > 0, form.lengths, 1.0)
    vectors = np.concatenate([svec(part, real=False) for part in form.operators], axis=1)
    return Rows(vectors / scale[:, None], form.low / scale, form.high / scale, form.loose)


def _phased(form: Form) -> Form:
    """Return the problem with other phases of the basis vectors."""
    rows = _rows(form)
    middle = (rows.low + rows.high) / 2
    shortest = np.linalg.lstsq(rows.vectors, middle, rcond=EXACT)[0].astype(np.float64)
    size = sum(form.sizes)
    entries = np.zeros((size, size), complex)
    for _, term in form.terms:
        entries = np.where(np.abs(entries) > EXACT * np.abs(term).max(), entries, term)
    start = 0
    for part, d in zip(form.slices, form.sizes, strict=True):
        entries[part, part] = smat(shortest[start : start + d * d], d, real=False)
        start += d * d
    lengths = np.abs(entries)
    np.fill_diagonal(lengths, 0)
    # Blocks first: a tree prefers what counts as short.
    costs = np.where(
        lengths > EXACT * lengths.max(initial=0), 2 - lengths / max(lengths.max(initial=0), 1e-300), 0
    )
    tree = minimum_spanning_tree(costs)
    tree = tree + tree.T
    phases = np.zeros(size, complex)
    for root in range(size):
        if phases[root]:
            continue
        phases[root] = 1
        order, parents = breadth_first_order(tree, root, directed=False)
        for node in order[1:]:
            edge = entries[parents[node], node]
            phases[node] = phases[parents[node]] * np.conj(edge) / abs(edge)
    return form.restricted([np.diag(phases[part]) for part in form.slices])
