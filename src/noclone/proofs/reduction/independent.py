"""Constraints as independent equations of a solver, ranges and 1-norm balls through nonnegative scalars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

from noclone.core.errors import InvalidInput
from noclone.proofs.reduced import svec
from noclone.proofs.reduction.form import Form

Array = NDArray[Any]
Floats = NDArray[np.float64]

INDEPENDENT = 1e-10
"""An equation is new where it differs by this share of its length from all combinations of others."""
CONSISTENT = 1e-8
"""How far, relative to its operator's length, a value may be from what other values imply."""
ON_FACE = 1e-5
"""The same where X was found to live on a face, which rounding moves by its square root."""


def equations(form: Form, real: bool, consistent: float = CONSISTENT) -> tuple[Floats, Floats, int]:
    """Return independent equations, their values, and the number of scalars; see `Reduced`.

    A range low <= <G, X> <= high becomes <G, X> - s = low, s + t = high - low; in a 1-norm ball the values
    of the constraints are besides off by p - q, and the sum of all p, q and a slack is the radius.

    Raises
    ------
    InvalidInput
        If a value contradicts others, or the block structure of X; the sentence says by how much.
    """
    rows = np.concatenate([svec(part, real) for part in form.operators], axis=1)
    scale = np.where(form.lengths > 0, form.lengths, 1.0)
    rows, low, high = rows / scale[:, None], form.low / scale, form.high / scale
    fixed = np.flatnonzero(form.exact)
    kept, implied = _independent(rows[fixed])
    chosen = fixed[kept]
    expected = implied @ low[chosen]
    _check(form, fixed, expected, low[fixed], high[fixed], scale, consistent)
    others = np.flatnonzero(~form.exact)
    weights, rest = _projected(rows[others], rows[chosen])
    # What exact values imply needs no range; in a ball it still uses up the radius.
    known = (rest < INDEPENDENT) & (form.loose[others] == 0)
    implied = weights[known] @ low[chosen]
    _check(form, others[known], implied, low[others[known]], high[others[known]], scale, consistent)
    others = others[~known]
    return _assembled(form, rows, low, high, chosen, others)


def _independent(rows: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return the numbers of independent rows, and every row as a combination of them."""
    if not len(rows):
        return np.zeros(0, np.intp), np.zeros((0, 0))
    triangle, order = qr(rows.T, mode="r", pivoting=True)
    rank = int(np.sum(np.abs(np.diag(triangle)) > INDEPENDENT))
    implied = np.zeros((len(rows), rank))
    implied[order] = solve_triangular(triangle[:rank, :rank], triangle[:rank]).T
    return order[:rank], implied


def _projected(rows: Floats, onto: Floats) -> tuple[Floats, Floats]:
    """Return rows as combinations of independent ones, and how long the rests are."""
    if not len(onto) or not len(rows):
        return np.zeros((len(rows), len(onto))), np.linalg.norm(rows, axis=1)
    frame, triangle = qr(onto.T, mode="economic")
    inside = rows @ frame
    rest: Floats = np.linalg.norm(rows - inside @ frame.T, axis=1)
    return solve_triangular(triangle, inside.T).T, rest


def _check(
    form: Form,
    numbers: NDArray[np.intp],
    found: Floats,
    low: Floats,
    high: Floats,
    scale: Floats,
    consistent: float,
) -> None:
    excess = np.maximum(low - found, found - high)
    if not np.any(excess > consistent):
        return
    worst = int(np.argmax(excess))
    i = numbers[worst]
    wanted = (
        f"{form.low[i]:.9g}" if form.low[i] == form.high[i] else f"{form.low[i]:.9g} to {form.high[i]:.9g}"
    )
    raise InvalidInput(
        f"observation {form.names[i]!r}",
        f"contradicts the others: it is {wanted}, but must be {found[worst] * scale[i]:.9g} "
        f"given them (off by {excess[worst] * scale[i]:.3g})",
    )


def _assembled(
    form: Form, rows: Floats, low: Floats, high: Floats, exact: NDArray[np.intp], others: NDArray[np.intp]
) -> tuple[Floats, Floats, int]:
    """Put equations together; the scalars are all s, then t, then p, then q, then the slack of the radius."""
    used = np.concatenate([exact, others])
    ranged = np.flatnonzero(high[used] > low[used])
    loose = np.flatnonzero(form.loose[used])
    widths = np.array([len(ranged), len(ranged), len(loose), len(loose), bool(len(loose))])
    coordinates = rows.shape[1]
    s, t, p, q, slack = np.split(coordinates + np.arange(widths.sum()), np.cumsum(widths)[:-1])
    table = np.zeros((len(used) + len(ranged) + len(slack), coordinates + int(widths.sum())))
    table[: len(used), :coordinates] = rows[used]
    table[ranged, s] = table[loose, p] = -1
    table[loose, q] = 1
    spans = len(used) + np.arange(len(ranged))
    table[spans, s] = table[spans, t] = 1
    values = np.concatenate([low[used], (high - low)[used[ranged]], np.full(len(slack), form.radius)])
    if len(slack):
        scale = form.lengths[used[loose]]
        weights = form.loose[used[loose]] * np.where(scale > 0, scale, 1.0)
        table[-1, p] = table[-1, q] = weights
        table[-1, slack] = 1
    return table, values, int(widths.sum())
