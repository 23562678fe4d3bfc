"""Proofs of quaternary modulation, and of other phase-shift keying, over a lossy and noisy line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from noclone.core.fields import Described, number
from noclone.proofs.case import Case
from noclone.proofs.library.dimension_reduction import (
    BEYOND,
    correction_bits,
    flagged_start,
    tail,
)
from noclone.proofs.library.phase_shift_keying import PhaseShiftKeying
from noclone.proofs.library.thermal_loss import choi_operator
from noclone.proofs.observations import Event, Observation, Observations
from noclone.protocols.declaration import Declaration
from noclone.protocols.reverse_reconciliation import INDEPENDENT, OSCILLATOR, receiver_assumption
from noclone.rates.security import Security

Array = NDArray[Any]
Floats = NDArray[np.float64]


SOURCE = (
    "Lin, Upadhyaya, Lütkenhaus, Phys. Rev. X 9, 041064 (2019); Lin, Lütkenhaus, Phys. Rev. Applied 14, "
    "064030 (2020); Liu et al., PRX Quantum 2, 040334 (2021); Upadhyaya et al., PRX Quantum 2, 020325 (2021)"
)
EXACT_STATES = "Alice sends exactly the declared coherent states."
LEAST_WIDTH = 1e-11
"""Of the ranges of what the cutoff changes; a solver has no room in narrower ones."""


@dataclass(frozen=True, kw_only=True)
class NoisyFibre(Described):
    """A fibre that loses light and adds Gaussian noise.

    Examples
    --------
    >>> NoisyFibre(length_km=50, excess_noise_snu=0.01).transmittance
    0.1
    """

    length_km: float = number("length", unit="km", low=0, high=1000)
    excess_noise_snu: float = number(
        "noise of either quadrature beyond the vacuum's, referred to the input",
        unit="shot-noise units",
        low=0,
        high=10,
    )
    attenuation_db_per_km: float = number("attenuation", 0.2, unit="dB/km", low=0, high=10)

    @property
    def transmittance(self) -> float:
        """The share of the light that arrives."""
        return float(10 ** (-self.attenuation_db_per_km * self.length_km / 10))


def seen_over(keying: PhaseShiftKeying, fibre: NoisyFibre) -> Case:
    """Return the case of phase-shift keying whose parties see exactly what a fibre gives.

    Parameters
    ----------
    keying : PhaseShiftKeying
    fibre : NoisyFibre

    Examples
    --------
    >>> keying = PhaseShiftKeying(amplitude=0.35, reconciliation_efficiency=1.0)
    >>> case = seen_over(keying, NoisyFibre(length_km=60, excess_noise_snu=0.05))
    >>> round(case.leak_bits, 6)
    1.992925
    """
    through, photons = keying.received(fibre.transmittance, fibre.excess_noise_snu)
    points = np.sqrt(through) * keying.points
    means = {
        "q": 2 * points.real,
        "p": 2 * points.imag,
        "n": np.abs(points) ** 2 + photons,
        "q²-p²": 4 * (points**2).real,
        "qp+pq": 4 * (points**2).imag,
    }
    start = choi_operator(keying.states, keying.points, through, photons, keying.cutoff + 1)
    case = Case(
        f"Phase-shift keying, {keying.count} states of amplitude {keying.amplitude:g}, {keying.detection} "
        f"detection, {fibre.length_km:g} km, excess noise {fibre.excess_noise_snu:g}",
        keying.declared,
        keying.seen(means),
        reconciled_bits(keying.declared, keying.joint(through, photons), keying.reconciliation_efficiency),
        Security("collective", "asymptotic", _assumptions(keying), SOURCE),
        start=start,
    )
    order = keying.tail_order
    if not order:
        return case
    moments = [factorial(j) * photons**j for j in range(1, order + 1)]
    beyond = tail(float(abs(points[0])), moments, keying.cutoff)
    quadrature, square = max(beyond.quadrature, LEAST_WIDTH), max(beyond.square, LEAST_WIDTH)
    wide = {"q": quadrature, "p": quadrature, "q²-p²": square, "qp+pq": square}
    weight = max(beyond.weight, LEAST_WIDTH)
    weights = tuple(
        Observation(f"{signal}→{BEYOND}", {(signal, BEYOND): 1.0}, 0.0, weight / keying.count)
        for signal in keying.signals
    )
    ranges = keying.seen(means, {**wide, "n": max(beyond.photons, LEAST_WIDTH)}, wide)
    symbols = len(set(keying.declared.bits.values()))
    return replace(
        case,
        seen=Observations((*ranges.items, *weights)),
        adjustments=(("cutoff", -correction_bits(beyond.weight, symbols)),),
        start=flagged_start(start, (keying.count, keying.cutoff + 1)),
    )


def _assumptions(keying: PhaseShiftKeying) -> tuple[str, ...]:
    """Return what must be true; the cutoff, where nothing bounds what lies beyond it, comes first."""
    known = (EXACT_STATES, receiver_assumption(keying.trusted), OSCILLATOR, INDEPENDENT)
    if keying.tail_order:
        return known
    return (f"Eve never sends Bob more than {keying.cutoff} photons (the cutoff).", *known)


def reconciled_bits(declared: Declaration, table: Mapping[Event, float], efficiency: float) -> float:
    """Return what error correction discloses: the sum over announcements of p_c [H(Z) - beta I(X;Z)].

    Parameters
    ----------
    declared : Declaration
        With reverse reconciliation.
    table : mapping
        (signal, outcome) to joint probability.
    efficiency : float
        beta.

    Examples
    --------
    >>> keying = PhaseShiftKeying(amplitude=0.7)
    >>> round(reconciled_bits(keying.declared, keying.joint(0.1, 0.0005), 1.0), 6)
    1.955515
    """
    groups: dict[str, Floats] = {}
    symbols = 1 + max(declared.bits.values())
    for (sent, seen), prob in table.items():
        pair = declared.symbols(sent, seen)
        if pair is not None:
            said = declared.outcomes[seen].announced
            groups.setdefault(said, np.zeros((len(declared.signals), symbols)))[pair] += prob
    total = 0.0
    for joint in groups.values():
        entropy = entr(joint.sum(axis=0)).sum() - entr(joint.sum())
        left = entr(joint).sum() - entr(joint.sum(axis=1)).sum()
        total += entropy - efficiency * (entropy - left)
    return float(total / np.log(2))


def quaternary(
    *,
    amplitude: float,
    length_km: float,
    excess_noise_snu: float,
    attenuation_db_per_km: float = 0.2,
    count: int = 4,
    detection: str = "heterodyne",
    cutoff: int = 10,
    tail_order: int = 0,
    efficiency: float = 1.0,
    electronic_noise_snu: float = 0.0,
    trusted: bool = True,
    discarded_snu: float = 0.0,
    reconciliation_efficiency: float = 0.95,
) -> Case:
    """Return the case of quaternary modulation over a fibre: `PhaseShiftKeying` and `seen_over` in one.

    Parameters
    ----------
    length_km, excess_noise_snu, attenuation_db_per_km : float
        Of `NoisyFibre`.
    amplitude, count, detection, cutoff, tail_order : float, int, str, int, int
        Of `PhaseShiftKeying`.
    efficiency, electronic_noise_snu, trusted : float, float, bool
        Of `PhaseShiftKeying`.
    discarded_snu, reconciliation_efficiency : float
        Of `PhaseShiftKeying`.

    Examples
    --------
    >>> case = quaternary(amplitude=0.7, length_km=50, excess_noise_snu=0.01, efficiency=0.6)
    >>> case.start.shape, case.security.assumptions[0]
    ((44, 44), 'Eve never sends Bob more than 10 photons (the cutoff).')
    """
    keying = PhaseShiftKeying(
        amplitude=amplitude,
        count=count,
        detection=detection,
        cutoff=cutoff,
        tail_order=tail_order,
        efficiency=efficiency,
        electronic_noise_snu=electronic_noise_snu,
        trusted=trusted,
        discarded_snu=discarded_snu,
        reconciliation_efficiency=reconciliation_efficiency,
    )
    fibre = NoisyFibre(
        length_km=length_km, excess_noise_snu=excess_noise_snu, attenuation_db_per_km=attenuation_db_per_km
    )
    return seen_over(keying, fibre)


FAMILIES = {"quaternary": quaternary}
