"""Proofs for weak pulses: single photons are proven, empty pulses counted, all others given to Eve.

The phase of each pulse is random, so that it is a mixture of photon numbers and Eve may know which. Her
ignorance is then the sum over photon numbers, and no term is negative.
"""

from __future__ import annotations

from noclone.proofs.case import Case, collective
from noclone.proofs.decoys import Decoys
from noclone.proofs.decoys_check import EMPTY, vacuum_bits
from noclone.protocols.declaration import Declaration, Signal
from noclone.rates.security import IDEAL_LASER

NOTHING_SENT = "an empty pulse carries nothing of Alice's symbol, in no other degree of freedom either"
"""Why empty pulses count as secret, and cause errors as often as right results."""


def photon_number_case(
    title: str,
    declared: Declaration,
    decoys: Decoys,
    leak_bits: float,
    assumptions: tuple[str, ...] = (),
) -> Case:
    """Return the case of a protocol of weak pulses, from what decoy states prove of single photons.

    Parameters
    ----------
    title : str
    declared : Declaration
        For single photons; its loss is a part of it (`noclone.proofs.library.lossy.with_loss`).
    decoys : Decoys
    leak_bits : float
        What error correction discloses of all keyed pulses, bits per pulse sent.
    assumptions : tuple of str
        Besides those on the source.

    Returns
    -------
    Case
        Bits per pulse of any intensity. Kept empty pulses add the entropy of Alice's symbol, if hers are
        the key (direct reconciliation).

    Notes
    -----
    Gottesman, Lo, Luetkenhaus, Preskill, Quantum Inf. Comput. 4, 325 (2004); Lo, Quantum Inf. Comput. 5, 413
    (2005) for empty pulses.
    """
    pulses = decoys.pulses
    empty = 0.0
    if declared.reconciliation == "direct":
        signals = {
            name: (each.announced, each.bit, each.prob)
            for name, each in declared.signals.items()
            if isinstance(each, Signal)
        }
        rates = [
            ([(sent, seen, weight) for (sent, seen), weight in rate.weights.items()], rate.end(0, 1))
            for rate in decoys.rates
        ]
        empty = pulses.share(0) * vacuum_bits(rates, signals, declared.bits.keys())
    return Case(
        title,
        declared,
        decoys.single_photons(),
        leak_bits,
        collective(IDEAL_LASER, NOTHING_SENT, *assumptions),
        pulses.share(1),
        ((EMPTY, empty),) if empty else (),
        decoys=decoys.document(),
    )
