"""Quaternary modulation whose test rounds are counted by coarse bins of Bob's heterodyne outcomes.

Moments of quadratures have no frequencies that a finite block could count. Bins do: sectors of phase space,
each cut by circles. The key is the sector.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.proofs.case import Case
from noclone.proofs.library.fock import rotation
from noclone.proofs.library.heterodyne import sector_operators, sector_probs
from noclone.proofs.library.phase_shift_keying import PhaseShiftKeying
from noclone.proofs.library.quaternary import EXACT_STATES, NoisyFibre, reconciled_bits
from noclone.proofs.library.thermal_loss import choi_operator
from noclone.proofs.observations import Event, Observations
from noclone.protocols.declaration import Declaration, Outcome, Signal, Symmetry
from noclone.protocols.reverse_reconciliation import INDEPENDENT, OSCILLATOR, receiver_assumption
from noclone.rates.security import Security

Array = NDArray[Any]
Floats = NDArray[np.float64]

SOURCE = "Navarro et al., arXiv:2511.10584 (bins); Lin, Upadhyaya, Lütkenhaus, Phys. Rev. X 9, 041064 (2019)"
COUNT = 4
"""States and sectors."""


def binned_quaternary(
    *,
    amplitude: float,
    length_km: float,
    excess_noise_snu: float,
    attenuation_db_per_km: float = 0.2,
    radii: tuple[float, ...] = (1.5, 4.0),
    cutoff: int = 6,
    reconciliation_efficiency: float = 1.0,
) -> Case:
    """Return the case of quaternary modulation with heterodyne detection in bins over a fibre.

    Parameters
    ----------
    amplitude : float
        Of every state.
    length_km, excess_noise_snu, attenuation_db_per_km : float
        Of `NoisyFibre`.
    radii : tuple of float
        Of the circles, ascending; an amplitude, of mean square 1 in the vacuum.
    cutoff : int
        The largest photon number in Bob's space.
    reconciliation_efficiency : float
        beta, the share of the mutual information that reconciliation yields.

    Raises
    ------
    InvalidInput
        If the radii do not ascend from above 0.

    Examples
    --------
    >>> case = binned_quaternary(amplitude=0.8, length_km=20, excess_noise_snu=0.01, cutoff=4)
    >>> len(case.seen.items), round(case.leak_bits, 6)
    (48, 1.779449)
    """
    if not (radii and radii[0] > 0 and np.isfinite(radii[-1]) and (np.diff(radii) > 0).all()):
        raise InvalidInput("radii", f"must ascend from above 0, but are {radii}")
    keying = PhaseShiftKeying(amplitude=amplitude, count=COUNT, cutoff=cutoff)
    fibre = NoisyFibre(
        length_km=length_km, excess_noise_snu=excess_noise_snu, attenuation_db_per_km=attenuation_db_per_km
    )
    through, photons = keying.received(fibre.transmittance, fibre.excess_noise_snu)
    received = float(np.sqrt(through) * amplitude)
    beyond = [sector_probs(COUNT, received, photons, radius) for radius in (0.0, *radii)]
    declared = _declared(keying, radii)
    table: dict[Event, float] = {}
    for k, sent in enumerate(keying.signals):
        for ring, probs in enumerate(_differences(np.array(beyond))):
            for z in range(COUNT):
                table[sent, _label(z, ring)] = float(probs[(z - k) % COUNT]) / COUNT
    return Case(
        f"Quaternary modulation of amplitude {amplitude:g}, heterodyne detection in {COUNT} sectors and "
        f"{len(radii) + 1} rings, {length_km:g} km, excess noise {excess_noise_snu:g}",
        declared,
        Observations.full(declared, table),
        reconciled_bits(declared, table, reconciliation_efficiency),
        Security(
            "collective",
            "asymptotic",
            (
                f"Eve never sends Bob more than {cutoff} photons (the cutoff).",
                EXACT_STATES,
                receiver_assumption(keying.trusted),
                OSCILLATOR,
                INDEPENDENT,
            ),
            SOURCE,
        ),
        start=choi_operator(keying.states, keying.points, through, photons, cutoff + 1),
    )


def relative_bins(declared: Declaration) -> dict[Event, Event]:
    """Return what to count as one: sectors turned with the state sent, and all but the inner ring as wholes.

    Every state looks alike in its own frame if the channel treats all alike, so that nothing is lost but the
    number of events.

    Parameters
    ----------
    declared : Declaration
        Of `binned_quaternary`.

    Examples
    --------
    >>> case = binned_quaternary(amplitude=0.8, length_km=20, excess_noise_snu=0.01, cutoff=4)
    >>> sorted(set(relative_bins(case.declared).values()))[:2]
    [('any state', 'ring 1'), ('any state', 'ring 2')]
    """
    found = {}
    for k, sent in enumerate(declared.signals):
        for ring in range(len(declared.outcomes) // COUNT):
            for z in range(COUNT):
                what = f"ring {ring}" if ring else f"turned by {(z - k) % COUNT}"
                found[sent, _label(z, ring)] = ("any state", what)
    return found


def _declared(keying: PhaseShiftKeying, radii: tuple[float, ...]) -> Declaration:
    size, angle = keying.cutoff + 1, 2 * np.pi / COUNT
    beyond = np.array([sector_operators(COUNT, size, 1.0, radius) for radius in (0.0, *radii)])
    outcomes, bits = {}, {}
    for ring, sectors in enumerate(_differences(beyond)):
        for z, element in enumerate(sectors):
            outcomes[_label(z, ring)] = Outcome(element, "")
            bits["", _label(z, ring)] = z
    signals = {
        name: Signal(1 / COUNT, state, k, "")
        for k, (name, state) in enumerate(zip(keying.signals, keying.states, strict=True))
    }
    symmetry = Symmetry(rotation(COUNT, -angle), rotation(size, angle))
    return Declaration(signals, outcomes, bits, {}, "reverse", (symmetry,))


def _differences(beyond: Array) -> Array:
    """Return what lies in each ring from what lies beyond each circle, the last ring being open."""
    found: Array = beyond.copy()
    found[:-1] -= beyond[1:]
    return found


def _label(sector: int, ring: int) -> str:
    return f"sector {sector}, ring {ring}"
