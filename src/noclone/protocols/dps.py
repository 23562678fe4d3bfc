"""Differential phase shift: the bit is the phase between a pulse and the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.fields import choice, number
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.protocol import Floats, Free, Key, Protocol, Stations, Step
from noclone.protocols.pulse_trains import (
    check_one_intensity,
    counted,
    drawn_transmittance,
    error_rate,
    recorded,
)
from noclone.rates.differential_phase import block_phase_errors, individual_secrecy
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Regime, Security
from noclone.rates.threshold_detection import record_of_light

BLOCK = 3
"""Pulses per block of the proof against coherent attacks; the first slot of each is not used."""


@dataclass(frozen=True, kw_only=True)
class DifferentialPhaseShift(Protocol):
    """Differential phase shift: a train of weak pulses with phases 0 and pi, read by a one-bit delay.

    A round is a pulse, and the rounds follow the source's clock. ``waks-2006`` keeps every slot in which
    Bob detects light, but holds against individual attacks only. ``mizutani-2019`` holds against coherent
    attacks: pulses come in blocks of three of which Bob uses the two slots inside, and keeps a block in which
    he counts exactly one photon.

    Examples
    --------
    >>> link, protocol = DifferentialPhaseShift.typical(50)
    >>> protocol.rate(link).security.attacks
    'individual'
    """

    NAME: ClassVar[str] = "dps"
    TITLE: ClassVar[str] = "Differential phase shift (DPS)"
    FAMILY: ClassVar[Any] = "distributed-phase"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "bob": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"waks-2006": "asymptotic", "mizutani-2019": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "gives each weak pulse of a coherent train the phase 0 or pi at random"),
        Step("channel", "may lose light or disturb the phases"),
        Step("bob", "lets each pulse interfere with the one before and records which detector clicks"),
        Step("public", "Bob names the slots in which he detected light"),
        Step("alice", "takes the difference of the two phases in each of these slots as her bit"),
        Step("public", "errors are estimated on a disclosed sample"),
    )
    FORMULA: ClassVar[str] = r"R = Q\,\{-(1-2\mu)\log_2[1-e^2-\tfrac12(1-6e)^2] - f\,h(e)\}"
    SOURCE: ClassVar[str] = "Waks, Takesue, Yamamoto, PRA 73, 012344 (2006), eq. (37) with its sign corrected"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The usual rate (waks-2006) holds against INDIVIDUAL ATTACKS ONLY; sequential attacks on the whole "
        "train are not covered.",
        "The rate against coherent attacks (mizutani-2019) needs far weaker pulses and falls with the square "
        "of the transmittance.",
        "It also needs detectors that tell one photon from more, which the bound takes for granted.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.intensities[0]", 1e-6, 0.49, "log"),)

    bound: str = choice("how Eve's share is bounded", "waks-2006", ("waks-2006", "mizutani-2019"))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with superconducting detectors and the intensity that suits the usual rate."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.2,), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse a source of several intensities besides what every protocol refuses."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities per pulse of a detection and of a wrong one, by slot and by block."""
        bob, intensity = link.detectors("bob"), link.alice.intensities[0]
        live = 1.0 - np.asarray(bob.dark_count_prob, float)
        rows = []
        for share, (transmittance,) in link.segments():
            mean = transmittance * bob.efficiency * intensity
            right, wrong = (
                record_of_light(mean, 1.0, each, bob.dark_count_prob)
                for each in (1.0 - bob.misalignment, bob.misalignment)
            )
            # Exactly one count in two slots of two detectors: of a photon, or of one of the four detectors.
            silent = np.exp(-2.0 * mean) * live**3
            photon, dark = silent * live * 2.0 * mean, silent * 4.0 * bob.dark_count_prob
            parts = (right + wrong, wrong, photon + dark, photon * bob.misalignment + 0.5 * dark)
            rows.append([share * np.asarray(part) for part in parts])
        total = [sum(column) for column in zip(*rows, strict=True)]
        return {
            "detected": total[0],
            "wrong": total[1],
            "block kept": total[2] / BLOCK,
            "block wrong": total[3] / BLOCK,
        }

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per pulse under one of the bounds."""
        seen, intensity = self.statistics(link), link.alice.intensities[0]
        if bound == "waks-2006":
            kept, wrong = seen["detected"], seen["wrong"]
            qber = error_rate(wrong, kept)
            secret = kept * individual_secrecy(qber, intensity)
            bounds: dict[str, Floats] = {}
            security = Security(
                "individual",
                "asymptotic",
                (
                    "Eve attacks each photon on its own.",
                    "Pulses differ in nothing but the phase, and phases are perfect.",
                ),
                self.SOURCE,
            )
        else:
            kept, wrong = seen["block kept"], seen["block wrong"]
            qber = error_rate(wrong, kept)
            phase_errors = block_phase_errors(BLOCK * wrong, intensity, BLOCK) / BLOCK
            phase_error = np.minimum(error_rate(phase_errors, kept), 0.5)
            secret = kept * (1.0 - binary_entropy(phase_error))
            bounds = {"phase_error": phase_error}
            security = Security(
                "coherent",
                "asymptotic",
                (
                    "Bob's detectors tell one photon from more.",
                    "Pulses are independent, and their photon numbers are Poissonian.",
                    "Blocks have a gap or an unused slot between them.",
                ),
                "Mizutani et al., npj Quantum Inf. 5, 87 (2019)",
            )
        return Key(
            terms={"secret": secret, "reconciliation": -kept * self.f_ec * binary_entropy(qber)},
            sifted=kept,
            qber=qber,
            security=security,
            bounds=bounds,
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play a train of pulses: phases, amplitudes behind the interferometer, photons, dark counts."""
        bob = link.detectors("bob")
        blocks = -(-rounds // BLOCK)
        # The channel stands still over the pulses of a block.
        transmittance = np.repeat(drawn_transmittance(link, blocks, rng), BLOCK)[:rounds]
        field = np.sqrt(transmittance * bob.efficiency * link.alice.intensities[0])
        bits = rng.integers(0, 2, rounds + 1)
        turn = np.exp(1j * np.arccos(1.0 - 2.0 * bob.misalignment))
        before, now = turn * (1 - 2 * bits[:-1]), 1 - 2 * bits[1:]
        ports = (field * (now + before) / 2, field * (now - before) / 2)
        counts = (counted(ports[0], bob.dark_count_prob, rng), counted(ports[1], bob.dark_count_prob, rng))
        bit = bits[:-1] ^ bits[1:]
        detected, seen = recorded(counts, rng)
        whole = rounds // BLOCK
        zero, one, sent = (each[: whole * BLOCK].reshape(whole, BLOCK)[:, 1:] for each in (*counts, bit))
        kept = (zero + one).sum(axis=1) == 1
        wrong = (zero * sent + one * (1 - sent)).sum(axis=1)
        return {
            "detected": float(detected.sum()),
            "wrong": float((detected & (seen != bit)).sum()),
            "block kept": float(kept.sum()),
            "block wrong": float(wrong[kept].sum()),
        }
