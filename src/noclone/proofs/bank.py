r"""Certificates kept for sources and observations that nobody has asked about yet.

A certificate bounds Eve's ignorance whatever the values of its constraints are, so the best of many gives a
proof in microseconds. It serves other sources too: where all signals of another source are one linear map of
those here, a'_x = L^dagger a_x for the vectors a_x = sqrt(p_x) phi_x^* (as between any two sources of
independent signals; coherent states of any amplitude), X = L X' L^dagger turns one optimisation into the
other, and nothing changes but the values of what Alice knows of her own source: tr_B X = L L^dagger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.files import write_bytes
from noclone.proofs.case import Case
from noclone.proofs.observations import Observations
from noclone.proofs.problem import hermitian_basis, problem
from noclone.proofs.proof import Proof, document, from_document
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import case_of
from noclone.protocols import Protocol
from noclone.protocols.declaration import Declaration, Signal

Array = NDArray[Any]
Floats = NDArray[np.float64]

BARRIER = 1e-7
"""Where the solver stops: between the points of a grid a bound loses more than it gains by going on."""
SAME = 1e-12
"""How far the signals of two sources may be from one linear map of each other."""
NOISE = 1e-14
"""Parts of such a map that are smaller come from rounding."""


@dataclass(frozen=True, eq=False)
class CertificateBank:
    """Many certificates of one measurement and key, all carried over to one source.

    Attributes
    ----------
    first : Proof
        The one whose source, measurement, key and observables are those of the bank.
    points : ndarray, shape (K, n, n)
    multipliers : ndarray, shape (K, m)
    shifts : ndarray, shape (K,)
        In nats.

    Examples
    --------
    >>> bank = CertificateBank.build("six-state", [{"qber": 0.01}, {"qber": 0.03}, {"qber": 0.05}])
    >>> case = case_of("six-state", qber=0.02)
    >>> round(bank.rate(case), 4), round(prove_case(case).rate, 4)
    (0.6128, 0.614)
    >>> bank.proof(case).verify().accepted
    True
    """

    first: Proof
    points: Array
    multipliers: Floats
    shifts: Floats

    @classmethod
    def build(
        cls,
        protocol: str | Protocol | Declaration | Callable[..., Case],
        grid: Iterable[Mapping[str, Any]],
        barrier: float = BARRIER,
    ) -> Self:
        """Return the bank of certificates of a protocol at the points of a grid.

        Parameters
        ----------
        protocol : str, Protocol, Declaration or callable
            As for `prove`.
        grid : iterable of mapping
            Parameters of each point, as for `prove`.
        barrier : float
            As for `prove`.

        Raises
        ------
        InvalidInput
            If the grid is empty, its points need different measurements, keys or observables, or sources
            that are no linear maps of each other, or if a point is no case of the protocol.
        """
        return cls.of_proofs(prove_case(case_of(protocol, **point), barrier=barrier) for point in grid)

    @classmethod
    def of_proofs(cls, proofs: Iterable[Proof]) -> Self:
        """Return the bank of the certificates of proofs; see `build`."""
        kept = list(proofs)
        if not kept:
            raise InvalidInput("grid", "must have at least one point")
        bank = cls(kept[0], np.empty(0), np.empty(0), np.empty(0))
        points, multipliers, shifts = [], [], []
        for proof in kept:
            back = np.linalg.inv(bank._link(proof.declared, proof.seen))
            point, y = _carried(bank._basis, proof.point, proof.multipliers, back)
            points.append(point)
            multipliers.append(y)
            allowed = problem(proof.declared, proof.seen).support(proof.multipliers)
            shifts.append(proof.entropy_bits * np.log(2) - allowed)
        return cls(kept[0], np.array(points), np.array(multipliers), np.array(shifts))

    def __len__(self) -> int:
        return len(self.shifts)

    def bounds(self, seen: Observations, declared: Declaration | None = None) -> Floats:
        """Return every certificate's bound on Eve's ignorance, in bits per signal that is declared.

        Parameters
        ----------
        seen : Observations
            Of the bank's observables, with any values, ranges and radius.
        declared : Declaration, optional
            The protocol with the source that was used; the bank's own if not given.

        Returns
        -------
        ndarray, shape (K,)

        Raises
        ------
        InvalidInput
            If anything but the source and the values differs from the bank's.
        """
        link = self._link(declared, seen)
        source = (self._basis.reshape(len(self._basis), -1) @ (link @ link.conj().T).T.ravel()).real
        y = self.multipliers[:, len(source) :]
        low = np.array([item.low for item in seen.items])
        high = np.array([item.high for item in seen.items])
        nats = self.multipliers[:, : len(source)] @ source + self.shifts
        nats += y @ low
        if (high > low).any():
            nats += np.minimum(y, 0) @ (high - low)
        if seen.radius:
            nats -= seen.radius * np.abs(y).max(axis=1)
        found: Floats = nats / np.log(2)
        return found

    def rate(self, case: Case) -> float:
        """Return the best bound on the secret bits per signal; its `proof` can be verified."""
        entropy = max(float(self.bounds(case.seen, case.declared).max()), 0.0)
        return case.share * entropy + sum(bits for _, bits in case.adjustments) - case.leak_bits

    def proof(self, case: Case) -> Proof:
        """Return the best certificate as a proof, which can be verified and saved like any other.

        As nothing has been solved, its `value_bits` is only what a key symbol can at most hold.
        """
        bounds = self.bounds(case.seen, case.declared)
        best = int(np.argmax(bounds))
        link = self._link(case.declared, case.seen)
        point, y = _carried(self._basis, self.points[best], self.multipliers[best], link)
        read = {signal.bit for signal in case.declared.signals.values()}
        return Proof(
            case.title,
            case.declared,
            case.seen,
            point,
            y,
            max(float(bounds[best]), 0.0),
            float(np.log2(len(read | set(case.declared.bits.values())))),
            case.leak_bits,
            case.security,
            case.share,
            case.adjustments,
            case.decoys,
        )

    def save(self, path: str | Path) -> None:
        """Write the bank as an NPZ file; nothing is left behind where that fails."""
        rows, columns = np.triu_indices(self.points.shape[-1])
        file = BytesIO()
        np.savez_compressed(
            file,
            first=np.array(json.dumps(document(self.first))),
            points=self.points[:, rows, columns],
            multipliers=self.multipliers,
            shifts=self.shifts,
        )
        write_bytes(path, file.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the bank in a file that `save` wrote, without checking its certificates.

        Raises
        ------
        InvalidInput
            If the file cannot be read or is no bank.
        """
        try:
            with np.load(path) as file:
                first = from_document(json.loads(str(file["first"])))
                upper, multipliers, shifts = file["points"], file["multipliers"], file["shifts"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InvalidInput(str(path), f"is no bank of certificates that can be read ({error})") from error
        size = len(first.point)
        rows, columns = np.triu_indices(size)
        points = np.zeros((len(upper), size, size), complex)
        points[:, columns, rows] = upper.conj()
        points[:, rows, columns] = upper
        return cls(first, points, multipliers, shifts)

    @cached_property
    def _basis(self) -> Array:
        """Operators of Alice's side whose values the source alone sets, shape (k, D, D)."""
        size = self.first.declared.dimensions[0]
        if not self.first.declared.sent:
            # Of a pair only the trace is known: 1, as the link is the identity.
            return np.eye(size)[None] / size
        return np.array([each for _, each, _ in hermitian_basis(size)])

    @cached_property
    def _signals(self) -> tuple[Array, Array]:
        """The bank's a_x as columns, and their pseudo-inverse."""
        own = _vectors(self.first.declared)
        return own, np.linalg.pinv(own)

    @cached_property
    def _rest(self) -> tuple[Any, ...]:
        """All that is not the source."""
        own = self.first.declared
        return _terms(own), _measured(own), _asked(self.first.seen)

    def _link(self, declared: Declaration | None, seen: Observations) -> Array:
        """Return L of a source, after a check that everything else is as in the bank."""
        own = self.first.declared
        terms, measured, asked = self._rest
        if _asked(seen) != asked:
            raise InvalidInput("observations", "must be of the bank's observables, in their order")
        identity = np.eye(own.dimensions[0])
        if declared is None or declared is own:
            return identity
        if _terms(declared) != terms or not np.array_equal(measured, _measured(declared)):
            raise InvalidInput("declared", "must have the measurement and the key of the bank")
        if not own.sent:
            if any(
                not np.array_equal(each.operator, declared.signals[name].operator)
                for name, each in own.signals.items()
            ):
                raise InvalidInput("declared", "must have the readings of the bank")
            return identity
        vectors, inverse = self._signals
        theirs = _vectors(declared)
        link: Array = (theirs @ inverse).conj().T
        gap = float(np.abs(theirs - link.conj().T @ vectors).max())
        if gap > SAME:
            raise InvalidInput(
                "declared",
                f"must have signals that are one linear map of the bank's, but they are off by {gap:.3g}",
            )
        link.real[np.abs(link.real) < NOISE] = 0
        link.imag[np.abs(link.imag) < NOISE] = 0
        return link


def _vectors(declared: Declaration) -> Array:
    """Return the signals' a_x = sqrt(p_x) phi_x^* as columns."""
    signals = [signal for signal in declared.signals.values() if isinstance(signal, Signal)]
    probs = np.array([signal.prob for signal in signals])
    vectors: Array = np.array([signal.state for signal in signals]).conj().T * np.sqrt(probs)
    return vectors


def _terms(declared: Declaration) -> tuple[Any, ...]:
    """Return what of a protocol is not numbers, and the dimensions."""
    return (
        [(name, type(s), s.bit, s.announced, s.prepared) for name, s in declared.signals.items()],
        [(name, outcome.announced) for name, outcome in declared.outcomes.items()],
        list(declared.moments),
        declared.bits,
        declared.reconciliation,
        declared.dimensions,
    )


def _measured(declared: Declaration) -> Array:
    """Return all operators of Bob's, shape (k, d, d)."""
    elements = (outcome.element for outcome in declared.outcomes.values())
    return np.array([*elements, *declared.moments.values()])


def _asked(seen: Observations) -> list[tuple[str, Mapping[tuple[str, str], float]]]:
    """Return what was asked for: observations without their values."""
    return [(item.name, item.weights) for item in seen.items]


def _carried(basis: Array, point: Array, multipliers: Floats, link: Array) -> tuple[Array, Floats]:
    """Return a certificate's point and multipliers for the source that a link leads to; its shift stays."""
    alice, inverse = len(link), np.linalg.inv(link)
    other = len(point) // alice
    square = point.reshape(alice, other, alice, other)
    moved = np.einsum("ai,injm,bj->anbm", inverse, square, inverse.conj()).reshape(point.shape)
    known = link.conj().T @ np.tensordot(multipliers[: len(basis)], basis, 1) @ link
    flat = basis.reshape(len(basis), -1)
    y = (flat.conj() @ known.ravel()).real / (np.abs(flat) ** 2).sum(axis=1)
    return (moved + moved.conj().T) / 2, np.concatenate((y, multipliers[len(basis) :]))
