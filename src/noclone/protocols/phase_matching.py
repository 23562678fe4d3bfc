"""Phase-matching key distribution: a bit and a random phase on every pulse, kept where the phases match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.fields import number
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.arms import averaged, check_clocks, drawn_arms
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Stations, Step
from noclone.rates.phase_matching import honest_clicks, phase_error
from noclone.rates.security import Security
from noclone.rates.shor_preskill import key_terms
from noclone.sampling.interference import port_clicks

CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class PhaseMatching(Protocol):
    """Phase-matching key distribution with phases announced by slices.

    A round is one pulse of each party, at Alice's clock: a coherent state of random phase, turned by pi
    if the bit is 1. Both name the slice of their phase; rounds with equal or opposite slices are kept.

    The middle's `misalignment` is sin^2(phi/2) of the phase phi between the parties' references, beyond
    what the width of the slices brings about.

    Examples
    --------
    >>> link, protocol = PhaseMatching.typical(400.0)
    >>> rate = protocol.rate(link)
    >>> bool(rate.rate_per_pulse > rate.plob)
    True
    """

    NAME: ClassVar[str] = "phase-matching"
    TITLE: ClassVar[str] = "Phase-matching QKD"
    FAMILY: ClassVar[Family] = "relay"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "middle": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
        "bob": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
    }
    BOUNDS: ClassVar[Mapping[str, Literal["asymptotic", "finite"]]] = {"infinite-decoys": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends a coherent state of random phase, turned by pi if her bit is 1; so does Bob"),
        Step("middle", "lets the pulses interfere and announces when one detector alone clicks, and which"),
        Step("public", "both name the slice of the circle in which their random phase lies"),
        Step("public", "rounds of equal or opposite slices are kept; Bob flips his bit where he must"),
        Step("public", "decoy intensities bound how many clicks came from odd photon numbers"),
    )
    FORMULA: ClassVar[str] = (
        r"R = \tfrac{2}{D} Q_\mu\,[1 - f\,h(E^Z) - h(E^X)],\quad "
        r"E^X \le \tfrac12 q_0 + \sum_{k\,odd} e_k q_k + \big(1 - q_0 - \sum_{k\,odd} q_k\big)"
    )
    SOURCE: ClassVar[str] = "Ma, Zeng, Zhou, PRX 8, 031043 (2018), eqs. (2), (4), (B23), (B27)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Only the asymptotic rate with infinitely many decoys is given.",
        "Clicks are averaged exactly over the slices; from 10 slices on that gives more errors than "
        "eq. (B19) of the paper (16 slices: 0.64 % instead of 0.38 %), and less key than its figures.",
        "The published proof has equal intensities at both parties; unequal ones are evaluated by the same "
        "formula, whose argument concerns the parity of all photons together.",
        "Time spent on reference light is not subtracted.",
    )
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.intensities[0]", 1e-3, 1.0, "log"),
        Free("bob.intensities[0]", 1e-3, 1.0, "log"),
    )

    phase_slices: int = number("slices of the circle, an even number", 16, low=4, high=1024, whole=True)
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.15, low=1, high=10)

    def check(self) -> None:
        """Refuse an odd number of slices: the opposite of a slice must be a slice."""
        if np.any(np.mod(self.phase_slices, 2)):
            raise InvalidInput("phase_slices", f"must be even, but is {self.phase_slices}")

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return superconducting detectors halfway along a fibre and the best intensity for most lengths."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.065,), clock_rate_hz=1e9),
            channels=(Fibre(length_km=length_km / 2), Fibre(length_km=length_km / 2)),
            middle=ThresholdDetectors(efficiency=0.7, dark_count_prob=1e-9, misalignment=0.015),
            bob=WeakCoherentSource(intensities=(0.065,), clock_rate_hz=1e9),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse unequal clocks, too."""
        super().check_link(link)
        check_clocks(link)

    def _clicks(self, link: Link) -> tuple[Any, ...]:
        """Return clicks of kept rounds, right and wrong: all, of no photon, and of odd photon numbers."""
        detectors = link.detectors("middle")
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        dark, astray, slices = detectors.dark_count_prob, detectors.misalignment, self.phase_slices

        def flat(a: Floats, b: Floats) -> tuple[Floats, ...]:
            model = honest_clicks(mu_a, mu_b, a, b, dark, astray, slices)
            return (*model.all, *model.vacuum, *model.odd)

        return averaged(link, flat)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the asymptotic key."""
        right, wrong, *vacuum, odd_right, odd_wrong = self._clicks(link)
        clicks = np.asarray(right + wrong)
        some = np.where(clicks > 0, clicks, 1.0)
        odd = odd_right + odd_wrong
        odd_errors = np.divide(odd_wrong, odd, out=np.zeros_like(odd), where=odd > 0)
        error = phase_error(sum(vacuum) / some, odd / some, odd_errors)
        qber, kept = np.asarray(wrong / some), 2 / np.asarray(self.phase_slices) * clicks
        return Key(
            terms=key_terms(kept, error, kept, qber, self.f_ec),
            sifted=kept,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic",
                (
                    "Phases are uniformly random and unknown to Eve before the middle announces.",
                    "Infinitely many decoys show the clicks of each photon number.",
                    "Nothing is assumed of the middle.",
                ),
                self.SOURCE,
            ),
            bounds={"phase_error": error},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return single clicks of rounds whose slices match, right and wrong, per round sent."""
        right, wrong, *_ = self._clicks(link)
        share = 2 / np.asarray(self.phase_slices)
        return {"right click, slices match": share * right, "wrong click, slices match": share * wrong}

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Draw phases and bits of every round, sort phases into slices and keep those that match."""
        detectors = link.detectors("middle")
        dark, offset = detectors.dark_count_prob, 2 * np.arcsin(np.sqrt(detectors.misalignment))
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        half = self.phase_slices // 2
        counts: Counter[str] = Counter()
        for n, a, b in drawn_arms(link, rounds, CHUNK, rng):
            bits = rng.integers(0, 2, (2, n))
            phases = rng.random((2, n)) * 2 * np.pi
            slices = np.floor(phases * self.phase_slices / (2 * np.pi)).astype(np.int64)
            apart = (slices[0] - slices[1]) % self.phase_slices
            match = np.flatnonzero(apart % half == 0)
            turns = np.exp(1j * (phases + np.pi * bits)[:, match])
            first, second = port_clicks(
                np.sqrt(a[match] * mu_a) * turns[0],
                np.sqrt(b[match] * mu_b) * turns[1] * np.exp(1j * offset),
                dark,
                rng,
            )
            same = (bits[0] ^ bits[1] ^ (apart == half))[match] == 0
            one, right = first ^ second, first == same
            counts["right click, slices match"] += int(np.count_nonzero(one & right))
            counts["wrong click, slices match"] += int(np.count_nonzero(one & ~right))
        return counts
