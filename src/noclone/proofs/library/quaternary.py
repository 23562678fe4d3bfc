"""Proofs of quaternary modulation, and of other phase-shift keying, over a lossy and noisy line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, number
from noclone.proofs.case import Case
from noclone.proofs.library.dimension_reduction import (
    BEYOND,
    correction_bits,
    flagged_start,
    tail,
)
from noclone.proofs.library.fock import moment_operators
from noclone.proofs.library.phase_shift_keying import MOST_CUTOFF, PhaseShiftKeying
from noclone.proofs.library.thermal_loss import choi_operator, cut_off, weight_beyond
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
MOST_BEYOND = 1e-6
"""How probable it may be that the modelled light exceeds a cutoff that is assumed."""


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
    """Return the case of phase-shift keying whose parties see what a fibre gives.

    Where the cutoff is assumed, they see what a channel gives that keeps to it: the fibre's, cut off and
    normalised (`thermal_loss.cut_off`). The fibre's own means differ by little, but belong to no channel
    below the cutoff, and a bound from them would be one on nothing.

    Parameters
    ----------
    keying : PhaseShiftKeying
    fibre : NoisyFibre

    Raises
    ------
    InvalidInput
        If the light exceeds an assumed cutoff with a probability above 1e-6.

    Examples
    --------
    >>> keying = PhaseShiftKeying(amplitude=0.35, reconciliation_efficiency=1.0)
    >>> case = seen_over(keying, NoisyFibre(length_km=60, excess_noise_snu=0.05))
    >>> round(case.leak_bits, 6)
    1.992925
    """
    through, photons = keying.received(fibre.transmittance, fibre.excess_noise_snu)
    amplitude = float(np.sqrt(through)) * keying.amplitude
    channel = choi_operator(keying.states, keying.points, through, photons, keying.cutoff + 1)
    case = Case(
        f"Phase-shift keying, {keying.count} states of amplitude {keying.amplitude:g}, {keying.detection} "
        f"detection, {fibre.length_km:g} km, excess noise {fibre.excess_noise_snu:g}",
        keying.declared,
        Observations(()),
        reconciled_bits(keying.declared, keying.joint(through, photons), keying.reconciliation_efficiency),
        Security("collective", "asymptotic", _assumptions(keying), SOURCE),
    )
    if keying.tail_order:
        return _with_flag(case, keying, channel, amplitude, photons)
    beyond = weight_beyond(keying.cutoff, amplitude, photons)
    if beyond > MOST_BEYOND:
        raise InvalidInput("cutoff", _too_small(keying, amplitude, photons))
    return _cut_off(case, keying, channel, beyond)


def _assumptions(keying: PhaseShiftKeying) -> tuple[str, ...]:
    return (EXACT_STATES, receiver_assumption(keying.trusted), OSCILLATOR, INDEPENDENT)


def _cut_off(case: Case, keying: PhaseShiftKeying, channel: Array, beyond: float) -> Case:
    """Return the case of parties who see what a channel gives that stays below the cutoff by assumption."""
    size = keying.cutoff + 1
    start = cut_off(channel, (keying.count, size))
    blocks = start.reshape(keying.count, size, keying.count, size)
    received = np.einsum("ki,kj,injm->knm", keying.states, keying.states.conj(), blocks)
    means = {
        name: np.einsum("knm,mn->k", received, operator).real
        for name, operator in moment_operators(size).items()
    }
    assumption = (
        f"Eve never sends Bob more than {keying.cutoff} photons (the cutoff); the modelled light does so "
        f"with probability {beyond:.1g}."
    )
    security = replace(case.security, assumptions=(assumption, *case.security.assumptions))
    return replace(case, seen=keying.seen(means), security=security, start=start)


def _too_small(keying: PhaseShiftKeying, amplitude: float, photons: float) -> str:
    """Return what is wrong with a cutoff, and the least one that is large enough."""
    beyond = weight_beyond(keying.cutoff, amplitude, photons)
    for enough in range(keying.cutoff + 1, MOST_CUTOFF + 1):
        if weight_beyond(enough, amplitude, photons) <= MOST_BEYOND:
            break
    else:
        return f"cannot be large enough: the light has more than {MOST_CUTOFF} photons too often"
    return (
        f"must be at least {enough}, but is {keying.cutoff}: the modelled light has more photons with "
        f"probability {beyond:.2g}"
    )


def _with_flag(
    case: Case, keying: PhaseShiftKeying, channel: Array, amplitude: float, photons: float
) -> Case:
    """Return the case of parties who bound what lies beyond the cutoff, and pay for it."""
    points = amplitude / keying.amplitude * keying.points
    means = {
        "q": 2 * points.real,
        "p": 2 * points.imag,
        "n": np.abs(points) ** 2 + photons,
        "q²-p²": 4 * (points**2).real,
        "qp+pq": 4 * (points**2).imag,
    }
    moments = [factorial(j) * photons**j for j in range(1, keying.tail_order + 1)]
    beyond = tail(amplitude, moments, keying.cutoff)
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
        start=flagged_start(channel, (keying.count, keying.cutoff + 1)),
    )


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
    >>> case.start.shape
    (44, 44)
    >>> case.security.assumptions[0].split(";")[0]
    'Eve never sends Bob more than 10 photons (the cutoff)'
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
