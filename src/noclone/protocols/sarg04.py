"""SARG04: the states of BB84, announced in pairs, so that two photons do not yet tell Eve the bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors, WeakCoherentSource
from noclone.protocols import photonic_qubits
from noclone.protocols.declaration import Declaration, Outcome, Signal
from noclone.protocols.four_states import BASES, basis_outcomes
from noclone.protocols.photonic_qubits import (
    chunks,
    measured,
    photon_prob,
    recorded,
    recorded_photons,
)
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.protocols.pulse_trains import check_one_intensity
from noclone.rates.sarg04 import decoy_rate, pair_phase_error
from noclone.rates.security import Security


@dataclass(frozen=True, kw_only=True)
class SARG04(Protocol):
    """SARG04 with single photons or a laser with infinitely many decoys.

    Alice codes the bit in the basis and announces a pair of states, hers and one of the other basis. Bob
    measures either basis with equal chances; a result that excludes one state of the pair is conclusive.
    A round is a pulse.

    Examples
    --------
    >>> link, protocol = SARG04.typical(50)
    >>> f"{float(protocol.rate(link).rate_per_pulse):.2e}"
    '4.81e-03'
    """

    NAME: ClassVar[str] = "sarg04"
    TITLE: ClassVar[str] = "SARG04"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = photonic_qubits.STATIONS
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"infinite-decoy": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "chooses a basis, which is the bit, and one of its two states, and sends it"),
        Step("channel", "may lose or disturb photons; Eve may keep one of several"),
        Step("bob", "measures Z or X with equal chances and records a random result if both detectors click"),
        Step("public", "Alice announces her state together with one of the other basis"),
        Step("public", "Bob says where his result excludes one of the two; the rest is dropped"),
    )
    FORMULA: ClassVar[str] = r"R = Q_1[1 - H(Z_1|X_1)] + Q_2[1 - h(e_{p,2})] - f\,Q\,h(E)"
    SOURCE: ClassVar[str] = (
        "Fung, Tamaki, Lo, PRA 73, 012337 (2006), eq. (39); Tamaki, Lo, PRA 73, 010302(R) (2006)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Few decoys do not bound the yield of photon pairs; the number assumes infinitely many of them.",
        "With decoys it is behind BB84 at every loss: half as many bits are sifted, and errors double.",
        "The bound on single photons uses the error rate alone; the full statistics allow more key.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.intensities[0]", 0.01, 1.0, "log"),)

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

    def _conclusive(self, link: Link, photons: int | None = None) -> tuple[Floats, Floats]:
        """Return the probabilities of a conclusive result and of a wrong one, of all pulses or of some.

        In Alice's basis, half of the time, only the wrong result is conclusive; in the other one, half of
        the results are, and they are right.
        """

        def record(share: Floats | float) -> Floats:
            return recorded(link, share) if photons is None else recorded_photons(link, photons, share)

        wrong = record(np.asarray(link.bob.misalignment)) / 2
        return wrong + record(0.5) / 2, wrong

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key of single photons and of pairs, whose yields decoys reveal."""
        gain, wrong = self._conclusive(link)
        one, two = (
            tuple(photon_prob(link, photons) * each for each in self._conclusive(link, photons))
            for photons in (1, 2)
        )
        single, pairs, leak = decoy_rate(gain, wrong, one[0], one[1], two[0], two[1], self.f_ec)
        with np.errstate(divide="ignore", invalid="ignore"):
            qber = np.where(gain > 0, wrong / gain, 0.0)
            pair_error = np.where(two[0] > 0, np.fmin(two[1] / two[0], 0.5), 0.5)
        assumptions = ["Double clicks decided by a coin reduce Bob's measurement to one of a qubit."]
        if not isinstance(link.alice, SinglePhotonSource):
            assumptions += [
                "Every pulse has a uniformly random phase.",
                "Infinitely many decoys reveal the yields and error rates of one and of two photons.",
            ]
        return Key(
            terms={"single photons": single, "photon pairs": pairs, "reconciliation": leak},
            sifted=gain,
            qber=qber,
            security=Security("coherent", "asymptotic", tuple(assumptions), self.SOURCE),
            bounds={"pair_phase_error": pair_phase_error(pair_error)},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities that Bob detects anything, is conclusive, and is wrong."""
        gain, wrong = self._conclusive(link)
        return {"click": 2 * recorded(link, 0.5), "conclusive": gain, "error": wrong}

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds photon by photon."""
        seen = dict.fromkeys(("click", "conclusive", "error"), 0.0)
        for size in chunks(rounds):
            basis, state, other, own = (rng.random(size) < 0.5 for _ in range(4))
            clicked, result = measured(link, np.where(own == basis, state, 0.5), rng)
            # The announced state of the basis that Bob measures; the opposite result excludes it.
            announced = np.where(own == basis, state, other)
            conclusive = clicked & (result != announced)
            seen["click"] += int(np.sum(clicked))
            seen["conclusive"] += int(np.sum(conclusive))
            seen["error"] += int(np.sum(conclusive & (own == basis)))
        return seen

    def declaration(self) -> Declaration:
        """Return what is sent, measured, announced and kept, for a pulse of one photon.

        Bit 0 is coded in basis Z, 1 in X; "01" announces the states 0 of Z and 1 of X.
        """
        pairs = [(z, x) for z in (0, 1) for x in (0, 1)]
        signals = {
            f"{basis}{pair[bit]} of {pair[0]}{pair[1]}": Signal(
                1 / 8, BASES[basis][pair[bit]], bit, f"{pair[0]}{pair[1]}"
            )
            for pair in pairs
            for bit, basis in enumerate("zx")
        }
        # A result opposite to the announced state of its basis leaves the other basis's.
        bits = {(f"{z}{x}", f"z{1 - z}"): 1 for z, x in pairs} | {
            (f"{z}{x}", f"x{1 - x}"): 0 for z, x in pairs
        }
        # Bob keeps his basis to himself: with it, which result was conclusive would tell the bit.
        outcomes = {
            name: Outcome(each.element, "") for name, each in basis_outcomes({"z": 0.5, "x": 0.5}).items()
        }
        return Declaration(signals, outcomes, bits)
