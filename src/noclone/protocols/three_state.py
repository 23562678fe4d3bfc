"""BB84 with three states: two for the key and a single one of the other basis for the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols import photonic_qubits
from noclone.protocols.declaration import Declaration, Signal
from noclone.protocols.four_states import BASES, basis_outcomes, basis_signals
from noclone.protocols.photonic_qubits import (
    chunks,
    measured,
    photon_prob,
    recorded,
    recorded_photons,
)
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.protocols.pulse_trains import check_one_intensity
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security
from noclone.rates.three_state import phase_errors

EVENTS = ("sifted z", "error z", "+ of +", "- of +", "+ of z")


@dataclass(frozen=True, kw_only=True)
class ThreeState(Protocol):
    """BB84 in which basis X has the state + only, with single photons or a laser with infinitely many decoys.

    Alice and Bob each choose Z with `basis_prob`; the key comes from Z. A round is a pulse.

    Examples
    --------
    >>> link, protocol = ThreeState.typical(50)
    >>> f"{float(protocol.rate(link).rate_per_pulse):.2e}"
    '1.67e-02'
    """

    NAME: ClassVar[str] = "three-state"
    TITLE: ClassVar[str] = "Three-state BB84"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = photonic_qubits.STATIONS
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"infinite-decoy": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends one of both states of Z for a bit, or the state + for a test"),
        Step("channel", "may lose or disturb it"),
        Step("bob", "chooses Z or X, records which detector clicks, and a random bit if both do"),
        Step("public", "both name their bases; bits of Z are kept"),
        Step(
            "public", "all results in X are disclosed, those of states of Z too: they stand for the state -"
        ),
    )
    FORMULA: ClassVar[str] = (
        r"R = q\,\{Q_1[1 - h(e_{ph})] - f\,Q\,h(E)\}, \quad "
        r"e_{ph} Y_1 = \tfrac12[P(-|+) + 2P(+|Z) - P(+|+)]"
    )
    SOURCE: ClassVar[str] = "Fung, Lo, PRA 74, 042342 (2006); Tamaki et al., PRA 90, 052314 (2014)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The three states must be exact; states with flaws need the loss-tolerant analysis.",
        "No finite key: the number assumes infinitely many pulses and decoys.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.intensities[0]", 0.01, 1.0, "log"),)

    basis_prob: float = number(
        "probability of basis Z at each party", 0.9, low=0, high=1, low_open=True, high_open=True
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with a laser and superconducting detectors."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.8,), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse several intensities besides what no protocol of this kind can run on."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key of basis Z, where decoys reveal what single photons do."""
        share = np.asarray(link.bob.misalignment)
        wrong = recorded(link, share)
        gain = recorded(link, 1 - share) + wrong
        right_1, wrong_1, half_1 = (recorded_photons(link, 1, part) for part in (1 - share, share, 0.5))
        with np.errstate(divide="ignore", invalid="ignore"):
            qber = np.where(gain > 0, wrong / gain, 0.0)
            ratio = phase_errors(wrong_1, right_1, half_1) / (right_1 + wrong_1)
        phase_error = np.where(right_1 > 0, np.fmin(ratio, 0.5), 0.5)
        sift = np.asarray(self.basis_prob) ** 2
        single = sift * photon_prob(link, 1) * (right_1 + wrong_1)
        assumptions = ["Alice's three states are exact.", "Both detectors are equally efficient."]
        if not isinstance(link.alice, SinglePhotonSource):
            assumptions += [
                "Every pulse has a uniformly random phase.",
                "Infinitely many decoys reveal the statistics of single photons.",
            ]
        return Key(
            terms={
                "single photons": single * (1 - binary_entropy(phase_error)),
                "reconciliation": -sift * self.f_ec * gain * binary_entropy(qber),
            },
            sifted=sift * gain,
            qber=qber,
            security=Security("coherent", "asymptotic", tuple(assumptions), self.SOURCE),
            bounds={"phase_error": phase_error, "single_photons": single},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities of sifted bits and of the results in basis X."""
        share, z = np.asarray(link.bob.misalignment), np.asarray(self.basis_prob)
        right, wrong, half = (recorded(link, part) for part in (1 - share, share, 0.5))
        kept, tested = z**2, (1 - z) ** 2
        values = (kept * (right + wrong), kept * wrong, tested * right, tested * wrong, z * (1 - z) * half)
        return dict(zip(EVENTS, map(np.asarray, values), strict=True))

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds photon by photon."""
        seen = dict.fromkeys(EVENTS, 0.0)
        for size in chunks(rounds):
            sent, own = (rng.random(size) < self.basis_prob for _ in range(2))
            bit = (rng.random(size) < 0.5) & sent
            clicked, result = measured(link, np.where(sent == own, bit, 0.5), rng)
            kept, tested = clicked & sent & own, clicked & ~own
            plus = tested & ~sent
            chosen = (kept, kept & (result != bit), plus & ~result, plus & result, tested & sent & ~result)
            for name, rows in zip(EVENTS, chosen, strict=True):
                seen[name] += int(np.sum(rows))
        return seen

    def declaration(self) -> Declaration:
        """Return what is sent, measured, announced and kept, for a pulse of one photon."""
        probs = {"z": self.basis_prob, "x": 1 - self.basis_prob}
        signals = {**basis_signals({"z": self.basis_prob}), "x0": Signal(probs["x"], BASES["x"][0], 0, "x")}
        return Declaration(signals, basis_outcomes(probs), {("z", "z0"): 0, ("z", "z1"): 1})
