"""BB84 with weak coherent pulses and no decoys: every pulse of several photons counts as Eve's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.declaration import Declaration
from noclone.protocols.four_states import bb84_declaration
from noclone.protocols.photonic_qubits import (
    LASER,
    RECEIVER,
    chunks,
    measured,
    photon_prob,
    recorded,
)
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.protocols.pulse_trains import check_one_intensity
from noclone.rates.bb84 import gllp_rate
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security


@dataclass(frozen=True, kw_only=True)
class WeakCoherentBB84(Protocol):
    """BB84 with a phase-randomised laser of one intensity, key from both bases.

    A round is a pulse.

    Examples
    --------
    >>> link, protocol = WeakCoherentBB84.typical(10)
    >>> f"{float(protocol.rate(link).rate_per_pulse):.2e}"
    '4.69e-02'
    """

    NAME: ClassVar[str] = "weak-coherent-bb84"
    TITLE: ClassVar[str] = "BB84 with weak coherent pulses, without decoys"
    FAMILY: ClassVar[Family] = "prepare-and-measure"
    STATIONS: ClassVar[Stations] = {"alice": LASER, "bob": RECEIVER}
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"gllp": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "chooses a basis and a bit and sends a faint pulse in that state"),
        Step("channel", "may lose or disturb photons; Eve may keep one of several"),
        Step("bob", "chooses a basis, records which detector clicks, and a random bit if both do"),
        Step("public", "Bob names the pulses that he detected; both name their bases"),
        Step("public", "bits of unequal bases are dropped"),
    )
    FORMULA: ClassVar[str] = r"R = q\,Q_\mu\{\Omega\,[1 - h(E_\mu/\Omega)] - f\,h(E_\mu)\}, \quad " + (
        r"\Omega = 1 - \frac{1 - (1+\mu)e^{-\mu}}{Q_\mu}"
    )
    SOURCE: ClassVar[str] = "Gottesman, Lo, Lütkenhaus, Preskill, Quantum Inf. Comput. 4, 325 (2004)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The best intensity falls with the transmittance, so that the rate falls with its square; "
        "decoys avoid that.",
        "No finite key: the number assumes infinitely many pulses.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.intensities[0]", 1e-5, 1.0, "log"),)

    basis_prob: float = number(
        "probability of basis Z at each party", 0.5, low=0, high=1, low_open=True, high_open=True
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with superconducting detectors and an intensity of .9 of the transmittance."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.72 * 10 ** (-0.02 * length_km),), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse decoy intensities besides what no protocol of this kind can run on."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key that GLLP leaves."""
        sift = np.asarray(self.basis_prob) ** 2 + (1 - np.asarray(self.basis_prob)) ** 2
        wrong = recorded(link, link.bob.misalignment)
        gain = recorded(link, 1 - np.asarray(link.bob.misalignment)) + wrong
        with np.errstate(divide="ignore", invalid="ignore"):
            qber = np.where(gain > 0, wrong / gain, 0.0)
        leak = self.f_ec * gain * binary_entropy(qber)
        light = np.asarray(link.alice.intensities[0])
        single = np.fmax(gain - (1 - np.exp(-light) - photon_prob(link, 1)), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            phase_error = np.where(single > 0, np.fmin(wrong / single, 0.5), 0.5)
        return Key(
            terms={
                "single photons": sift * (gllp_rate(light, gain, wrong, self.f_ec) + leak),
                "reconciliation": -sift * leak,
            },
            sifted=sift * gain,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic",
                (
                    "Every pulse has a uniformly random phase.",
                    "Both detectors are equally efficient and see one mode.",
                ),
                self.SOURCE,
            ),
            bounds={"phase_error": phase_error, "single_photons": sift * single},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities of sifted bits and of wrong ones, by basis."""
        wrong = recorded(link, link.bob.misalignment)
        gain = recorded(link, 1 - np.asarray(link.bob.misalignment)) + wrong
        z = np.asarray(self.basis_prob)
        return {
            "sifted z": z**2 * gain,
            "error z": z**2 * wrong,
            "sifted x": (1 - z) ** 2 * gain,
            "error x": (1 - z) ** 2 * wrong,
        }

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds photon by photon."""
        seen = dict.fromkeys(("sifted z", "error z", "sifted x", "error x"), 0.0)
        for size in chunks(rounds):
            bit = rng.random(size) < 0.5
            sent, own = (rng.random(size) < self.basis_prob for _ in range(2))
            clicked, result = measured(link, np.where(sent == own, bit, 0.5), rng)
            for name, basis in (("z", sent & own), ("x", ~sent & ~own)):
                seen[f"sifted {name}"] += int(np.sum(clicked & basis))
                seen[f"error {name}"] += int(np.sum(clicked & basis & (result != bit)))
        return seen

    def declaration(self) -> Declaration:
        """Return what is sent, measured, announced and kept, for a pulse of one photon."""
        return bb84_declaration(self.basis_prob)
