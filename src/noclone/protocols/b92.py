"""B92: two non-orthogonal states; what Eve cannot tell apart she has to lose or to get wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols import photonic_qubits
from noclone.protocols.declaration import Declaration, Outcome, Signal
from noclone.protocols.four_states import projector
from noclone.protocols.photonic_qubits import (
    chunks,
    measured,
    photon_prob,
    recorded,
    recorded_photons,
)
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.protocols.pulse_trains import check_one_intensity
from noclone.rates.b92 import phase_errors
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security


@dataclass(frozen=True, kw_only=True)
class B92(Protocol):
    """B92 with the polarisation of single photons, or of a laser with infinitely many decoys.

    Bob tests for either state with equal chances; a photon in the state orthogonal to it is conclusive.
    A round is a pulse.

    Examples
    --------
    >>> link, protocol = B92.typical(0)
    >>> f"{float(protocol.rate(link).rate_per_pulse):.2e}"
    '1.47e-01'
    """

    NAME: ClassVar[str] = "b92"
    TITLE: ClassVar[str] = "B92"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = photonic_qubits.STATIONS
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"tamaki-luetkenhaus-2004": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends one of two non-orthogonal states for a bit"),
        Step(
            "channel",
            "may lose or disturb it; Eve may discriminate the states and hide her failures in the loss",
        ),
        Step("bob", "guesses a state and measures in its basis, a random result if both detectors click"),
        Step("public", "Bob says which pulses he detected, and where the result excludes his guess"),
        Step("public", "those rounds are kept, the bit being the state that is left"),
    )
    FORMULA: ClassVar[str] = r"R = Q_1[1 - h(e_{ph})] - f\,Q\,h(E)"
    SOURCE: ClassVar[str] = (
        "Tamaki, Lütkenhaus, PRA 69, 032316 (2004), sec. III; Tamaki, Koashi, Imoto, PRL 90, 167904 (2003)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "No key where the loss, detectors included, reaches the overlap of the states.",
        "The bound uses three numbers; the full statistics allow more key.",
        "Coherent states without a strong reference are not covered: at half of the light lost Eve "
        "discriminates them at no cost.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("protocol.overlap", 0.3, 0.999),
        Free("alice.intensities[0]", 0.01, 1.0, "log"),
    )

    overlap: float = number(
        "overlap of the two states, |<phi_0|phi_1>|", low=0, low_open=True, high=1, high_open=True
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with an ideal source and the overlap that tolerates most noise at its loss."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e8),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.9, dark_count_prob=1e-8, misalignment=0.002),
        )
        return link, cls(overlap=1 - 0.33 * 10 ** (-0.02 * length_km))

    def check_link(self, link: Link) -> None:
        """Refuse several intensities besides what no protocol of this kind can run on."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def _events(self, link: Link, photons: int | None = None) -> tuple[Floats, Floats, Floats]:
        """Return the probabilities of a click, a conclusive result and a wrong one; of all pulses or some."""

        def record(share: Floats | float) -> Floats:
            return recorded(link, share) if photons is None else recorded_photons(link, photons, share)

        kept = 1 - 2 * np.asarray(link.bob.misalignment)
        wrong = record((1 - kept) / 2) / 2
        right = record((1 - kept * (2 * np.asarray(self.overlap) ** 2 - 1)) / 2) / 2
        return 2 * record(0.5), right + wrong, wrong

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key of single photons, whose statistics decoys reveal."""
        _, gain, wrong = self._events(link)
        click_1, gain_1, wrong_1 = self._events(link, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            qber = np.where(gain > 0, wrong / gain, 0.0)
            ratio = phase_errors(self.overlap, click_1, gain_1, wrong_1) / gain_1
        phase_error = np.where(gain_1 > 0, ratio, 0.5)
        single = photon_prob(link, 1) * gain_1
        assumptions = ["Eve sends Bob at most one photon, or his measurement reduces to one of a qubit."]
        if not isinstance(link.alice, SinglePhotonSource):
            assumptions += [
                "Every pulse has a uniformly random phase.",
                "Infinitely many decoys reveal the statistics of single photons.",
            ]
        return Key(
            terms={
                "single photons": single * (1 - binary_entropy(phase_error)),
                "reconciliation": -self.f_ec * gain * binary_entropy(qber),
            },
            sifted=gain,
            qber=qber,
            security=Security("coherent", "asymptotic", tuple(assumptions), self.SOURCE),
            bounds={"phase_error": phase_error, "single_photons": single},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities that Bob detects anything, is conclusive, and is wrong."""
        return dict(zip(("click", "conclusive", "error"), self._events(link), strict=True))

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds photon by photon."""
        seen = dict.fromkeys(("click", "conclusive", "error"), 0.0)
        for size in chunks(rounds):
            sent, guess = (rng.random(size) < 0.5 for _ in range(2))
            clicked, excluded = measured(link, np.where(sent == guess, 0.0, 1 - self.overlap**2), rng)
            conclusive = clicked & excluded
            seen["click"] += int(np.sum(clicked))
            seen["conclusive"] += int(np.sum(conclusive))
            seen["error"] += int(np.sum(conclusive & (sent == guess)))
        return seen

    def declaration(self) -> Declaration:
        """Return what is sent, measured, announced and kept, for a pulse of one photon."""
        even, odd = np.sqrt((1 + self.overlap) / 2), np.sqrt((1 - self.overlap) / 2)
        states = [np.array([even, odd], complex), np.array([even, -odd], complex)]
        excluded = [np.array([odd, -even], complex), np.array([odd, even], complex)]
        return Declaration(
            {str(bit): Signal(0.5, states[bit], bit, "") for bit in (0, 1)},
            {f"not {bit}": Outcome(projector(excluded[bit]) / 2, "conclusive") for bit in (0, 1)}
            | {f"{bit}?": Outcome(projector(states[bit]) / 2, "inconclusive") for bit in (0, 1)},
            {("", "not 0"): 1, ("", "not 1"): 0},
        )
