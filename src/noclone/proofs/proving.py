"""From a case to a proof: problem, reduction, solver, certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.numbers import positive
from noclone.proofs.allowance import Allowance, allowance
from noclone.proofs.barrier import minimise
from noclone.proofs.case import Case, Seen
from noclone.proofs.certificate import Certificate, certify
from noclone.proofs.claim import claim
from noclone.proofs.finite.norm_ball import Block
from noclone.proofs.library.channels import Channel
from noclone.proofs.objective import value as objective
from noclone.proofs.observations import Observations
from noclone.proofs.problem import Problem, problem
from noclone.proofs.proof import Proof, document
from noclone.proofs.reduction import reduce
from noclone.proofs.reduction.boundary import certify_boundary, on_boundary
from noclone.proofs.subjects import Subject, case_of
from noclone.proofs.typed import LARGEST
from noclone.protocols.declaration import Declaration
from noclone.rates.security import Security

Array = NDArray[Any]

BARRIER = 1e-10
"""Weight of the logarithmic barrier at which the solver stops; the bound loses about n times as many nats."""
CEILINGS = (1e3, 1e4, 1e5, 1e6, 1e7)
"""How heavily certificates of a point on a face lean on what confines it there; see `certify_boundary`."""
WHITE = (1e-10, 1e-12)
"""Shares of white noise that statistics are mixed with where they leave Eve no freedom in some direction."""
MARGIN_BITS = 2e-9
"""What is taken off a bound in floating point, so that its enclosure in ball arithmetic is never below it."""


def prove_declared(
    declared: Declaration,
    seen: Observations,
    *,
    title: str,
    leak_bits: float,
    security: Security,
    share: float = 1.0,
    adjustments: tuple[tuple[str, float], ...] = (),
    decoys: Mapping[str, Any] | None = None,
    start: Array | None = None,
    barrier: float = BARRIER,
) -> Proof:
    """Return a certified lower bound on the key rate of a declared protocol of which this was seen.

    Parameters
    ----------
    declared : Declaration
    seen : Observations
    title : str
        What it is a proof of.
    leak_bits : float
        What error correction tells Eve, bits per signal sent.
    security : Security
        What the number is worth.
    share : float
        The share of all signals that the declaration describes.
    adjustments : tuple of (str, float)
        What is added or subtracted besides, by name, in bits.
    decoys : mapping, optional
        What decoy states prove of single photons, as a proof file holds it.
    start : ndarray, shape (n, n), optional
        An operator near the optimum, where the solver begins.
    barrier : float
        Where the solver stops; smaller is tighter and slower.

    Raises
    ------
    InvalidInput
        If no channel gives what was seen; the sentence says by how much it fails.

    Notes
    -----
    Eve's ignorance is never negative: where the solver found no certificate for more than 0, `entropy_bits`
    is 0, which the identity certifies with multipliers 0.

    Examples
    --------
    >>> from noclone.proofs.case import collective
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> seen = Observations.of_channel(bb84, depolarising(0.1))
    >>> proof = prove_declared(bb84, seen, title="BB84", leak_bits=0.143198479, security=collective())
    >>> round(proof.rate, 6)
    0.213603
    """
    positive("barrier", barrier, high=1.0)
    task = problem(declared, seen)
    size, count = task.size, len(task.operators)
    empty = Proof(
        *(title, declared, seen, np.eye(size), np.zeros(count), 0.0, 0.0),
        *(leak_bits, security, share, adjustments, decoys),
    )
    lost = allowance(claim(document(empty)))
    found, value = _solved(task, declared, lost, start, barrier)
    if _impossible(task, found):
        raise InvalidInput(
            "observations", "contradict each other: more follows from them than a key symbol can hide"
        )
    entropy_bits = _worth(found, lost) / float(np.log(2)) - MARGIN_BITS
    # A point that is feasible but for rounding may lie below what is certified by as much.
    value_bits = max(float(max(value, found.bound) / np.log(2)), 0.0)
    if not entropy_bits > 0:
        return replace(empty, value_bits=value_bits)
    return replace(
        empty,
        point=found.point,
        multipliers=found.multipliers,
        entropy_bits=entropy_bits,
        value_bits=value_bits,
    )


def _worth(found: Certificate, lost: Allowance) -> float:
    """Return the bound that can be proven, whatever the rounding of the inputs, in nats."""
    if not np.abs(found.multipliers).max(initial=0.0) <= LARGEST:
        return -np.inf  # no proof file holds such multipliers
    worth = found.bound - lost.of(found.multipliers)
    return worth if np.isfinite(worth) else -np.inf


def _solved(
    task: Problem, declared: Declaration, lost: Allowance, start: Array | None, barrier: float
) -> tuple[Certificate, float]:
    """Return the best certificate, and the objective at a feasible point.

    Statistics that single out a face of the positive operators have no finite best multipliers. There several
    certificates are tried: those of the face's point, and those of statistics with a trace of white noise,
    which are inside. Each bounds the rate of the statistics themselves, and the highest is the best.
    """
    found: list[Certificate] = []
    value = np.inf
    fault = None
    try:
        solution = minimise(reduce(task, declared.symmetries), start, barrier)
    except InvalidInput as error:
        fault = error
    except np.linalg.LinAlgError as error:
        fault = _ill_conditioned(error)
    else:
        found, value = _certificates(task, solution.point, barrier), solution.value
        expected = 10 * (task.size + 2 * task.observed) * barrier
        if value - max(_worth(each, lost) for each in found) < expected:
            return max(found, key=lambda each: _worth(each, lost)), value
    white = np.eye(task.size) / np.trace(task.unit).real
    for share in WHITE:
        try:
            solution = minimise(reduce(_mixed(task, white, share), declared.symmetries), None, barrier)
            found.append(certify(task, solution.point, barrier))
        except (InvalidInput, np.linalg.LinAlgError) as error:
            fault = fault or (error if isinstance(error, InvalidInput) else _ill_conditioned(error))
            continue
        if not np.isfinite(value):
            value = objective(task, (solution.point - share * white) / (1 - share))
    if fault is not None and (not found or any(_impossible(task, each) for each in found)):
        raise fault
    return max(found, key=lambda each: _worth(each, lost)), value


def _impossible(task: Problem, found: Certificate) -> bool:
    """Return whether more follows than a key symbol can hide, rounding aside."""
    most = float(np.log(max(len(symbols) for symbols in task.key)))
    return found.bound > most * (1 + 1e-6) + 1e-9


def _ill_conditioned(error: Exception) -> InvalidInput:
    return InvalidInput("observations", f"are too ill-conditioned for the solver ({error})")


def _certificates(task: Problem, point: Array, barrier: float) -> list[Certificate]:
    """Return the certificate of a point inside, or those of one on a face."""
    if not on_boundary(point):
        return [certify(task, point, barrier)]
    return [certify_boundary(task, point, barrier, ceiling) for ceiling in CEILINGS]


def _mixed(task: Problem, white: Array, share: float) -> Problem:
    """Return the problem of statistics with some white noise."""
    aim = np.einsum("ijk,kj->i", task.operators, white).real
    low, high = ((1 - share) * end + share * aim for end in (task.low, task.high))
    return replace(task, low=low, high=high)


def prove_case(case: Case, *, start: Array | None = None, barrier: float = BARRIER) -> Proof:
    """Return the proof of a case; see `prove_declared`.

    Examples
    --------
    >>> round(prove_case(case_of("bb84-pairs", qber_z=0.01, qber_x=0.03, key_prob=0.5)).rate / 0.25, 6)
    0.724815
    """
    return prove_declared(
        case.declared,
        case.seen,
        title=case.title,
        leak_bits=case.leak_bits,
        security=case.security,
        share=case.share,
        adjustments=case.adjustments,
        decoys=case.decoys,
        start=case.start if start is None else start,
        barrier=barrier,
    )


def prove(
    protocol: Subject,
    seen: Seen | None = None,
    *,
    channel: Channel | None = None,
    leak_bits: float | None = None,
    f_ec: float | None = None,
    block: Block | None = None,
    title: str | None = None,
    barrier: float = BARRIER,
    **parameters: Any,
) -> Proof:
    """Return a certified lower bound on a protocol's key rate, with everything that a third party checks.

    Parameters
    ----------
    protocol : str, Protocol, Declaration, Setup or callable
        A name ("six-state", "bb84", "mub"), a protocol object, a declaration of one's own, a setup (decoy
        BB84, phase-shift keying) whose link's model says what is seen, or a family (parameters to Case).
    seen : Observations or mapping, optional
        What was seen: observations; (signal, outcome) to joint probability; or to counts.
    channel : callable, optional
        Instead: a density matrix sent to the one received.
    leak_bits : float, optional
        What error correction discloses, bits per signal; from the joint probabilities by default.
    f_ec : float, optional
        Otherwise its leakage over the Shannon limit; by default 1, the limit itself, or the setup's.
    block : Block, optional
        For a key of fixed length from one block; see `noclone.proofs.finite.norm_ball`. Against all attacks,
        and for keys of variable length, `noclone.proofs.finite.coherent` computes rates without a proof file.
    title : str, optional
        What it is a proof of.
    barrier : float
        Where the solver stops; smaller is tighter and slower.
    **parameters
        Instead of `seen` and `channel`: `qber`, the error rate that a depolarising channel gives in every
        basis; or `rotation` (radians), `amplitude_damping`, `dephasing`, `depolarising`, applied in this
        order. Besides, for a name, fields of the protocol, and for a family its own parameters.

    Raises
    ------
    InvalidInput
        If a name, a parameter or a declaration is wrong, or no channel gives what was seen.

    Notes
    -----
    Against collective attacks, for the devices declared; without a block, asymptotic. See `Proof.security`.

    Examples
    --------
    >>> proof = prove("six-state", qber=0.05)
    >>> round(proof.rate / 0.81, 6)
    0.496816
    """
    case = case_of(protocol, seen, channel=channel, leak_bits=leak_bits, f_ec=f_ec, block=block, **parameters)
    if title is not None:
        if not isinstance(title, str) or not title.isprintable():
            raise InvalidInput("title", f"must be text on one line, but is {title!r}")
        case = replace(case, title=title)
    return prove_case(case, barrier=barrier)
