"""Certified key rates along a parameter, each proof starting from its neighbour's point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.progress import Progress, silent
from noclone.proofs.case import Case, case_of
from noclone.proofs.proof import Proof
from noclone.proofs.proving import BARRIER, prove_case
from noclone.protocols import Protocol
from noclone.protocols.declaration import Declaration

Floats = NDArray[np.float64]

CHUNK = 8
"""Neighbouring values that one process solves in turn; the result does not depend on who solves which."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """Proofs along a parameter; all arrays have shape (N,), all entropies are in bits per signal sent.

    Attributes
    ----------
    parameter : str
    values : ndarray
    proofs : tuple of Proof
    seconds : ndarray
        Processor time of each proof.
    """

    parameter: str
    values: Floats
    proofs: tuple[Proof, ...]
    seconds: Floats

    @property
    def rate(self) -> Floats:
        """Certified secret bits; negative where there is no key."""
        return np.array([proof.rate for proof in self.proofs])

    @property
    def bound(self) -> Floats:
        """Certified ignorance of Eve: the rate before error correction is paid."""
        return self.rate + self.leak

    @property
    def gap(self) -> Floats:
        """How far the bound may at most lie below the true minimum."""
        return np.array([proof.gap for proof in self.proofs])

    @property
    def leak(self) -> Floats:
        """What error correction discloses."""
        return np.array([proof.leak_bits for proof in self.proofs])

    def __str__(self) -> str:
        """Return a table with a line for each value."""
        width = max(len(self.parameter), 12)
        lines = [f"{self.parameter:>{width}}  {'rate':>12}  {'bound':>12}  {'leak':>12}  {'gap':>8}"]
        for row in zip(self.values, self.rate, self.bound, self.leak, self.gap, strict=True):
            value, rate, bound, leak, gap = row
            lines.append(f"{value:>{width}.6g}  {rate:>12.9f}  {bound:>12.9f}  {leak:>12.9f}  {gap:>8.1e}")
        return "\n".join(lines)


def sweep(
    protocol: str | Protocol | Declaration | Callable[..., Case],
    parameter: str,
    values: ArrayLike,
    *,
    workers: int = 1,
    barrier: float = BARRIER,
    progress: Progress = silent,
    **fixed: Any,
) -> Sweep:
    """Return the proofs along a parameter.

    Parameters
    ----------
    protocol : str, Protocol, Declaration or callable
        As for `prove`; a callable maps the parameter (and `fixed`) to a `Case`.
    parameter : str
        Its name.
    values : array_like, shape (N,)
    workers : int
        Processes.
    barrier : float
        As for `prove`.
    progress : callable
        Told the fraction that is done.
    **fixed
        Other parameters.

    Raises
    ------
    InvalidInput
        If there are no values, or one of them gives no proof.

    Examples
    --------
    >>> found = sweep("six-state", "qber", [0.01, 0.05], basis_prob=0.5)
    >>> (found.rate / 0.25).round(6).tolist()
    [0.863865, 0.496816]
    """
    points = np.asarray(values, float)
    if points.ndim != 1 or not len(points) or not np.isfinite(points).all():
        raise InvalidInput("values", f"must be a list of finite numbers, but have shape {points.shape}")
    from joblib import Parallel, delayed

    jobs = [points[start : start + CHUNK] for start in range(0, len(points), CHUNK)]
    done: list[tuple[Proof, float]] = []
    results = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_run)(protocol, parameter, job.tolist(), barrier, fixed) for job in jobs
    )
    for found in results:
        done += found
        progress("proofs", len(done) / len(points))
    proofs, seconds = zip(*done, strict=True)
    return Sweep(parameter, points, proofs, np.array(seconds))


def _run(
    protocol: Any, parameter: str, values: list[float], barrier: float, fixed: dict[str, Any]
) -> list[tuple[Proof, float]]:
    found: list[tuple[Proof, float]] = []
    for value in values:
        begun = process_time()
        asked: dict[str, Any] = {**fixed, parameter: value}
        proof = prove_case(
            case_of(protocol, **asked), start=found[-1][0].point if found else None, barrier=barrier
        )
        found.append((proof, process_time() - begun))
    return found
