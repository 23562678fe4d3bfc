"""From a setup to the case of its proof, where the link's model says all that a proof needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link import WeakCoherentSource
from noclone.link.coherent import CoherentReceiver, DiscreteModulation
from noclone.proofs.case import Case
from noclone.proofs.library.decoy_bb84 import decoy_bb84_case
from noclone.proofs.library.phase_shift_keying import PhaseShiftKeying
from noclone.proofs.library.quaternary import NoisyFibre, seen_over
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.protocols.discrete_modulation import DiscreteModulationQKD
from noclone.setup import Setup

PHASES = {"bpsk": 2, "qpsk": 4, "8psk": 8}
"""States of the constellations of which a proof is known."""


def setup_case(setup: Setup, f_ec: float | None = None) -> Case:
    """Return the case of decoy-state BB84, or of phase-shift keying, on a setup's link.

    Parameters
    ----------
    setup : Setup
        One link, no grid.
    f_ec : float, optional
        Leakage of error correction over the Shannon limit; the protocol's by default.

    Raises
    ------
    InvalidInput
        If the protocol is another, or its devices are not covered.

    Examples
    --------
    >>> from noclone.setup import load
    >>> setup_case(load("decoy-bb84")).title
    'BB84 with decoy states: decoy-bb84'
    """
    link, protocol = setup.link, setup.protocol
    if isinstance(protocol, DecoyBB84) and isinstance(link.alice, WeakCoherentSource):
        case = decoy_bb84_case(link, protocol, f_ec)
        return replace(case, title=f"{protocol.TITLE}: {setup.name}") if setup.name else case
    if not isinstance(protocol, DiscreteModulationQKD):
        raise InvalidInput(
            f"protocol {protocol.NAME!r}",
            "has no proof from the model of a link; decoy-state BB84 with weak pulses and phase-shift keying "
            "have, and others from an error rate (qber) or from what was seen",
        )
    source, receiver, segments = link.alice, link.bob, list(link.segments())
    assert isinstance(source, DiscreteModulation)
    assert isinstance(receiver, CoherentReceiver)
    if source.constellation not in PHASES:
        raise InvalidInput(
            "alice.constellation",
            f"must be one of {', '.join(PHASES)} for a proof, but is {source.constellation}",
        )
    if len(segments) != 1 or np.ndim(segments[0][1][0]):
        raise InvalidInput("channel", "must be one of constant transmittance for a proof")
    keying = PhaseShiftKeying(
        amplitude=float(np.sqrt(source.modulation_variance_snu / 2)),
        count=PHASES[source.constellation],
        detection=receiver.detection,
        efficiency=receiver.efficiency,
        electronic_noise_snu=receiver.electronic_noise_snu,
        trusted=receiver.trusted,
        reconciliation_efficiency=protocol.reconciliation_efficiency,
    )
    if receiver.adc_bits:
        raise InvalidInput("bob.adc_bits", f"must be 0 for a proof, but is {receiver.adc_bits}")
    loss_db = -10 * float(np.log10(segments[0][1][0]))
    case = seen_over(
        keying,
        NoisyFibre(length_km=loss_db, excess_noise_snu=source.excess_noise_snu, attenuation_db_per_km=1.0),
    )
    good = 1 - protocol.frame_error_rate
    title = f"{protocol.TITLE}: {setup.name or source.constellation}"
    return replace(case, title=title, share=good, leak_bits=good * case.leak_bits)
