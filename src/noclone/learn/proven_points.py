"""Proven points, and what every certificate among them says of every other point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.seeds import stream
from noclone.learn.tasks.quaternary_key_rates import RANGES, KeyRates
from noclone.proofs.bank import CertificateBank
from noclone.proofs.case import Case
from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.observations import Observations
from noclone.proofs.proof import Proof
from noclone.proofs.proving import prove_case

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Split = tuple[Indices, Indices]
"""Numbers of the points that count as proven, and of those for tests."""

QUIET = 2 / 3
"""Of the range of the noise, what is proven where tests are noisier."""


def case_at(detection: str, length_km: float, excess_noise_snu: float, amplitude: float) -> Case:
    """Return the case of a point, as the proofs' library has it; the cutoff is 10 photons."""
    return quaternary(
        detection=detection, length_km=length_km, excess_noise_snu=excess_noise_snu, amplitude=amplitude
    )


def reference(detection: str) -> Case:
    """Return the case in the middle of the ranges, whose source certificates are carried over to."""
    return case_at(detection, *(sum(between) / 2 for between in RANGES.values()))


def features(seen: Observations, amplitude: float) -> Floats:
    """Return what the parties know: four moments for each of four states, as observed, and the amplitude.

    The moments are those of both quadratures, in the frame of the state sent, of the photon number and of the
    difference of the squared quadratures, each times the state's probability 1/4.

    Parameters
    ----------
    seen : Observations
    amplitude : float

    Returns
    -------
    ndarray, shape (17,)

    Examples
    --------
    >>> case = case_at("heterodyne", length_km=50, excess_noise_snu=0.01, amplitude=0.6)
    >>> features(case.seen, 0.6)[[0, 2, 16]].round(6).tolist()
    [0.094868, 0.009125, 0.6]
    """
    return np.array([*(item.low for item in seen.items), amplitude])


@dataclass(frozen=True, eq=False)
class ProvenPoints:
    """Points of one kind of detection, with their certificates.

    Attributes
    ----------
    detection : str
    known : KeyRates
    """

    detection: str
    known: KeyRates

    @cached_property
    def cases(self) -> list[Case]:
        """Every point as a case."""
        return [case_at(self.detection, *map(float, point)) for point in self.known.points]

    @cached_property
    def first(self) -> Proof:
        """The proof whose source certificates are carried over to."""
        return prove_case(reference(self.detection))

    def bank(self, which: Indices) -> CertificateBank:
        """Return the bank of some points' certificates, for bounds only: it has no points X0."""
        return CertificateBank(
            self.first, np.empty(0), self.known.multipliers[which], self.known.shifts[which]
        )

    @cached_property
    def values(self) -> Floats:
        """What multipliers are multiplied with, shape (n, m), in units that give bits."""
        count = self.known.multipliers.shape[1]
        units = CertificateBank(self.first, np.empty(0), np.eye(count), np.zeros(count))
        return np.array([units.bounds(case.seen, case.declared) for case in self.cases])

    @cached_property
    def bounds(self) -> Floats:
        """What every certificate says of the rate at every point, shape (points, certificates)."""
        entropies = self.values @ self.known.multipliers.T + self.known.shifts / np.log(2)
        found: Floats = entropies - self.known.leaks[:, None]
        return found

    def alike(self, seed: int, proven: int) -> Split:
        """Return random points that count as proven, and all others as tests."""
        return self._split(np.ones(len(self.known), bool), seed, proven)

    def noisier(self, seed: int, proven: int) -> Split:
        """Return random points from the lower part of the noise, and as tests all from the upper part."""
        low, high = RANGES["excess_noise_snu"]
        quiet = self.known.points[:, list(RANGES).index("excess_noise_snu")] <= low + QUIET * (high - low)
        have, _ = self._split(quiet, seed, proven)
        return have, np.flatnonzero(~quiet)

    def _split(self, among: NDArray[np.bool_], seed: int, proven: int) -> Split:
        order = stream(seed, "surrogates").permutation(np.flatnonzero(among))
        if not 0 < proven < len(order):
            raise InvalidInput("proven", f"must lie between 0 and {len(order)}, but is {proven}")
        return order[:proven], order[proven:]
