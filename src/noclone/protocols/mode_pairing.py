"""Mode pairing: single clicks of a relay are paired afterwards; no two pulses need arrive together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.fields import choice, number
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.arms import arms, check_clocks
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.rates.mdi import single_photon_pairs
from noclone.rates.mode_pairing import matched_pairs, paired, pairs_per_round, phase_coherence
from noclone.rates.security import Security
from noclone.rates.shor_preskill import key_terms
from noclone.sampling.interference import port_clicks

PHASES = 16
"""Into how many values each party's phase is discretised to find pairs with matching ones."""
CHUNK = 1 << 18
"""Rounds that are played at once."""


@dataclass(frozen=True, kw_only=True)
class ModePairing(Protocol):
    """Mode-pairing QKD, also known as asynchronous MDI-QKD.

    A round is one pulse time, at Alice's clock: each party sends its first intensity with `signal_prob`, with
    a random phase, or nothing. A round in which exactly one detector clicks is paired with the next such
    round if that comes within `pairing_length` rounds. A pair in which each party sent one pulse is a key
    bit: the round in which it was. A pair in which both parties sent two tests the phase.

    The middle's `misalignment` is the error rate of single-photon pairs that test the phase;
    `phase_drift_rad_per_s` adds to it by how far phases drift between the clicks of a pair. Where channels
    vary they do so slowly against the pairing length. Light of neighbouring wavelengths enters through the
    noise of the channels.

    Examples
    --------
    >>> link, protocol = ModePairing.typical(350.0)
    >>> rate = protocol.rate(link)
    >>> bool(rate.plob < rate.rate_per_pulse < rate.capacity)
    True
    """

    NAME: ClassVar[str] = "mode-pairing"
    TITLE: ClassVar[str] = "Mode-pairing QKD"
    FAMILY: ClassVar[Family] = "relay"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "middle": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
        "bob": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"infinite": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends a pulse of random phase or nothing, round by round"),
        Step("bob", "does the same"),
        Step("middle", "lets the pulses interfere and announces rounds in which one detector alone clicks"),
        Step("public", "each announced round is paired with the next if that comes soon enough"),
        Step("public", "both say of each pair whether they sent one pulse, two or none"),
        Step("bob", "where both sent one, his bit is the round without his pulse; Alice's that with hers"),
        Step("public", "where both sent two, phase differences are disclosed; matching ones show the errors"),
    )
    FORMULA: ClassVar[str] = (
        r"R = r_p r_s \left\{ q_{11} [1 - h(e_{11}^X)] - f\,h(E^Z) \right\},\quad "
        r"r_p = \left[ \frac{1}{p\,(1-(1-p)^l)} + \frac{1}{p} \right]^{-1}"
    )
    SOURCE: ClassVar[str] = "Zeng, Zhou, Wu, Ma, Nat. Commun. 13, 3903 (2022), eqs. (4) and (7)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The rate is asymptotic; finite keys need the analysis of Xie et al., PRX Quantum 3, 020315 (2022).",
        "Yields of single photons are taken as known; the decoys that show them are further intensities, "
        "whose share of the rounds is not subtracted.",
        "Phases are taken to drift linearly; a phase that wanders back loses less.",
        "The key must not depend on when the middle clicks; pairing uses announced clicks only.",
    )
    CAPACITY: ClassVar = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.intensities[0]", 0.02, 2.0, "log"),
        Free("bob.intensities[0]", 0.02, 2.0, "log"),
        Free("protocol.signal_prob", 0.02, 0.98),
    )

    pairing_length: float = number(
        "rounds within which the next click may come; at most the phase's coherence time times the clock",
        unit="rounds",
        low=1,
        high=1e15,
        whole=True,
    )
    signal_prob: float = number("probability that a party sends a pulse", 0.5, low=0, high=1)
    phase_drift_rad_per_s: float = number(
        "speed at which the parties' relative phase drifts", 0.0, unit="rad/s", low=0
    )
    bound: str = choice("how Eve's share is bounded", "infinite", tuple(BOUNDS))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return gigahertz lasers, superconducting detectors halfway along a fibre, and the fibre's drift."""
        source = WeakCoherentSource(intensities=(0.45,), clock_rate_hz=1e9)
        half = Fibre(length_km=length_km / 2)
        link = Link(
            alice=source,
            channels=(half, half),
            middle=ThresholdDetectors(efficiency=0.7, dark_count_prob=1e-8, misalignment=0.03),
            bob=source,
        )
        return link, cls(pairing_length=20_000, phase_drift_rad_per_s=8e3)

    def check_link(self, link: Link) -> None:
        """Refuse unequal clocks, too."""
        super().check_link(link)
        check_clocks(link)

    def _turn(self, link: Link) -> Any:
        """Return by how much the relative phase drifts from one round to the next."""
        return self.phase_drift_rad_per_s / link.clock_rate_hz

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the asymptotic key; channels stand still while clicks are paired."""
        middle = link.detectors("middle")
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        kept: Any = 0.0
        wrong: Any = 0.0
        single: Any = 0.0
        errors: Any = 0.0
        for share, a, b in arms(link):
            pairs = paired(a * mu_a, b * mu_b, self.signal_prob, middle.dark_count_prob)
            rate = share * pairs_per_round(pairs.click, self.pairing_length)
            kept, wrong = kept + rate * pairs.key_pair, wrong + rate * pairs.key_error
            coherence = phase_coherence(pairs.click, self.pairing_length, self._turn(link))
            misalignment = 0.5 * (1 - (1 - 2 * np.asarray(middle.misalignment)) * coherence)
            yields = single_photon_pairs(a, b, middle.dark_count_prob, misalignment)
            sent = rate * pairs.weight * mu_a * mu_b * np.exp(-mu_a - np.asarray(mu_b))
            single, errors = single + sent * yields.click, errors + sent * yields.error
        qber, phase_error = _rate(wrong, kept), np.minimum(_rate(errors, single), 0.5)
        return Key(
            terms=key_terms(single, phase_error, kept, qber, self.f_ec),
            sifted=kept,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic",
                (
                    "The phases of all pulses are uniformly random and unknown to Eve.",
                    "Infinitely many decoy intensities show the yields of all photon numbers.",
                    "Nothing is assumed of the middle.",
                ),
                "Zeng, Zhou, Wu, Ma, Nat. Commun. 13, 3903 (2022)",
            ),
            bounds={"phase_error": phase_error, "single_photon_pairs": single},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return clicks, pairs, and pairs for key and test with those that are wrong, per round."""
        middle = link.detectors("middle")
        mu_a, mu_b, length = link.alice.intensities[0], link.bob.intensities[0], self.pairing_length
        totals: dict[str, Any] = {}
        for share, a, b in arms(link):
            dark = middle.dark_count_prob
            pairs = paired(a * mu_a, b * mu_b, self.signal_prob, dark)
            rate = share * pairs_per_round(pairs.click, length)
            both = matched_pairs(
                a * mu_a, b * mu_b, dark, middle.misalignment, pairs.click, length, self._turn(link)
            )
            matching = _rate(2 / PHASES * np.asarray(self.signal_prob) ** 4, pairs.click**2)
            parts = {
                "click": share * pairs.click,
                "pair": rate,
                "key pair": rate * pairs.key_pair,
                "wrong key pair": rate * pairs.key_error,
                "test pair": rate * matching * both.click,
                "wrong test pair": rate * matching * both.error,
            }
            totals = {name: totals.get(name, 0.0) + value for name, value in parts.items()}
        return totals

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds in their order, pair the clicks, and compare bits and discretised phases."""
        counts = Counter(
            dict.fromkeys(("click", "pair", "key pair", "wrong key pair", "test pair", "wrong test pair"), 0)
        )
        parts = arms(link)
        shares = np.array([share for share, _, _ in parts])
        for (_, a, b), total in zip(parts, rng.multinomial(rounds, shares / shares.sum()), strict=True):
            clicks = [
                self._play(link, float(a), float(b), start, min(CHUNK, total - start), rng)
                for start in range(0, int(total), CHUNK)
            ]
            if clicks:
                counts.update(self._pair(link, np.concatenate(clicks, axis=1), rng))
        return counts

    def _play(
        self, link: Link, arm_a: float, arm_b: float, start: int, rounds: int, rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Return number, detector, both parties' pulses and both phases of the announced rounds, (6, n)."""
        sent = rng.random((2, rounds)) < self.signal_prob
        phases = rng.integers(0, PHASES, (2, rounds))
        when = np.arange(start, start + rounds)
        field_a, field_b = (
            np.sqrt(arm * light) * pulse * np.exp(2j * np.pi / PHASES * phase)
            for arm, light, pulse, phase in zip(
                (arm_a, arm_b),
                (link.alice.intensities[0], link.bob.intensities[0]),
                sent,
                phases,
                strict=True,
            )
        )
        field_b = field_b * np.exp(1j * self._turn(link) * when)
        one, two = port_clicks(field_a, field_b, float(link.detectors("middle").dark_count_prob), rng)
        seen = one ^ two
        return np.stack([when, one, *sent, *phases])[:, seen]

    def _pair(self, link: Link, clicks: NDArray[np.int64], rng: np.random.Generator) -> dict[str, int]:
        """Return how many pairs there are of each kind."""
        soon = np.diff(clicks[0]) <= self.pairing_length
        # Clicks that follow each other soon form a run, whose clicks are paired two by two.
        begins = np.flatnonzero(np.concatenate([[True], ~soon])) if clicks.shape[1] else np.zeros(0, int)
        place = np.arange(clicks.shape[1]) - np.repeat(begins, np.diff([*begins, clicks.shape[1]]))
        first = np.flatnonzero((place[:-1] % 2 == 0) & soon)
        (_, one, a, b, turn_a, turn_b), (_, two, a_2, b_2, turn_a_2, turn_b_2) = (
            clicks[:, first],
            clicks[:, first + 1],
        )
        key = (a != a_2) & (b != b_2)
        difference = (turn_a - turn_a_2 - turn_b + turn_b_2) % PHASES
        test = (a & a_2 & b & b_2 == 1) & (difference % (PHASES // 2) == 0)
        swapped = rng.random(first.size) < link.detectors("middle").misalignment
        differ = ((one != two) ^ swapped) != (difference != 0)
        return {
            "click": clicks.shape[1],
            "pair": first.size,
            "key pair": np.count_nonzero(key),
            "wrong key pair": np.count_nonzero(key & (a == b)),
            "test pair": np.count_nonzero(test),
            "wrong test pair": np.count_nonzero(test & differ),
        }


def _rate(part: Floats, total: Floats) -> Floats:
    """Return a ratio, 0 where there is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0.0, part / total, 0.0)
