"""B92 in the phase of faint pulses relative to a strong reference, after Bennett and Koashi."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.photonic_qubits import LASER, RECEIVER, chunks
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.protocols.pulse_trains import check_one_intensity
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security
from noclone.rates.strong_reference_b92 import nulled_gains, phase_errors


@dataclass(frozen=True, kw_only=True)
class StrongReferenceB92(Protocol):
    """B92 with coherent states of opposite phase and a strong reference that fixes Bob's oscillator.

    Alice sends one of two faint pulses of opposite phase and a bright reference. Bob sets his oscillator to
    the mean amplitude of the signal, guesses a phase, cancels it, and is conclusive where his detector
    clicks all the same. A round is a pulse.

    Examples
    --------
    >>> link, protocol = StrongReferenceB92.typical(50)
    >>> f"{float(protocol.rate(link).rate_per_pulse):.2e}"
    '6.40e-03'
    """

    NAME: ClassVar[str] = "strong-reference-b92"
    TITLE: ClassVar[str] = "B92 with a strong reference"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = {"alice": LASER, "bob": RECEIVER}
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"koashi-2004": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends a faint pulse with the phase 0 or pi for a bit, and a bright reference"),
        Step("channel", "may lose or disturb the faint pulse"),
        Step("bob", "locks his oscillator to the reference, guesses a phase and displaces it to vacuum"),
        Step("bob", "concludes from a click that the phase was the other one"),
        Step("public", "Bob says where his detector clicked; those rounds are kept"),
    )
    FORMULA: ClassVar[str] = r"R = Q\,[1 - h(e_{ph}) - f\,h(E)]"
    SOURCE: ClassVar[str] = "Koashi, PRL 93, 120501 (2004); Bennett, PRL 68, 3121 (1992)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Bob must trust the phase and the amplitude of his oscillator; a reference that Eve can alter "
        "is not covered.",
        "Misalignment is the lost visibility of the interference with the oscillator: 1 - 2 e_d.",
        "No finite key: the number assumes infinitely many pulses.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.intensities[0]", 0.003, 1.0, "log"),)

    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with a superconducting detector and a good interferometer."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.13,), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.005),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse several intensities besides what no protocol of this kind can run on."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def _oscillator(self, link: Link) -> Floats:
        """Return the photons that the detector counts of Bob's displacement: the mean of the signal's."""
        mean = sum(share * np.asarray(way) for share, (way,) in link.segments())
        return np.asarray(link.alice.intensities[0] * link.detectors("bob").efficiency * mean)

    def _gains(self, link: Link) -> tuple[Floats, Floats]:
        bob, oscillator = link.detectors("bob"), self._oscillator(link)
        conclusive, wrong = np.zeros(()), np.zeros(())
        for share, (way,) in link.segments():
            signal = np.asarray(link.alice.intensities[0]) * bob.efficiency * way
            parts = nulled_gains(signal, oscillator, bob.misalignment, bob.dark_count_prob)
            conclusive, wrong = conclusive + share * parts[0], wrong + share * parts[1]
        return conclusive, wrong

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key that the most phase errors leave."""
        gain, wrong = self._gains(link)
        worst = phase_errors(link.alice.intensities[0], self._oscillator(link), gain, wrong)
        with np.errstate(divide="ignore", invalid="ignore"):
            qber, phase_error = (
                np.where(gain > 0, part / gain, empty) for part, empty in ((wrong, 0.0), (worst, 0.5))
            )
        return Key(
            terms={
                "conclusive": gain,
                "phase errors": -gain * binary_entropy(phase_error),
                "reconciliation": -self.f_ec * gain * binary_entropy(qber),
            },
            sifted=gain,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic",
                (
                    "Bob's oscillator has the phase of Alice's reference and a known amplitude.",
                    "Bob's detector has no memory and a known efficiency.",
                ),
                self.SOURCE,
            ),
            bounds={"phase_error": phase_error},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities of a conclusive result and of a wrong one."""
        return dict(zip(("conclusive", "error"), self._gains(link), strict=True))

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds: add the amplitudes of signal and oscillator, count photons, see if there is one."""
        bob, local = link.detectors("bob"), np.sqrt(self._oscillator(link))
        shares, ways = zip(*((share, float(way)) for share, (way,) in link.segments()), strict=True)
        overlap = 1 - 2 * bob.misalignment
        seen = {"conclusive": 0.0, "error": 0.0}
        for size in chunks(rounds):
            way = np.array(ways)[rng.choice(len(ways), size, p=shares)]
            sent, guess = (rng.integers(0, 2, size) for _ in range(2))
            amplitude = (1 - 2 * sent) * np.sqrt(link.alice.intensities[0] * bob.efficiency * way)
            # What of the signal is in the oscillator's mode interferes; the rest only adds its photons.
            field = overlap * amplitude - (1 - 2 * guess) * local
            photons = rng.poisson(field**2) + rng.poisson((1 - overlap**2) * amplitude**2)
            clicked = (photons > 0) | (rng.random(size) < bob.dark_count_prob)
            seen["conclusive"] += int(np.sum(clicked))
            seen["error"] += int(np.sum(clicked & (sent == guess)))
        return seen
