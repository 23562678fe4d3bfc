"""What a kept block is worth to the parties, and what of it Eve takes without being charged for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from noclone.link.detection import DetectionModel
from noclone.protocols.pulse_attack import PulseAttack
from noclone.rates.key_terms import shannon_leak
from noclone.sampling.pulses import honest_patterns
from noclone.setup import Setup

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stakes:
    """Expectations per pulse under one attack, or none.

    Attributes
    ----------
    detections, errors : array, shape (2, K)
        Basis-matched events by basis and intensity, and errors among them: what the key rate sees.
    taken : float
        Bits of raw key that Eve knows and that no key rate charges.
    """

    detections: Floats
    errors: Floats
    taken: float


def stakes(setup: Setup, attack: PulseAttack | None = None) -> Stakes:
    """Return what is at stake, without drift and without the detectors' memory.

    Of an attack inside the assumptions of the proofs nothing is taken: the counts show it, and the key rate
    charges it. Of one that breaks them all of Eve's information on keyed bits is taken, though privacy
    amplification removes some of it: an upper bound.

    Examples
    --------
    >>> import noclone as nc
    >>> blinded = stakes(nc.load("lim-2014"), nc.attacks.DetectorBlinding())
    >>> round(float(blinded.taken / blinded.detections[0].sum()), 6)
    1.0
    """
    protocol, link = setup.recorded, setup.link
    settings, keyed = protocol.pulse_settings(link), protocol.keyed
    kinds = keyed.shape[1]
    clicks = np.zeros((2, *settings.probs.shape))
    taken = 0.0
    intensity = np.repeat(np.arange(kinds), len(settings.probs) // kinds)
    matched = settings.sent_basis == settings.measured_basis
    for share, transmittance in zip(*link.channel.segments(), strict=True):
        model = DetectionModel.of(link.detectors("bob"), float(transmittance))
        if attack is None:
            photon_probs, patterns = settings.photon_probs, honest_patterns(model, settings)
        else:
            photon_probs, patterns = attack.mixture(model, settings)
        seen = np.einsum("jn,jnk->jk", photon_probs, patterns) * settings.probs[:, None]
        right = np.where(settings.sent_bit == 0, seen[:, 1], seen[:, 2])
        wrong = np.where(settings.sent_bit == 0, seen[:, 2], seen[:, 1])
        clicks += float(share) * np.stack([right + wrong + seen[:, 3], wrong + seen[:, 3] / 2])
        if attack is not None and attack.BREAKS:
            touched = attack.attacked_settings(settings).photon_probs
            found = np.einsum("jn,jnk->j", touched, attack.attacked_patterns(model, settings)[..., 1:])
            events = attack.fraction * settings.probs * found
            for k in range(kinds):
                raw = events[matched & keyed[settings.sent_basis, k] & (intensity == k)].sum()
                known = attack.information(model, replace(settings, signal=intensity == k))
                taken += float(share) * float(raw * known)
    table = clicks.reshape(2, kinds, 2, 2, 2)
    detections, errors = (np.stack([each[:, b, :, b].sum(axis=1) for b in (0, 1)]) for each in table)
    return Stakes(detections, errors, taken)


def claimed_bits(setup: Setup, at_stake: Stakes, pulses: float) -> float:
    """Return the length of the key that the parties distil from all kept blocks together.

    By the setup's own bound, from the expected counts of this many pulses; 0 for none.

    Examples
    --------
    >>> import noclone as nc
    >>> setup = nc.load("lim-2014")
    >>> bits = claimed_bits(setup, stakes(setup), setup.pulses)
    >>> bool(np.isclose(bits, nc.rate(setup, pulses=setup.pulses).rate_per_pulse * setup.pulses, rtol=1e-3))
    True
    """
    if pulses <= 0:
        return 0.0
    protocol = setup.recorded
    counts = protocol.observed(setup.link, at_stake.detections * pulses, at_stake.errors * pulses, pulses)
    leak = shannon_leak(counts, protocol.keyed, protocol.f_ec)
    return float(protocol.key_terms(counts, leak).length)
