"""Mediated semi-quantum key distribution: two classical users and a server that nobody needs to trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, ThresholdDetectors
from noclone.link.pair_sources import SinglePairSource
from noclone.protocols.photonic_qubits import RECEIVER, chunks
from noclone.protocols.played_qubits import bell_measured, depolarised, measured_z, seen
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Stations, Step
from noclone.protocols.pulse_trains import error_rate
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Regime, Security
from noclone.rates.semi_quantum import mediated_phase_error
from noclone.rates.threshold_detection import record_of_photons

EVENTS = ("minus reflect", "minus alice", "minus bob", "sifted", "error")


@dataclass(frozen=True, kw_only=True)
class MediatedSemiQuantum(Protocol):
    """Key distribution of two classical users over an untrusted quantum server, after Krawec.

    A round is a pair, and the rounds follow the clock of the pair source in the middle, which stands for the
    server; its Bell measurement is part of it. Each photon crosses its channel TWICE, and each crossing
    depolarises it with twice the misalignment of that user's detectors as strength. A user measures Z with
    the detectors and sends a new photon where one clicked, or reflects without loss.

    Examples
    --------
    >>> link, protocol = MediatedSemiQuantum.typical(5)
    >>> answer = protocol.rate(link)
    >>> bool(answer.rate_per_pulse > 0), answer.security.attacks
    (True, 'collective')
    """

    NAME: ClassVar[str] = "mediated-semi-quantum"
    TITLE: ClassVar[str] = "Mediated semi-quantum key distribution (Krawec)"
    FAMILY: ClassVar[Family] = "semi-quantum"
    STATIONS: ClassVar[Stations] = {
        "alice": RECEIVER,
        "middle": {SinglePairSource: ("polarisation_error", "clock_rate_hz")},
        "bob": RECEIVER,
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"mismatched-measurements": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("middle", "prepares the Bell pair Phi+ and sends a photon to either user"),
        Step("alice", "measures Z and sends what she saw, or lets the photon go back; so does Bob"),
        Step("middle", "measures what returned in the Bell basis; says plus for Phi+, minus for Phi-"),
        Step("public", "both users say what they did and whether they saw a photon"),
        Step("public", "bits that both measured are kept after minus; a sample of them is disclosed"),
        Step("public", "how often the server says minus is compared for all four pairs of choices"),
    )
    FORMULA: ClassVar[str] = (
        r"R = m^2\,p_-^{MM}\,[1 - h(e_{ph}) - f\,h(e)],\quad "
        r"e_{ph} = 1 + \frac{p_-^{RR} - p_-^{MR} - p_-^{RM}}{2\,p_-^{MM}}"
    )
    SOURCE: ClassVar[str] = (
        "Krawec, PRA 91, 032323 (2015) and arXiv:1509.04797; the rate as derived in "
        "noclone.rates.semi_quantum"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The key is against collective attacks, the server's own included, and without finite-size terms.",
        "At most one photon may enter either user's device: light that is sent in beside it tells what the "
        "user does.",
        "Users must see both bits with the same known efficiency; attacks that address their detectors or "
        "tell a new photon from a reflected one by time or colour are not covered.",
        "The rate is not the published bound but a closed form derived for all attacks with the same "
        "statistics; noise tolerances of the papers depend on how noise is modelled and are not compared.",
        "Four crossings and a Bell measurement make the rate fall with the fourth power of an arm's "
        "transmittance.",
        "The model's server has no dark counts and announces nothing unless both photons return; background "
        "of the channels and longer pulses are counted at the users' detectors alone.",
    )
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (Free("protocol.measure_prob", 0.05, 0.99),)

    measure_prob: float = number(
        "probability that a user measures and resends", 0.9, low=0, high=1, low_open=True, high_open=True
    )
    bell_efficiency: float = number(
        "probability that the server tells Phi+ from Phi- when both photons return", 0.8, low=0, high=1
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return an ideal pair source halfway and superconducting detectors at both users."""
        user = ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.01)
        link = Link(
            alice=user,
            channels=(Fibre(length_km=length_km / 2), Fibre(length_km=length_km / 2)),
            middle=SinglePairSource(clock_rate_hz=1e7, polarisation_error=0.01),
            bob=user,
        )
        return link, cls()

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return how often the server says minus, by what the users did, and how often bits then differ."""
        total: Any = 0.0
        for share, (way_a, way_b) in link.segments():
            total = total + share * np.stack(np.broadcast_arrays(*self._minus(link, way_a, way_b)))
        return dict(zip(EVENTS, total, strict=True))

    def _minus(self, link: Link, way_a: Floats, way_b: Floats) -> tuple[Floats, ...]:
        """Return the probabilities at one transmittance of either arm, in the order of `statistics`."""
        kept_a, kept_b = 1 - 2 * link.alice.misalignment, 1 - 2 * link.bob.misalignment
        # A pair stays a mixture of Phi+ and white noise; these are the weights of Phi+.
        forward, back = (
            kept_a * kept_b * (1 - 2 * np.asarray(link.middle.polarisation_error)),
            kept_a * kept_b,
        )
        click_a, faith_a = self._clicks(link, "alice", way_a)
        click_b, faith_b = self._clicks(link, "bob", way_b)
        bell, measure = way_a * way_b * self.bell_efficiency, np.asarray(self.measure_prob)
        equal = 1 + forward * faith_a * faith_b
        other = 2 - equal
        mixed, clicks = measure * (1 - measure), measure**2 * click_a * click_b
        return (
            (1 - measure) ** 2 * way_a * way_b * bell * (1 - forward * back) / 4,
            mixed * click_a * way_b * bell * (1 + forward * faith_a * back) / 4,
            mixed * way_a * click_b * bell * (1 + forward * faith_b * back) / 4,
            clicks * bell * (equal * (1 + back) + other * (1 - back)) / 8,
            clicks * bell * other * (1 - back) / 8,
        )

    @staticmethod
    def _clicks(link: Link, station: str, way: Floats) -> tuple[Floats, Floats]:
        """Return how often a user's detectors click, and how far the click follows the photon's Z."""
        detectors = link.detectors(station)
        right, wrong = (
            record_of_photons(1, way * detectors.efficiency, share, detectors.dark_count_prob)
            for share in (1.0, 0.0)
        )
        return right + wrong, (right - wrong) / np.maximum(right + wrong, 1e-300)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per pair."""
        events, measure = self.statistics(link), np.asarray(self.measure_prob)
        users = link.detectors("alice"), link.detectors("bob")
        # The server of the model says nothing where a photon is missing, so nothing is to be subtracted.
        phase_error = mediated_phase_error(
            events["minus reflect"] / (1 - measure) ** 2,
            events["minus alice"] / (measure * (1 - measure)),
            events["minus bob"] / (measure * (1 - measure)),
            events["sifted"] / measure**2,
            efficiencies=(users[0].efficiency, users[1].efficiency),
            dark_count_probs=(users[0].dark_count_prob, users[1].dark_count_prob),
        )
        sifted, qber = events["sifted"], error_rate(events["error"], events["sifted"])
        return Key(
            terms={
                "secret": sifted * (1 - binary_entropy(phase_error)),
                "reconciliation": -sifted * self.f_ec * binary_entropy(qber),
            },
            sifted=sifted,
            qber=qber,
            security=Security(
                "collective",
                "asymptotic",
                (
                    "One photon at most enters either user's device, and the server treats all rounds alike.",
                    "The users' detectors see both bits with the same known efficiency and have known dark "
                    "counts.",
                    "Users reflect without loss and give what they reflect a random phase.",
                ),
                self.SOURCE,
            ),
            bounds={"phase_error": phase_error},
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play pairs as four amplitudes: noise, both users' choices, new photons, the Bell measurement."""
        shares, a, b = (
            np.array(each, float) for each in zip(*((s, *ways) for s, ways in link.segments()), strict=True)
        )
        noise = 2 * link.alice.misalignment, 2 * link.bob.misalignment
        counts = dict.fromkeys(EVENTS, 0.0)
        for size in chunks(rounds):
            which = rng.choice(len(shares), size, p=shares / shares.sum())
            ways = (a[which], b[which])
            pairs = np.broadcast_to(np.eye(2) * 0.5**0.5, (size, 2, 2))
            pairs = depolarised(pairs, 0, 2 * link.middle.polarisation_error, rng)
            there, clicked, bits, measures = [], [], [], []
            for qubit, station in enumerate(("alice", "bob")):
                pairs = depolarised(pairs, qubit, noise[qubit], rng)
                measuring = rng.random(size) < self.measure_prob
                pairs, value = measured_z(pairs, qubit, measuring, rng)
                arrives = rng.random(size) < ways[qubit]
                click, bit = seen(link.detectors(station), arrives, value, rng)
                # The new photon is in the state of the bit recorded, which may be due to a dark count.
                flip = (measuring & (bit != value))[:, None, None]
                pairs = np.where(flip, np.flip(pairs, axis=qubit + 1), pairs)
                pairs = depolarised(pairs, qubit, noise[qubit], rng)
                returns = rng.random(size) < ways[qubit]
                there.append(np.where(measuring, click, arrives) & returns)
                clicked.append(click)
                bits.append(bit)
                measures.append(measuring)
            psi, minus = bell_measured(pairs, rng)
            says = there[0] & there[1] & (rng.random(size) < self.bell_efficiency) & (psi == 0) & (minus == 1)
            both = says & measures[0] & measures[1]
            for name, where in zip(
                EVENTS,
                (
                    says & ~measures[0] & ~measures[1],
                    says & measures[0] & ~measures[1],
                    says & ~measures[0] & measures[1],
                    both,
                    both & (bits[0] != bits[1]),
                ),
                strict=True,
            ):
                counts[name] += float(where.sum())
        return counts
