"""Decoy-state BB84 as a proof: from a link and a protocol to what is seen with each intensity."""

from __future__ import annotations

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link import Link, WeakCoherentSource
from noclone.proofs.case import Case
from noclone.proofs.decoys import Decoys, WeakPulses, decoy_bounds
from noclone.proofs.library.lossy import with_loss
from noclone.proofs.library.squashing import SQUASHED
from noclone.proofs.observations import Event, Observation, Observations
from noclone.proofs.photon_number import photon_number_case
from noclone.protocols.declaration import Declaration
from noclone.protocols.decoy_bb84 import DecoyBB84
from noclone.rates.key_terms import shannon_leak

RANDOM_CHOICES = "Alice and Bob choose basis and intensity of each pulse by themselves and at random"
NO_MEMORY = "what the detectors remember of earlier pulses tells Eve nothing"


def matching_bases(basis: str) -> tuple[dict[Event, float], dict[Event, float]]:
    """Return the events in which both have this basis and Bob a result, and those of them with errors.

    Examples
    --------
    >>> kept, wrong = matching_bases("z")
    >>> sorted(wrong)
    [('z0', 'z1'), ('z1', 'z0')]
    """
    kept = {(f"{basis}{sent}", f"{basis}{seen}"): 1.0 for sent in (0, 1) for seen in (0, 1)}
    return kept, {event: weight for event, weight in kept.items() if event[0] != event[1]}


def decoy_bb84_seen(link: Link, protocol: DecoyBB84) -> tuple[WeakPulses, tuple[Observations, ...]]:
    """Return the source and what a link's model lets the parties see with each of its intensities.

    Parameters
    ----------
    link : Link
        One link, no grid, with a source of weak coherent pulses.
    protocol : DecoyBB84

    Returns
    -------
    WeakPulses, tuple of Observations
        For each intensity, as probabilities if it is sent: detections with equal bases, and errors among
        them.

    Raises
    ------
    InvalidInput
        If the source is another, or the devices have flaws that this proof does not cover.

    Examples
    --------
    >>> pulses, seen = decoy_bb84_seen(*DecoyBB84.typical(50.0))
    >>> [(item.name, round(item.low, 6)) for item in seen[0].items][:2]
    [('z·z kept', 0.023939), ('z·z wrong', 0.000239)]
    """
    if not isinstance(link.alice, WeakCoherentSource):
        raise InvalidInput("alice", f"must be a source of weak coherent pulses, but is {link.alice.KIND}")
    flaws = protocol.flaws(link)
    if any(np.any(each) for each in (flaws.fluctuating, flaws.correlated, flaws.leaking)):
        raise InvalidInput("alice", "must be a source without flaws for a proof by decoy states")
    if np.any(flaws.unequal):
        raise InvalidInput("bob.efficiency_mismatch", "must be 1 for a proof that squashes double clicks")
    counts, _ = protocol.counts(link)
    if counts.detections.ndim != 2:
        raise InvalidInput("link", "must be one link for a proof, not a grid of links")
    probs = counts.intensity_probs
    keyed = tuple(int(k) for k in np.flatnonzero(protocol.keyed.any(axis=0)))
    seen = []
    for k, prob in enumerate(probs):
        items = []
        for b, basis in enumerate("zx"):
            for kind, events, rate in zip(
                ("kept", "wrong"), matching_bases(basis), (counts.detections, counts.errors), strict=True
            ):
                value = float(rate[b, k] / prob)
                items.append(Observation(f"{basis}·{basis} {kind}", events, value, value))
        seen.append(Observations(tuple(items)))
    pulses = WeakPulses(tuple(counts.intensities.tolist()), tuple(probs.tolist()), keyed)
    return pulses, tuple(seen)


def decoy_bb84_bounds(link: Link, protocol: DecoyBB84) -> tuple[Declaration, Decoys]:
    """Return decoy BB84 for single photons, and what a link's model lets decoy states prove of them.

    Raises
    ------
    InvalidInput
        As for `decoy_bb84_seen`.

    Examples
    --------
    >>> declared, decoys = decoy_bb84_bounds(*DecoyBB84.typical(50.0))
    >>> declared.dimensions, round(decoys.rates[0].end(1, 1), 6)
    ((2, 3), 0.048557)
    """
    declared = with_loss(protocol.declaration())
    return declared, decoy_bounds(declared, *decoy_bb84_seen(link, protocol))


def decoy_bb84_case(link: Link, protocol: DecoyBB84, f_ec: float | None = None) -> Case:
    """Return the case of decoy BB84 on a link, whose model gives what is seen.

    Parameters
    ----------
    link : Link
    protocol : DecoyBB84
        Its bound and its failure probabilities are not used: the proof is its own, and asymptotic.
    f_ec : float, optional
        Leakage of error correction over the Shannon limit; the protocol's by default.

    Raises
    ------
    InvalidInput
        As for `decoy_bb84_seen`.

    Examples
    --------
    >>> case = decoy_bb84_case(*DecoyBB84.typical(50.0))
    >>> round(case.share, 6), round(case.leak_bits, 6)
    (0.238127, 0.001545)
    """
    declared, decoys = decoy_bb84_bounds(link, protocol)
    counts, _ = protocol.counts(link)
    leak = float(shannon_leak(counts, protocol.keyed, protocol.f_ec if f_ec is None else f_ec))
    memory = (NO_MEMORY,) if np.any(protocol.flaws(link).remembering) else ()
    return photon_number_case(protocol.TITLE, declared, decoys, leak, (SQUASHED, RANDOM_CHOICES, *memory))
