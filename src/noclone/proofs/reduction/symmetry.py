"""A protocol's symmetries as blocks: some optimum commutes with each unitary that maps the problem to itself.

The average of an optimum over the group that the unitaries generate is feasible, and no worse because the
objective is convex (see Coles, Metodiev, Luetkenhaus, Nat. Commun. 7, 11712 (2016)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from noclone.core.errors import InvalidInput
from noclone.proofs.problem import Problem
from noclone.proofs.reduced import svec
from noclone.proofs.reduction.form import EXACT, Form, whole
from noclone.proofs.reduction.invariance import Rows, exchanged, matched, outside
from noclone.protocols.declaration import ROUNDING, Symmetry

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def twirled(task: Problem, symmetries: tuple[Symmetry, ...]) -> Form:
    """Return a problem in the joint eigenspaces of those symmetries that the observed values share.

    No use is made of a symmetry that does not commute with an earlier one, or that only the values break.

    Raises
    ------
    InvalidInput
        If a symmetry is not unitary or does not turn the protocol into itself.
    """
    used: list[Array] = []
    pairs: list[Symmetry] = []
    rows: list[Ints] = []
    terms: list[Ints] = []
    plain = whole(task, np.eye(task.size, dtype=complex))
    for number, symmetry in enumerate(symmetries):
        unitary = _unitary(task, symmetry, f"symmetries[{number}]")
        kept = _kept(task, plain, unitary, f"symmetries[{number}]")
        if kept is not None and all(np.abs(unitary @ u - u @ unitary).max() <= EXACT for u in used):
            used.append(unitary)
            pairs.append(symmetry)
            rows.append(kept[0])
            terms.append(kept[1])
    if not used:
        return plain
    basis = _basis(used, pairs)
    labels = _labels([np.diag(basis.conj().T @ u @ basis) for u in used])
    return collapsed(whole(task, basis).split(labels), rows, terms)


def collapsed(form: Form, rows: Sequence[Ints], terms: Sequence[Ints]) -> Form:
    """Return the problem with one constraint and one term for all that a symmetry exchanges.

    Parameters
    ----------
    form : Form
        Averaged over the symmetries.
    rows, terms : sequences of ndarray
        For each symmetry which constraint each becomes (up to the sign), and which term.
    """
    first, members = _orbits(rows, len(form.names), np.zeros(len(form.names)))
    loose: Floats = np.bincount(members, form.loose).astype(float)
    # Where a term is real in the basis chosen, blocks may become real.
    imaginary = np.array([np.abs(term.imag).max() for _, term in form.terms])
    chosen, groups = _orbits(terms, len(form.terms), np.round(imaginary, 12))
    weights = np.bincount(groups, [weight for weight, _ in form.terms])
    return replace(
        form,
        operators=tuple(part[first] for part in form.operators),
        names=tuple(form.names[i] for i in first),
        low=form.low[first],
        high=form.high[first],
        loose=loose,
        lengths=form.lengths[first],
        terms=tuple((float(weight), form.terms[i][1]) for weight, i in zip(weights, chosen, strict=True)),
    )


def _orbits(maps: Sequence[Ints], count: int, cost: Floats) -> tuple[Ints, Ints]:
    """Return the cheapest member of each orbit, and the orbit of each member."""
    sources = np.tile(np.arange(count), len(maps))
    targets = np.concatenate([*maps, np.zeros(0, np.intp)])
    graph = coo_array((np.ones(len(sources)), (sources, targets)), shape=(count, count))
    orbits, members = connected_components(graph, directed=False)
    first = [min(np.flatnonzero(members == o), key=lambda i: (cost[i], i)) for o in range(orbits)]
    return np.array(first, np.intp), members.astype(np.intp)


def _unitary(task: Problem, symmetry: Symmetry, field: str) -> Array:
    sides = []
    for name, matrix in (("alice", symmetry.alice), ("bob", symmetry.bob)):
        side = np.asarray(matrix, complex)
        if side.ndim != 2 or side.shape[0] != side.shape[1]:
            raise InvalidInput(f"{field}.{name}", f"must be a square matrix, but has shape {side.shape}")
        gap = float(np.abs(side @ side.conj().T - np.eye(len(side))).max())
        if not gap <= ROUNDING:
            raise InvalidInput(f"{field}.{name}", f"must be unitary, but is off by up to {gap:.3g}")
        sides.append(side)
    joint = np.kron(*sides)
    if len(joint) != task.size:
        raise InvalidInput(field, f"must act on {task.size} dimensions in all, but acts on {len(joint)}")
    return joint


def _kept(task: Problem, plain: Form, unitary: Array, field: str) -> tuple[Ints, Ints] | None:
    """Return what a unitary exchanges, None where the observed values are not what they were."""
    images = [unitary @ term @ unitary.conj().T for _, term in plain.terms]
    order = np.zeros(len(images), np.intp)
    for weight in (1.0, -1.0):
        own = [i for i, (each, _) in enumerate(plain.terms) if each == weight]
        found = matched([images[i] for i in own], [plain.terms[i][1] for i in own])
        if found is None:
            raise InvalidInput(field, "does not turn the rule for the key into itself")
        order[own] = np.array(own)[found]
    scale = np.where(plain.lengths > 0, plain.lengths, 1.0)
    rows = Rows(
        svec(task.operators, real=False) / scale[:, None], task.low / scale, task.high / scale, plain.loose
    )
    turned = svec(unitary @ task.operators @ unitary.conj().T, real=False) / scale[:, None]
    certain = len(rows.low) - task.observed
    gaps = np.array(outside(rows.vectors[:certain], rows.low[:certain], turned[:certain]))
    if gaps.size and gaps.max() > EXACT:
        raise InvalidInput(
            field,
            f"does not turn the constraint {task.names[int(gaps.max(axis=0).argmax())]!r} into the others",
        )
    exact = rows.exact
    gaps = np.array(outside(rows.vectors[exact], rows.low[exact], turned[exact]))
    if gaps.size and gaps.max() > EXACT:
        return None
    exchange = exchanged(rows, turned)
    return None if exchange is None else (exchange[0], order)


def _basis(unitaries: list[Array], symmetries: list[Symmetry]) -> Array:
    """Return a basis in which all unitaries are diagonal, made of product vectors where they allow it."""
    alice, bob = [s.alice for s in symmetries], [s.bob for s in symmetries]
    if _commute(alice) and _commute(bob):
        return np.kron(_eigenvectors(alice), _eigenvectors(bob))
    return _eigenvectors(unitaries)


def _commute(matrices: list[Array]) -> bool:
    return all(np.abs(a @ b - b @ a).max() <= EXACT for i, a in enumerate(matrices) for b in matrices[:i])


def _eigenvectors(unitaries: list[Array]) -> Array:
    """Return joint eigenvectors of commuting unitaries; the standard ones where all are diagonal."""
    size = len(unitaries[0])
    if all(np.abs(u - np.diag(np.diag(u))).max() <= EXACT for u in unitaries):
        return np.eye(size, dtype=complex)
    # A combination with random coefficients has no degeneracy that the unitaries do not share.
    random = np.random.default_rng(0).standard_normal((2, len(unitaries)))
    mixed = np.zeros((size, size), complex)
    for u, a, b in zip(unitaries, *random, strict=True):
        mixed += a * (u + u.conj().T) + 1j * b * (u - u.conj().T)
    found: Array = np.linalg.eigh(mixed)[1]
    return found


def _labels(phases: list[Array]) -> Ints:
    """Return one number for each different row of phases."""
    table = np.stack(phases, axis=1)
    close = np.abs(table[:, None] - table).max(axis=2) <= 1e-6
    labels: Ints = connected_components(close, directed=False)[1].astype(np.intp)
    return labels
