"""Single-click BB84: the smallest protocol there is, dropped into the package by a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security


@dataclass(frozen=True, kw_only=True)
class SingleClick(Protocol):
    """BB84 with single photons and perfect detectors: a click is a photon.

    A round is one pulse, at the clock of the source.
    """

    NAME: ClassVar[str] = "single-click"
    TITLE: ClassVar[str] = "Single-click BB84"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = {
        "alice": {SinglePhotonSource: ("clock_rate_hz",)},
        "bob": {ThresholdDetectors: ("efficiency", "misalignment")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"shor-preskill": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends one photon in one of four states"),
        Step("bob", "measures it in one of two bases"),
        Step("public", "both name their bases and keep the rounds in which these are equal"),
    )
    FORMULA: ClassVar[str] = r"R = q\,\eta\,[1 - (1+f)\,h(e)]"
    SOURCE: ClassVar[str] = "Shor and Preskill, PRL 85, 441 (2000)"
    FREE: ClassVar[tuple[Free, ...]] = (Free("protocol.basis_prob", 0.5, 0.99),)

    basis_prob: float = number("probability of basis Z at each party", 0.9, low=0.5, high=1, high_open=True)
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a megahertz source and good detectors."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e6),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.5, misalignment=0.01),
        )
        return link, cls()

    def _arrivals(self, link: Link) -> Floats:
        mean = sum(share * transmittance for share, (transmittance,) in link.segments())
        return np.asarray(link.detectors("bob").efficiency * mean)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key of Shor and Preskill."""
        sifted = self.basis_prob**2 * self._arrivals(link)
        error = np.asarray(link.bob.misalignment)
        return Key(
            terms={
                "sifted": sifted,
                "phase errors": -sifted * binary_entropy(error),
                "reconciliation": -self.f_ec * sifted * binary_entropy(error),
            },
            sifted=sifted,
            qber=error,
            security=Security("coherent", "asymptotic", ("Every pulse holds one photon.",), self.SOURCE),
        )

    def statistics(self, link: Link) -> dict[str, Floats]:
        """Return how often bases match on a click, and how often the bit is then wrong."""
        match = self.basis_prob**2 + (1 - self.basis_prob) ** 2
        sifted = match * self._arrivals(link)
        return {"sifted": sifted, "error": sifted * link.bob.misalignment}

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> dict[str, float]:
        """Play rounds with photons that arrive or do not."""
        bases = rng.random((2, rounds)) < self.basis_prob
        shares, ways = zip(*link.segments(), strict=True)
        transmittance = np.array([float(way[0]) for way in ways])[rng.choice(len(shares), rounds, p=shares)]
        arrived = (rng.random(rounds) < transmittance) & (rng.random(rounds) < link.bob.efficiency)
        sifted = arrived & (bases[0] == bases[1])
        wrong = sifted & (rng.random(rounds) < link.bob.misalignment)
        return {"sifted": float(sifted.sum()), "error": float(wrong.sum())}
