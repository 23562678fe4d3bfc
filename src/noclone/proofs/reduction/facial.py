"""Faces: where the constraints leave no interior, the variable lives on a smaller space.

A combination Z = sum_i z_i Gamma_i >= 0 with value sum_i z_i v_i = 0 exposes a face: <Z, X> = 0 forces X onto
the kernel of Z. Either some positive definite X is feasible or such a Z exists (Borwein and Wolkowicz, J.
Austral. Math. Soc. A 30, 369 (1981); for key rates: Hu et al., Quantum 6, 792 (2022)). First every single
constraint is looked at, ranges that end at 0 included; then the least value sum_i z_i v_i over all Z >= 0 of
trace 1 that exact values make is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from noclone.core.errors import InvalidInput
from noclone.proofs.reduced import svec
from noclone.proofs.reduction.form import Form

Array = NDArray[Any]
Floats = NDArray[np.float64]

ZERO = 1e-13
"""Values and eigenvalues up to this share of their operator's length are 0."""
FLAT = 1e-14
"""Where every feasible operator of trace about 1 has an eigenvalue below this, there is no interior."""
CONTRADICTION = 1e-8
"""How far below 0 the least value may be by rounding of the observations."""
POLISH = 3
"""Newton steps that make the small eigenvalues of Z as small as rounding allows."""
STEPS = 200
"""Newton steps of the search for Z, of which it needs about 30."""


@dataclass(frozen=True, eq=False)
class Face:
    """One combination that exposes a face, and the space that it leaves.

    Attributes
    ----------
    multipliers : ndarray, shape (m,)
        z.
    frames : tuple of ndarray, shape (d_b, d'_b)
        Orthonormal bases of the kernel of Z in each block.
    """

    multipliers: Floats
    frames: tuple[Array, ...]


def interior(form: Form) -> tuple[Form, list[Face]]:
    """Return the problem on the smallest face found, and the faces passed on the way.

    Raises
    ------
    InvalidInput
        If a value has the wrong sign for its operator, or nothing but 0 is left.
    """
    passed = []
    while (face := _single(form) or _combined(form)) is not None:
        passed.append(face)
        form = form.restricted(face.frames)
        if not form.bases:
            raise InvalidInput("observations", "contradict each other: no state gives them")
    return form, passed


def _single(form: Form) -> Face | None:
    """Return the face that single constraints of value 0 expose together, None where there are none."""
    scale = np.where(form.lengths > 0, form.lengths, 1.0)
    levels = np.concatenate([np.linalg.eigvalsh(part) for part in form.operators], axis=1) / scale[:, None]
    low, high = form.low / scale, form.high / scale
    positive, negative = levels.min(axis=1) >= -ZERO, levels.max(axis=1) <= ZERO
    some = (form.loose == 0) & (np.abs(levels).max(axis=1) > 1e3 * ZERO)
    for name, wrong in (
        ("lower", some & positive & (high < -ZERO)),
        ("greater", some & negative & (low > ZERO)),
    ):
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            number = form.high[i] if name == "lower" else form.low[i]
            raise InvalidInput(
                f"observation {form.names[i]!r}", f"is {name} than any state can give it: {number:.9g}, not 0"
            )
    z = (some & positive & (high <= ZERO)) / scale - (some & negative & (low >= -ZERO)) / scale
    return _face(form, z, 1e3 * ZERO) if z.any() else None


def _face(form: Form, z: Floats, least: float) -> Face:
    frames = []
    for part in form.operators:
        levels, vectors = np.linalg.eigh(np.tensordot(z, part, 1))
        frames.append(vectors[:, levels <= least])
    return Face(z, tuple(frames))


def _combined(form: Form) -> Face | None:
    """Return the face that the combination of least value exposes, None where that value is positive."""
    exact = np.flatnonzero(form.exact)
    scale = np.where(form.lengths > 0, form.lengths, 1.0)[exact]
    rows = np.concatenate([svec(part[exact], real=False) for part in form.operators], axis=1) / scale[:, None]
    identity = np.concatenate([svec(np.eye(d), real=False) for d in form.sizes])
    if not len(rows):
        return None
    left, lengths, right = np.linalg.svd(rows, full_matrices=False)
    kept = lengths > 1e-10 * lengths[0]
    left, lengths, right = left[:, kept], lengths[kept], right[kept]
    traces = right @ identity
    if np.linalg.norm(identity - traces @ right) > 1e-9 * len(identity):
        return None
    values = (left / lengths).T @ (form.low[exact] / scale)
    turn = (left / lengths).T / scale
    parts = [np.tensordot(turn, part[exact], 1) for part in form.operators]
    found = _least(parts, values, traces)
    if found is None:
        return None
    y, barrier = found
    if values @ y < -CONTRADICTION:
        raise InvalidInput(
            "observations",
            f"contradict each other: a mean that no state gives below 0 would be {values @ y:.3g}",
        )
    y = _polished(y, parts, values, np.sqrt(barrier))
    z = np.zeros(len(form.names))
    z[exact] = y @ turn
    return _face(form, z, np.sqrt(barrier))


def _polished(y: Floats, parts: Sequence[Array], values: Floats, least: float) -> Floats:
    """Return the nearest combination whose value is 0 and whose small eigenvalues are 0, to rounding."""
    kernels = [int(np.sum(np.linalg.eigvalsh(np.tensordot(y, part, 1)) <= least)) for part in parts]
    for _ in range(POLISH):
        small = [values[:, None]]
        for part, count in zip(parts, kernels, strict=True):
            frame = np.linalg.eigh(np.tensordot(y, part, 1))[1][:, :count]
            small.append(svec(frame.conj().T @ part @ frame, real=False))
        left, lengths, _ = np.linalg.svd(np.concatenate(small, axis=1), full_matrices=False)
        left = left[:, lengths > np.sqrt(least)]
        y = y - left @ (left.T @ y)
    return y


def _least(parts: Sequence[Array], values: Floats, traces: Floats) -> tuple[Floats, float] | None:
    """Return y with sum_j y_j parts_j >= 0 of trace 1 and the least sum_j y_j values_j, if that is 0.

    The second number is the weight of the logarithmic barrier that y is the centre for. None where the least
    value is above `FLAT`, or rounding errors do not let it be found.
    """
    order = sum(part.shape[1] for part in parts)
    y = traces / order
    barrier = max(float(abs(values @ y)), FLAT)
    for _ in range(STEPS):
        scaled = []
        for part in parts:
            matrix = np.tensordot(y, part, 1)
            try:
                root = np.linalg.cholesky(matrix)
            except np.linalg.LinAlgError:
                return None
            half = solve_triangular(root, part.transpose(1, 0, 2).reshape(len(root), -1), lower=True)
            half = half.reshape(len(root), len(part), -1).transpose(1, 2, 0).conj()
            whole = solve_triangular(root, half.transpose(1, 0, 2).reshape(len(root), -1), lower=True)
            scaled.append(whole.reshape(len(root), len(part), -1).transpose(1, 0, 2))
        rows = np.concatenate([svec(part, real=False) for part in scaled], axis=1)
        traced = sum(np.trace(part, axis1=1, axis2=2).real for part in scaled)
        lengths = np.linalg.norm(rows, axis=1)
        rows /= lengths[:, None]
        slope = (values / barrier - traced) / lengths
        trace = traces / lengths
        hessian = rows @ rows.T
        solved = np.linalg.lstsq(hessian, np.column_stack([slope, trace]), rcond=1e-15)[0]
        step = -solved[:, 0] + solved[:, 1] * (trace @ solved[:, 0]) / (trace @ solved[:, 1])
        decrement = float(np.sqrt(max(step @ hessian @ step, 0)))
        least = min(float(np.linalg.eigvalsh(np.tensordot(step / lengths, part, 1))[0]) for part in scaled)
        y = y + step / lengths * min(1.0, 0.9 / max(-least, 1e-300))
        if decrement > 0.5:
            continue
        if values @ y - barrier * (order + order**0.5) > FLAT:
            return None
        if barrier * order < FLAT:
            return y, barrier
        barrier /= 10
    return None
