"""Mediated semi-quantum key distribution for users without detectors; as reconstructed, it is broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import flag, number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols.arms import check_clocks
from noclone.protocols.photonic_qubits import chunks
from noclone.protocols.played_qubits import bell_measured, depolarised, measured_z, product
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Stations, Step
from noclone.protocols.pulse_trains import error_rate
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Regime, Security
from noclone.rates.semi_quantum import mediated_phase_error

EVENTS = ("both reflect", "minus reflect", "one reflects", "minus one", "both replace", "sifted", "error")


@dataclass(frozen=True, kw_only=True)
class MeasurementFreeSemiQuantum(Protocol):
    """Key distribution of two users who reflect photons or replace them; a reconstruction, and broken.

    A round is a pair of photons, and the rounds follow the users' clocks. The third party stands in the
    middle: it sends |+> to both users, and these photons cross the channels out and back if reflected; a
    user's own photon of Z crosses once. `SinglePhotonSource` is what a user replaces photons with, the
    middle's detectors are those of the Bell measurement. Each crossing depolarises with twice their
    misalignment as strength. The number holds only against an eavesdropper who touches nothing but what the
    users return.

    Examples
    --------
    >>> import dataclasses
    >>> link, protocol = MeasurementFreeSemiQuantum.typical(5)
    >>> protocol = dataclasses.replace(protocol, insecure=True)
    >>> protocol.rate(link).security.attacks
    'none'
    """

    NAME: ClassVar[str] = "measurement-free-semi-quantum"
    TITLE: ClassVar[str] = "Measurement-free mediated semi-quantum key distribution (reconstruction)"
    FAMILY: ClassVar[Family] = "semi-quantum"
    STATIONS: ClassVar[Stations] = {
        "alice": {SinglePhotonSource: ("clock_rate_hz",)},
        "middle": {ThresholdDetectors: ("efficiency", "misalignment")},
        "bob": {SinglePhotonSource: ("clock_rate_hz",)},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"trusted-preparation": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("middle", "sends a photon in the state |+> to either user"),
        Step("alice", "lets it go back, or replaces it by a photon with a random bit in Z; so does Bob"),
        Step("middle", "measures what returned in the Bell basis and announces the result"),
        Step("public", "both users say which photons they replaced"),
        Step("public", "where both did and the sign is minus, bits are kept; Bob flips his after Psi"),
        Step("public", "results of all other rounds, in which two reflected photons never give minus"),
    )
    FORMULA: ClassVar[str] = (
        r"R = s^2\,Q\,p_-^{SS}\,[1 - h(e_{ph}) - f\,h(e)],\quad "
        r"e_{ph} = 1 + \frac{p_-^{CC} - p_-^{SC} - p_-^{CS}}{2\,p_-^{SS}} \quad\text{(not secure)}"
    )
    SOURCE: ClassVar[str] = (
        "Reconstructed from the abstract of Zhou et al. (2024), measurement-free mediated semi-quantum key "
        "distribution based on single-particle states; the rate as derived in noclone.rates.semi_quantum"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "This is a RECONSTRUCTION: the paper's text was not available, and its protocol may differ in what "
        "decides about security.",
        "NOT SECURE: who sends the users random bits in Z in place of |+> and reads what returns knows every "
        "key bit and passes every test, because users without detectors cannot tell what they were sent.",
        "The number is what would be left if the users could trust what reaches them.",
        "A complete Bell measurement is assumed, which linear optics does not offer, and no dark counts; "
        "channels with background light are refused.",
    )
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (Free("protocol.replace_prob", 0.05, 0.99),)
    BROKEN: ClassVar[str] = (
        "as reconstructed, who sends random bits in place of |+> and reads what returns learns the whole key "
        "and passes every test"
    )

    replace_prob: float = number(
        "probability that a user replaces the photon", 0.9, low=0, high=1, low_open=True, high_open=True
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)
    insecure: bool = flag("compute although the protocol is broken", False)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return users with single photons and superconducting detectors halfway between them."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e7),
            channels=(Fibre(length_km=length_km / 2), Fibre(length_km=length_km / 2)),
            middle=ThresholdDetectors(efficiency=0.8, misalignment=0.01),
            bob=SinglePhotonSource(clock_rate_hz=1e7),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse unequal clocks, too, and background light, which would be dark counts."""
        super().check_link(link)
        check_clocks(link)
        if np.any(link.noise_photons_per_s("middle")):
            raise InvalidInput(
                "channels", f"must be free of background light for {self.NAME}, which models no dark counts"
            )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return how often both photons are detected, and with a minus, by what the users did."""
        replace, kept = np.asarray(self.replace_prob), 1 - 2 * np.asarray(link.middle.misalignment)
        once, twice = (np.asarray(link.detectors("middle", n).efficiency) for n in (1, 2))
        total: Any = 0.0
        for share, (a, b) in link.segments():
            reflect = (1 - replace) ** 2 * (a * b * twice) ** 2
            one = replace * (1 - replace) * once * twice * a * b * (a + b)
            both = replace**2 * a * b * once**2
            parts = (
                reflect,
                reflect * (1 - kept**4) / 2,
                one,
                one / 2,
                both,
                both / 2,
                both * (1 - kept**2) / 4,
            )
            total = total + share * np.stack(np.broadcast_arrays(*parts))
        return dict(zip(EVENTS, total, strict=True))

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per pair that would be left if the users could trust what reaches them."""
        seen = self.statistics(link)
        minus_one = error_rate(seen["minus one"], seen["one reflects"])
        phase_error = mediated_phase_error(
            error_rate(seen["minus reflect"], seen["both reflect"]),
            minus_one,
            minus_one,
            error_rate(seen["sifted"], seen["both replace"]),
        )
        sifted, qber = seen["sifted"], error_rate(seen["error"], seen["sifted"])
        return Key(
            terms={
                "taken for secret": sifted * (1 - binary_entropy(phase_error)),
                "reconciliation": -sifted * self.f_ec * binary_entropy(qber),
            },
            sifted=sifted,
            qber=qber,
            security=Security("none", "asymptotic", (f"Nothing is secure: {self.BROKEN}.",), self.SOURCE),
            bounds={"phase_error": phase_error},
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play pairs as four amplitudes: noise on each crossing, new photons, the Bell measurement."""
        noise = 2 * link.middle.misalignment
        once, twice = (link.detectors("middle", n).efficiency for n in (1, 2))
        counts = dict.fromkeys(EVENTS, 0.0)
        shares, a, b = (
            np.array(each, float) for each in zip(*((s, *ways) for s, ways in link.segments()), strict=True)
        )
        for size in chunks(rounds):
            which = rng.choice(len(shares), size, p=shares / shares.sum())
            ways = (a[which], b[which])
            plus = np.full((size, 2), 0.5**0.5)
            pairs = product(plus, plus)
            replaces = rng.random((2, size)) < self.replace_prob
            bits = rng.integers(0, 2, (2, size))
            counted = np.ones(size, bool)
            for qubit in (0, 1):
                pairs = depolarised(pairs, qubit, noise, rng)
                # To throw a photon away is to measure it and to forget the result.
                pairs, value = measured_z(pairs, qubit, replaces[qubit], rng)
                flip = (replaces[qubit] & (bits[qubit] != value))[:, None, None]
                pairs = np.where(flip, np.flip(pairs, axis=qubit + 1), pairs)
                pairs = depolarised(pairs, qubit, noise, rng)
                counted &= replaces[qubit] | (rng.random(size) < ways[qubit])
                counted &= rng.random(size) < ways[qubit] * np.where(replaces[qubit], once, twice)
            psi, minus = bell_measured(pairs, rng)
            both, neither = counted & replaces.all(axis=0), counted & ~replaces.any(axis=0)
            one, sifted = counted & (replaces[0] ^ replaces[1]), both & (minus == 1)
            wrong = sifted & (bits[0] != bits[1] ^ psi)
            parts = (neither, neither & (minus == 1), one, one & (minus == 1), both, sifted, wrong)
            for name, where in zip(EVENTS, parts, strict=True):
                counts[name] += float(where.sum())
        return counts
