"""Device-independent key distribution: the CHSH game alone, with every lost photon counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.fields import choice, number
from noclone.link import Fibre, Link, ThresholdDetectors
from noclone.link.pair_sources import SinglePairSource
from noclone.protocols.bbm92 import RECEIVER
from noclone.protocols.protocol import Floats, Free, Key, Protocol, Step
from noclone.rates.device_independent import (
    Correlations,
    accumulated_entropy,
    chain_rule_bits,
    correlations,
    entropy_of_tests,
    holevo_bits,
    station,
)
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Attacks, Security
from noclone.sampling import pairs

ANGLES_A = np.array([0.0, np.pi / 2])
ANGLES_B = np.array([np.pi / 4, -np.pi / 4, 0.0])
"""Directions on the Bloch sphere; Alice's first and Bob's third make the key, the others the test."""

ASSUMPTIONS = (
    "quantum mechanics holds and the laboratories leak nothing",
    "settings are chosen at random and independently of the devices",
)
SOURCES: Mapping[str, tuple[Attacks, str]] = {
    "acin-2007": ("collective", "Acín et al., PRL 98, 230501 (2007), eqs. (2), (3)"),
    "ma-lutkenhaus-2012": (
        "collective",
        "Ma, Lütkenhaus, Quantum Inf. Comput. 12, 203 (2012), with the Holevo bound of Acín et al. (2007)",
    ),
    "arnon-friedman-2018": (
        "coherent",
        "Arnon-Friedman, Dupuis, Fawzi, Renner, Vidick, Nat. Commun. 9, 459 (2018)",
    ),
}


@dataclass(frozen=True, kw_only=True)
class DeviceIndependent(Protocol):
    """Device-independent key distribution with the CHSH inequality.

    One round is one pair. A round is a test with `test_prob` and gives a bit of key otherwise; none is
    discarded. The bit is 1 where detector 1 clicks alone and 0 in every other case, so that loss is paid for
    as a smaller violation and as errors.

    Examples
    --------
    >>> link, protocol = DeviceIndependent.typical(0.5)
    >>> bool(protocol.rate(link).rate_per_pulse > 0.1)
    True
    """

    NAME: ClassVar[str] = "device-independent"
    TITLE: ClassVar[str] = "Device-independent (CHSH)"
    FAMILY: ClassVar[Any] = "entanglement"
    STATIONS: ClassVar[Any] = {
        "alice": {ThresholdDetectors: RECEIVER},
        "middle": {SinglePairSource: ("polarisation_error", "clock_rate_hz")},
        "bob": {ThresholdDetectors: RECEIVER},
    }
    BOUNDS: ClassVar[Any] = {
        "ma-lutkenhaus-2012": "asymptotic",
        "acin-2007": "asymptotic",
        "arnon-friedman-2018": "finite",
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("middle", "sends one photon of a pair to Alice and one to Bob"),
        Step("public", "the round is declared a test or a round of the key"),
        Step("alice", "in a test measures along 0 or 90 degrees of the Bloch sphere, otherwise along 0"),
        Step("bob", "in a test measures along 45 or -45 degrees, otherwise along 0"),
        Step("alice", "notes 1 if detector 1 clicks alone, and 0 in every other case"),
        Step("bob", "notes 1 if detector 1 clicks alone, and 0 in every other case"),
        Step("public", "settings and the results of tests are announced, which gives S"),
    )
    FORMULA: ClassVar[str] = (
        r"R = 1 - f H(A|B) - \chi(S),\quad \chi(S) = h\left(\tfrac12 + \tfrac12\sqrt{S^2/4 - 1}\right)"
    )
    SOURCE: ClassVar[str] = "Acín et al., PRL 98, 230501 (2007), eqs. (2), (3)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "every photon lost, in the channel too, counts: below a detection probability of 0.908 per side "
        "(0.923 if Bob forgets which rounds he missed) there is no key, which ends a fibre after a few "
        "kilometres unless arrivals are heralded",
        "the source is taken to give exactly one pair per round",
        "dead time and after-pulses are not modelled",
    )
    CAPACITY: ClassVar[Any] = "repeaterless"
    FREE: ClassVar[tuple[Free, ...]] = (Free("protocol.test_prob", 1e-5, 0.5, "log"),)

    test_prob: float = number(
        "probability that a round is a test", 0.01, low=0, high=1, low_open=True, high_open=True
    )
    bound: str = choice("how Eve's share is bounded", "ma-lutkenhaus-2012", tuple(SOURCES))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)
    eps_sec: float = number("secrecy failure probability", 1e-9, low=0, high=0.1, low_open=True)
    eps_cor: float = number("correctness failure probability", 1e-15, low=1e-30, high=0.1)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a source in the middle of a fibre and the best superconducting detectors."""
        detectors = ThresholdDetectors(efficiency=0.98, dark_count_prob=1e-7, misalignment=0.001)
        half = Fibre(length_km=length_km / 2)
        source = SinglePairSource(clock_rate_hz=1e6, polarisation_error=0.001)
        return Link(alice=detectors, channels=(half, half), middle=source, bob=detectors), cls()

    def seen(self, link: Link) -> Correlations:
        """Return what the stations see, averaged over the channels' variation."""
        visibility = 1 - 2 * np.asarray(link.middle.polarisation_error, float)
        receivers = [link.detectors(name) for name in ("alice", "bob")]
        total: Any = None
        for share, ways in link.segments():
            sides = [
                station(way * detectors.efficiency, detectors.dark_count_prob, detectors.misalignment)
                for way, detectors in zip(ways, receivers, strict=True)
            ]
            part = [share * value for value in correlations(sides[0], sides[1], visibility)]
            total = part if total is None else [old + new for old, new in zip(total, part, strict=True)]
        return Correlations(*total)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key; only the finite bound also draws on the rounds of the test, and pays for them."""
        seen = self.seen(link)
        test = np.asarray(self.test_prob, float)
        attacks, source = SOURCES[bound]
        eps: dict[str, Any] = {}
        extra: tuple[str, ...] = ()
        if bound == "arnon-friedman-2018":
            extra = (
                "the accepted score of the game is the expected one, with no margin for honest fluctuations",
            )
            terms, eps = self._accumulated(seen, test, pulses)
        else:
            missing = seen.missing_entropy if bound == "ma-lutkenhaus-2012" else binary_entropy(seen.qber)
            terms = {
                "key rounds": 1 - test + 0 * seen.chsh,
                "Holevo information": -(1 - test) * holevo_bits(seen.chsh),
                "reconciliation": -(1 - test) * self.f_ec * missing,
            }
        regime: Any = "finite" if eps else "asymptotic"
        return Key(
            terms=terms,
            sifted=1 - test + 0 * seen.chsh,
            qber=seen.qber,
            bounds={"chsh": seen.chsh, "holevo_bits": holevo_bits(seen.chsh)},
            security=Security(attacks, regime, ASSUMPTIONS + extra, source, **eps),
        )

    def _accumulated(
        self, seen: Correlations, test: Floats, pulses: Floats | None
    ) -> tuple[dict[str, Floats], dict[str, Any]]:
        """Return the terms per round under entropy accumulation; Alice's tested bits are reconciled too."""
        n = np.asarray(np.inf if pulses is None else pulses, float)
        share = self.eps_sec / 3  # smoothing, the event of not aborting, privacy amplification
        smoothing, event = share / 4, share + self.eps_cor
        missing = (1 - test) * binary_entropy(seen.qber) + test * binary_entropy(seen.win_prob)
        secrecy = chain_rule_bits(smoothing) + 2 * np.log2(1 / (2 * share))
        terms = {
            "accumulated entropy": accumulated_entropy(seen.win_prob, test, n, smoothing, event),
            "tests": -entropy_of_tests(test, n, smoothing, event) + 0 * seen.chsh,
            "reconciliation": -self.f_ec * missing,
            "secrecy": -secrecy / n + 0 * seen.chsh,
            "correctness": -np.log2(1 / np.asarray(self.eps_cor, float)) / n + 0 * seen.chsh,
        }
        return terms, {} if pulses is None else {"eps_sec": self.eps_sec, "eps_cor": self.eps_cor}

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return tests and games won, errors of the key, and its rounds without a single click at Bob."""
        seen = self.seen(link)
        test = np.asarray(self.test_prob, float)
        return {
            "test": test + 0 * seen.chsh,
            "test won": test * seen.win_prob,
            "error": (1 - test) * seen.qber,
            "missed": (1 - test) * (1 - 2 * seen.one_b),
            "missed, Alice 1": (1 - test) * (seen.one_a - seen.both - seen.unequal),
        }

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds pair by pair: settings, outcomes of a noisy singlet, loss, clicks."""
        shares, ways = zip(*link.segments(), strict=True)

        def play(rounds: int) -> dict[str, int]:
            test = rng.random(rounds) < self.test_prob
            x, y = rng.integers(0, 2, (2, rounds)) * test
            angle = ANGLES_B[np.where(test, y, 2)] - ANGLES_A[x]
            segment = rng.choice(len(shares), rounds, p=shares)
            along_a = rng.integers(0, 2, rounds)
            differ = rng.random(rounds) < np.sin(angle / 2) ** 2
            along_b = along_a ^ differ ^ (rng.random(rounds) < link.middle.polarisation_error)
            alone = []
            for side, (name, along) in enumerate((("alice", along_a), ("bob", along_b))):
                to = np.array([float(way[side]) for way in ways])[segment]
                click_0, click_1 = pairs.clicks(1 - along, along, to, link.detectors(name), rng)
                alone.append((click_0 & ~click_1, click_1 & ~click_0))
            unequal = alone[0][1] ^ alone[1][1]
            missed = ~(alone[1][0] | alone[1][1]) & ~test
            return {
                "test": test.sum(),
                "test won": (test & (unequal == ((x == 1) & (y == 1)))).sum(),
                "error": (~test & unequal).sum(),
                "missed": missed.sum(),
                "missed, Alice 1": (missed & alone[0][1]).sum(),
            }

        return pairs.in_chunks(play, rounds)
