"""What is wrong with an attack on rounds, in words; see `noclone.protocols.check_attack`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols import protocols
from noclone.protocols.agreement import compare
from noclone.protocols.protocol import Floats, Moment, Protocol, unlocked
from noclone.protocols.round_attack import RoundAttack
from noclone.sampling import photons

_CLOSE = 1e-9
_LENGTH_KM = 20.0
_ROUNDS = 20_000


def round_faults(attack: RoundAttack) -> Iterator[str]:
    """Find what is wrong with an attack, all rounds attacked."""
    for name in attack.PROTOCOLS:
        if name not in protocols():
            yield f"PROTOCOLS names {name}, which does not exist"
            continue
        link, locked = protocols()[name].typical(_LENGTH_KM)
        protocol = unlocked(locked)
        honest, expected = protocol.statistics(link), attack.statistics(protocol, link)
        if set(expected) != set(honest):
            odd = ", ".join(sorted(set(expected) ^ set(honest)))
            yield f"its statistics do not name what those of {name} do: {odd}"
            continue
        outside = [key for key, value in expected.items() if not 0 <= _mean(value) <= 1]
        if outside:
            yield f"its statistic {outside[0]!r} of {name} is not a probability"
            continue
        none = replace(attack, fraction=0.0).statistics(protocol, link)
        if not _alike(none, honest):
            yield f"at fraction 0 it is not the honest link of {name}"
        sampled = attack.sample(protocol, link, _ROUNDS, np.random.default_rng(7))
        if set(sampled) != set(honest):
            yield f"its sample does not name what that of {name} does"
            continue
        for row in compare(expected, sampled, _ROUNDS):
            if row.p_value < 1e-6:
                yield (
                    f"its sampled {row.name!r} of {name} disagrees with its statistics: {row.seen:.6g} seen, "
                    f"{row.expected:.6g} expected"
                )
        information = float(attack.information(protocol, link))
        if not -_CLOSE <= information <= 1 + _CLOSE:
            yield f"its information on {name} must be from 0 to 1 bits, but is {information}"
        elif not attack.BREAKS:
            yield from _unseen(attack, protocol, link)


def _unseen(attack: RoundAttack, protocol: Protocol, link: Link) -> Iterator[str]:
    """Find information on a link without loss and noise whose statistics stay.

    There, Eve can take nothing but photons from pulses that have several, and disturbs whatever else she
    learns from. Nothing is said of links on which the attack does not run.
    """
    perfect = _perfect(protocol, link)
    if perfect is None:
        return
    try:
        seen, information = attack.statistics(protocol, perfect), float(attack.information(protocol, perfect))
    except InvalidInput:
        return
    most = _several_photons(perfect)
    if _alike(seen, protocol.statistics(perfect)) and information > most + _CLOSE:
        yield (
            f"it claims {information:.4g} bits and leaves what is seen of {protocol.NAME} as it was without "
            f"loss and noise, which allows {most:.4g}; an attack that breaks an assumption must say which"
        )


def _perfect(protocol: Protocol, link: Link) -> Link | None:
    """Return a direct link without loss and noise, of single photons if the protocol takes them, or None."""
    if link.middle is not None or not isinstance(link.bob, ThresholdDetectors):
        return None
    lossless = replace(
        link, channel=FixedLoss(loss_db=0.0), bob=ThresholdDetectors(efficiency=1.0, dark_count_prob=0.0)
    )
    ideal = replace(lossless, alice=SinglePhotonSource(clock_rate_hz=link.clock_rate_hz))
    for each in (ideal, lossless):
        try:
            protocol.check_link(each)
        except InvalidInput:
            continue
        return each
    return None


def _several_photons(link: Link) -> float:
    """Return how many of the brightest pulses that are not empty have more than one photon."""
    if isinstance(link.alice, SinglePhotonSource):
        return 0.0
    if not isinstance(link.alice, WeakCoherentSource):
        return 1.0
    empty, one = photons.poisson(max(link.alice.intensities))[:2]
    return float(1 - one / (1 - empty))


def _alike(some: Mapping[str, Floats | Moment], others: Mapping[str, Floats | Moment]) -> bool:
    return all(np.isclose(_mean(some[key]), _mean(others[key]), atol=1e-12) for key in others)


def _mean(value: Floats | Moment) -> float:
    return float(value.mean if isinstance(value, Moment) else value)
