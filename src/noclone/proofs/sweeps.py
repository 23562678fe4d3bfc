"""Certified key rates along a parameter, each proof starting from its neighbour's point."""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import whole
from noclone.core.progress import Progress, silent
from noclone.proofs.proof import LOOSE_BITS, Proof
from noclone.proofs.proving import BARRIER, prove_case
from noclone.proofs.subjects import Subject, case_of, parameter_name

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
    failed : tuple of (float, str)
        Values that gave no proof, which are not among the others, with the sentence that says why.
    """

    parameter: str
    values: Floats
    proofs: tuple[Proof, ...]
    seconds: Floats
    failed: tuple[tuple[float, str], ...] = ()

    @property
    def rate(self) -> Floats:
        """Certified secret bits; negative where there is no key."""
        return np.array([proof.rate for proof in self.proofs])

    @property
    def bound(self) -> Floats:
        """The rate before error correction is paid: share of Eve's certified ignorance, and adjustments."""
        return self.rate + self.leak

    @property
    def gap(self) -> Floats:
        """How far the bound may at most lie below the true minimum."""
        return np.array([proof.gap for proof in self.proofs])

    @property
    def leak(self) -> Floats:
        """What error correction discloses."""
        return np.array([proof.leak_bits for proof in self.proofs])

    @property
    def loose(self) -> list[float]:
        """Values at which the bound may lie so far below the true minimum that it is worth a word."""
        return [float(x) for x, gap in zip(self.values, self.gap, strict=True) if gap > LOOSE_BITS]

    @property
    def title(self) -> str:
        """The proofs' title, up to a comma where it changes along the parameter."""
        first = self.proofs[0].title
        same = all(proof.title == first for proof in self.proofs)
        return first if same else f"{first.partition(',')[0]} along {self.parameter}"

    def __str__(self) -> str:
        """Return a table with a line for each value."""
        width = max(len(self.parameter), 12)
        lines = [f"{self.parameter:>{width}}  {'rate':>12}  {'bound':>12}  {'leak':>12}  {'gap':>8}"]
        for row in zip(self.values, self.rate, self.bound, self.leak, self.gap, strict=True):
            value, rate, bound, leak, gap = row
            lines.append(f"{value:>{width}.6g}  {rate:>12.9f}  {bound:>12.9f}  {leak:>12.9f}  {gap:>8.1e}")
        lines += [f"{value:>{width}.6g}  no proof: {sentence}" for value, sentence in self.failed]
        return "\n".join(lines)


def sweep(
    protocol: Subject,
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
    protocol : str, Protocol, Declaration, Setup or callable
        As for `prove`; a callable maps the parameter (and `fixed`) to a `Case`.
    parameter : str
        Its name; of a setup a field's dotted name (``channel.length_km``).
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
        If there are no values, or none of them gives a proof.

    Examples
    --------
    >>> found = sweep("six-state", "qber", [0.01, 0.05], basis_prob=0.5)
    >>> (found.rate / 0.25).round(6).tolist()
    [0.863865, 0.496816]
    """
    try:
        points = np.asarray(values, float)
    except (ValueError, TypeError) as error:
        raise InvalidInput("values", f"must be a list of finite numbers ({error})") from error
    if points.ndim != 1 or not len(points) or not np.isfinite(points).all():
        raise InvalidInput("values", f"must be a list of finite numbers, but have shape {points.shape}")
    if parameter_name(parameter) in fixed:
        raise InvalidInput(parameter, "cannot be both set and swept")
    whole("workers", workers, 1)
    from joblib import Parallel, delayed

    jobs = [points[start : start + CHUNK] for start in range(0, len(points), CHUNK)]
    done: list[tuple[Proof | InvalidInput, float]] = []
    results = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_run)(protocol, parameter, job.tolist(), barrier, fixed) for job in jobs
    )
    for found in results:
        done += found
        progress("proofs", len(done) / len(points))
    kept = np.array([isinstance(found, Proof) for found, _ in done])
    failed = [
        (float(value), found)
        for value, (found, _) in zip(points, done, strict=True)
        if isinstance(found, InvalidInput)
    ]
    if not kept.any():
        value, fault = failed[0]
        raise InvalidInput(fault.field, f"{fault.problem} (at {parameter} = {value:g})") from fault
    return Sweep(
        parameter,
        points[kept],
        tuple(found for found, _ in done if isinstance(found, Proof)),
        np.array([seconds for _, seconds in done])[kept],
        tuple((value, str(fault)) for value, fault in failed),
    )


def _run(
    protocol: Any, parameter: str, values: list[float], barrier: float, fixed: dict[str, Any]
) -> list[tuple[Proof | InvalidInput, float]]:
    found: list[tuple[Proof | InvalidInput, float]] = []
    near: Proof | None = None
    for value in values:
        begun = process_time()
        result: Proof | InvalidInput
        try:
            case = case_of(protocol, **{**fixed, parameter: value})
            near = result = prove_case(case, start=near.point if near else None, barrier=barrier)
        except InvalidInput as error:
            result = error
        found.append((result, process_time() - begun))
    return found
