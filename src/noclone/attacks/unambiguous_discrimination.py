"""Unambiguous discrimination: Eve finds out which of two states was sent, or loses the pulse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, poisson

from noclone.link import Link, SinglePhotonSource
from noclone.protocols.b92 import B92
from noclone.protocols.photonic_qubits import chunks, emitted, received
from noclone.protocols.protocol import Floats, Protocol
from noclone.protocols.round_attack import RoundAttack
from noclone.rates.strong_reference_b92 import nulled_gains
from noclone.rates.threshold_detection import record_of_photons

Bools = NDArray[np.bool_]

TAIL = 1e-16
"""Probability of pulses with more photons than are looked at."""


@dataclass(frozen=True, kw_only=True)
class UnambiguousDiscrimination(RoundAttack):
    """Eve discriminates the two states of B92 without error and blocks what she cannot tell.

    At Alice's end she counts the photons of a pulse without disturbing them, and discriminates n copies of
    states of overlap c, which succeeds with probability 1 - c^n. Of what she knows she sends as many photons
    as the honest channel would have let through, along a channel without loss, and as often, as far as she
    can; all else is blocked. Where the channel's transmittance is at most 1 - c, Bob's records have the same
    distribution as without her, for every number of photons, so that decoy states do not help.

    A strong reference ends it. There Eve discriminates two coherent states and sends on what Bob expects, but
    his local oscillator makes a blocked pulse click like any other, wrongly half of the time.

    Examples
    --------
    >>> from noclone.protocols.b92 import B92
    >>> eve = UnambiguousDiscrimination()
    >>> [eve.hidden(B92(overlap=0.7), B92.typical(length)[0]) for length in (10, 40)]
    [False, True]
    """

    NAME: ClassVar[str] = "unambiguous-discrimination"
    PROTOCOLS: ClassVar[tuple[str, ...]] = ("b92", "strong-reference-b92")
    DOES: ClassVar[str] = (
        "discriminates the two states without error, which works for some of the pulses only"
    )
    RESENDS: ClassVar[str] = "the state she found, without loss; nothing where she found none"
    LEARNS: ClassVar[str] = "every bit that light gives; of dark counts, those whose pulse she identified"
    CHANGES: ClassVar[str] = (
        "nothing where the channel loses the overlap or more; elsewhere detections drop, and with a strong "
        "reference errors rise"
    )
    SOURCE: ClassVar[str] = (
        "Bennett, PRL 68, 3121 (1992); Ivanovic, Phys. Lett. A 123, 257 (1987); "
        "Tamaki, Koashi, Imoto, PRL 90, 167904 (2003)"
    )

    def hidden(self, protocol: Protocol, link: Link) -> bool:
        """Return whether the channel never transmits more than Eve discriminates; never with a reference."""
        self.check_setup(protocol, link)
        if not isinstance(protocol, B92):
            return False
        return all(float(way) <= 1 - protocol.overlap for _, (way,) in link.segments())

    def statistics(self, protocol: Protocol, link: Link) -> dict[str, Floats]:
        """Return the probabilities that the protocol gives, of the mixture of both kinds of pulses."""
        self.check_setup(protocol, link)
        honest, attacked, _ = _events(protocol, link)
        mixed = (1 - self.fraction) * honest + self.fraction * attacked
        return dict(zip(("click", "conclusive", "error")[-len(mixed) :], mixed, strict=True))

    def information(self, protocol: Protocol, link: Link) -> float:
        """Return the share of conclusive results whose pulse Eve discriminated."""
        self.check_setup(protocol, link)
        _, attacked, unknown = _events(protocol, link)
        return float(1 - unknown[-2] / attacked[-2]) if attacked[-2] > 0 else 0.0

    def sample(
        self, protocol: Protocol, link: Link, rounds: int, rng: np.random.Generator
    ) -> dict[str, float]:
        """Play rounds photon by photon, or amplitude by amplitude where there is a reference."""
        self.check_setup(protocol, link)
        shares, ways = zip(*((share, float(way)) for share, (way,) in link.segments()), strict=True)
        seen = dict.fromkeys(protocol.statistics(link), 0.0)
        for size in chunks(rounds):
            sent, guess = (rng.random(size) < 0.5 for _ in range(2))
            attacked = rng.random(size) < self.fraction
            way = np.array(ways)[rng.choice(len(ways), size, p=shares)]
            if isinstance(protocol, B92):
                clicked, conclusive = _counted(protocol, link, sent != guess, attacked, way, rng)
                seen["click"] += int(clicked.sum())
            else:
                conclusive = _nulled(link, sent != guess, attacked, way, rng)
            seen["conclusive"] += int(conclusive.sum())
            seen["error"] += int((conclusive & (sent == guess)).sum())
        return seen


def _counted(
    protocol: B92, link: Link, other: Bools, attacked: Bools, way: Floats, rng: np.random.Generator
) -> tuple[Bools, Bools]:
    """Return which pulses of B92 Bob detects, and which are conclusive.

    He tests for the state that was not sent where `other` is true.
    """
    photons = emitted(link, len(way), rng)
    arrived = rng.binomial(photons, way)
    arrived[attacked] = _resent(photons[attacked], way[attacked], protocol.overlap, rng)
    chance = np.where(other, 1 - protocol.overlap**2, 0.0)
    clicked, excluded = received(link, arrived, 1.0, chance, rng)
    return clicked, clicked & excluded


def _nulled(link: Link, other: Bools, attacked: Bools, way: Floats, rng: np.random.Generator) -> Bools:
    """Return which pulses click behind Bob's displacement by the mean signal of the phase he guessed."""
    bob, intensity = link.detectors("bob"), link.alice.intensities[0]
    signal = np.sqrt(intensity * bob.efficiency * way)
    known = rng.random(len(way)) < 1 - np.exp(-2 * intensity)
    signal[attacked & ~known] = 0.0
    overlap = 1 - 2 * bob.misalignment
    field = np.where(other, 1, -1) * overlap * signal + np.sqrt(_oscillator(link))
    photons = rng.poisson(field**2 + (1 - overlap**2) * signal**2)
    clicked: Bools = (photons > 0) | (rng.random(len(way)) < bob.dark_count_prob)
    return clicked


def _resent(
    photons: NDArray[np.int64], way: Floats, overlap: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return how many photons Eve sends on of attacked pulses that the channel would have thinned."""
    known, some = 1 - overlap**photons, 1 - (1 - way) ** photons
    # Of what she knows, as much as arrives of an honest pulse.
    forwarded = rng.random(len(photons)) < np.minimum(known, some)
    lost = 1 - some
    drawn = binom.ppf(lost + (1 - lost) * (1 - rng.random(len(photons))), photons, way)
    return np.where(forwarded, drawn, 0).astype(np.int64)


def _events(protocol: Protocol, link: Link) -> tuple[Floats, Floats, Floats]:
    """Return the protocol's probabilities, of honest pulses, of attacked ones, and of attacked and unknown.

    The last are those that Eve could not discriminate.
    """
    parts = _counted_events(protocol, link) if isinstance(protocol, B92) else _nulled_events(link)
    honest, attacked, unknown = parts
    return honest, attacked, unknown


def _counted_events(protocol: B92, link: Link) -> Floats:
    """Return click, conclusive and wrong of the three kinds, shape (3, 3)."""
    detectors = link.detectors("bob")
    photons, probs = _photons(link)
    kept = 1 - 2 * detectors.misalignment
    right, wrong = ((1 - kept * each) / 2 for each in (2 * protocol.overlap**2 - 1, 1.0))
    known = 1 - protocol.overlap**photons
    total = np.zeros((3, 3))
    for share, (way,) in link.segments():

        def recorded(number: Floats, transmittance: float) -> Floats:
            detected = transmittance * detectors.efficiency
            half, good, bad = (
                record_of_photons(number, detected, part, detectors.dark_count_prob)
                for part in (0.5, right, wrong)
            )
            return np.array([2 * half, (good + bad) / 2, bad / 2])

        honest, empty = recorded(photons, float(way)), recorded(np.zeros(1), 0.0)
        lost = (1 - float(way)) ** photons
        resent = np.minimum(known, 1 - lost)
        # What Bob records of the pulses of which something arrives.
        some = np.divide(honest - lost * empty, 1 - lost, out=np.zeros_like(honest), where=lost < 1)
        attacked = resent * some + (1 - resent) * empty
        total += share * np.array([each @ probs for each in (honest, attacked, (1 - known) * empty)])
    return total


def _nulled_events(link: Link) -> Floats:
    """Return conclusive and wrong of the three kinds where there is a strong reference, shape (3, 2)."""
    bob, intensity = link.detectors("bob"), link.alice.intensities[0]
    known = -np.expm1(-2 * intensity)
    total = np.zeros((3, 2))
    for share, (way,) in link.segments():
        honest, empty = (
            np.array(nulled_gains(signal, _oscillator(link), bob.misalignment, bob.dark_count_prob))
            for signal in (intensity * bob.efficiency * float(way), 0.0)
        )
        unknown = (1 - known) * empty
        total += share * np.array([honest, known * honest + unknown, unknown])
    return total


def _oscillator(link: Link) -> float:
    """Return the photons that Bob's detector counts of his displacement: the mean of the signal's."""
    mean = sum(share * float(way) for share, (way,) in link.segments())
    return float(link.alice.intensities[0] * link.detectors("bob").efficiency * mean)


def _photons(link: Link) -> tuple[Floats, Floats]:
    """Return photon numbers and how probable they are."""
    if isinstance(link.alice, SinglePhotonSource):
        return np.array([1.0]), np.array([1.0])
    mean = float(link.alice.intensities[0])
    numbers = np.arange(int(poisson.isf(TAIL, mean)) + 2)
    return numbers.astype(float), np.asarray(poisson.pmf(numbers, mean))
