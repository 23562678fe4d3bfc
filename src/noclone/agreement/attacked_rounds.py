"""B92 and coherent one-way under attack: what the parties see, what their bound says, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from noclone.agreement.attacked_pulses import Left
from noclone.link import Link
from noclone.proofs.case import collective
from noclone.proofs.library.lossy import NO_CLICK, with_loss
from noclone.proofs.observations import Observation, Observations
from noclone.proofs.proving import prove_declared
from noclone.protocols.b92 import B92
from noclone.protocols.cow import CoherentOneWay
from noclone.protocols.protocol import Protocol
from noclone.protocols.round_attack import RoundAttack
from noclone.protocols.strong_reference_b92 import StrongReferenceB92
from noclone.rates.coherent_one_way import visibility_phase_error
from noclone.rates.entropy import binary_entropy
from noclone.rates.strong_reference_b92 import phase_errors

LEGACY = "the rate is no proof: it takes the visibility of neighbouring pulses for all that Eve can do"
"""What coherent one-way lacks."""


def round_links() -> tuple[tuple[str, Link, Protocol], ...]:
    """Return the links on which attacks on rounds are looked at, each with a name and its protocol.

    Examples
    --------
    >>> [name for name, _, _ in round_links()]
    ['B92, 10 km', 'B92, 40 km', 'B92 with a strong reference, 50 km', 'COW, 100 km']
    """
    return (
        ("B92, 10 km", B92.typical(10.0)[0], B92(overlap=0.7)),
        ("B92, 40 km", B92.typical(40.0)[0], B92(overlap=0.7)),
        ("B92 with a strong reference, 50 km", *StrongReferenceB92.typical(50.0)),
        ("COW, 100 km", *CoherentOneWay.typical(100.0)),
    )


def rounds_left(attack: RoundAttack, protocol: Protocol, link: Link) -> Left:
    """Return what an attack leaves of a protocol that is played round by round.

    Notes
    -----
    B92 is certified for single photons with their loss; with a strong reference by Koashi, PRL 93, 120501
    (2004). Coherent one-way has the legacy rate of Branciard et al., New J. Phys. 10, 013031 (2008).

    Examples
    --------
    >>> from noclone.attacks import UnambiguousDiscrimination
    >>> _, link, b92 = round_links()[1]
    >>> [round(number, 6) for number in rounds_left(UnambiguousDiscrimination(), b92, link)[2:]]
    [0.0, 0.0]
    """
    seen, touched = (
        {name: float(np.asarray(value)) for name, value in each.statistics(protocol, link).items()}
        for each in (attack, replace(attack, fraction=1.0))
    )
    kept, wrong = ("kept", "wrong") if isinstance(protocol, CoherentOneWay) else ("conclusive", "error")
    gain = seen[kept]
    known = attack.fraction * touched[kept] / gain * attack.information(protocol, link)
    certified = _certified_bits(protocol, link, seen)
    return Left(gain, seen[wrong] / gain, certified, 1 - known)


def _certified_bits(protocol: Protocol, link: Link, seen: Mapping[str, float]) -> float:
    """Return the bits per kept bit that a protocol's bound says Eve lacks."""
    if isinstance(protocol, B92):
        return _b92_bits(protocol, seen)
    intensity = link.alice.intensities[0]
    if isinstance(protocol, StrongReferenceB92):
        ((_, (transmittance,)),) = link.segments()
        oscillator = intensity * link.detectors("bob").efficiency * transmittance
        errors = phase_errors(intensity, oscillator, seen["conclusive"], seen["error"])
        phase_error = errors / seen["conclusive"]
    else:
        bright, faint = seen["monitor bright"], seen["monitor faint"]
        phase_error = visibility_phase_error((bright - faint) / (bright + faint), intensity)
    return float(1 - binary_entropy(phase_error))


def _b92_bits(protocol: B92, seen: Mapping[str, float]) -> float:
    declared = with_loss(protocol.declaration())
    bits = ("0", "1")
    events = {
        "click": {(sent, what): 1.0 for sent in bits for what in declared.outcomes if what != NO_CLICK},
        "conclusive": {(sent, f"not {bit}"): 1.0 for sent in bits for bit in bits},
        "error": {(bit, f"not {bit}"): 1.0 for bit in bits},
    }
    items = (Observation(name, weights, seen[name], seen[name]) for name, weights in events.items())
    proof = prove_declared(
        declared, Observations(tuple(items)), title="B92", leak_bits=0.0, security=collective()
    )
    return proof.entropy_bits / seen["conclusive"]
