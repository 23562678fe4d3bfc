"""LM05: a photon in one of four states goes out, is flipped or not, and comes back to who knows its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.fields import number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols.control_rounds import control_statistics
from noclone.protocols.protocol import Floats, Free, Key, Protocol, Stations, Step
from noclone.protocols.pulse_trains import drawn_transmittance, error_rate, recorded
from noclone.rates.security import Regime, Security
from noclone.rates.two_way import forward_phase_error, two_way_secrecy


@dataclass(frozen=True, kw_only=True)
class LM05(Protocol):
    """LM05 as key distribution: the bit is whether the far end flipped the photon.

    A round is a photon, and the rounds follow the source's clock. The photon crosses the link's channel
    TWICE, out and back, so its transmittance is squared. The link's source and detectors stand in one
    laboratory, whose owner the paper calls Bob; at the far end is the encoder, Alice, who in control rounds
    measures with detectors equal to those of the link. Both measurements have the detectors' misalignment.

    Examples
    --------
    >>> link, protocol = LM05.typical(5)
    >>> result = protocol.rate(link)
    >>> bool(result.rate_per_pulse > 0), result.security.attacks
    (True, 'coherent')
    """

    NAME: ClassVar[str] = "lm05"
    TITLE: ClassVar[str] = "LM05 (two-way, single photons)"
    FAMILY: ClassVar[Any] = "two-way"
    STATIONS: ClassVar[Stations] = {
        "alice": {SinglePhotonSource: ("clock_rate_hz",)},
        "bob": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"lu-2011": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("bob", "sends a photon in one of the four states of BB84"),
        Step("channel", "may lose or disturb it on the way out"),
        Step("alice", "leaves it (0) or applies iY (1) and returns it, or, in control rounds, measures it"),
        Step("channel", "may lose or disturb it on the way back"),
        Step("bob", "measures it in the basis he sent; a flip is the bit 1"),
        Step("public", "Bob names the rounds he detected; no bases are compared in these"),
        Step("public", "control rounds are disclosed: their errors in X and Z bound what Eve knows"),
    )
    FORMULA: ClassVar[str] = (
        r"R = (1-c)\,Q\,[1 - f\,h(e) - h(\xi)],\quad \xi = (\epsilon_x+\epsilon_z)\,Q_A/Q"
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("protocol.control_prob", 1e-6, 0.5, "log"),)
    SOURCE: ClassVar[str] = (
        "Lucamarini, Mancini, PRL 94, 140501 (2005); Lu, Fung, Ma, Cai, PRA 84, 042344 (2011); "
        "Beaudry et al., PRA 88, 062302 (2013)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Exactly one photon must leave the source, and at most one may enter the encoder: Trojan-horse light "
        "must be filtered and watched for.",
        "Errors of the message alone prove nothing, because a copy made on the way out and undone on the way "
        "back causes none; without control rounds there is no security.",
        "The channel is crossed twice, and errors of the way out weigh more the more photons are lost on the "
        "way back, so the reach is short.",
        "Every crossing of the channel lengthens the pulse and brings background alike; background of the "
        "way out counts at the end as if none of it were lost on the way back.",
        "The published rate 1 - h(e) - h(xi) is for a channel without loss; how loss enters here is derived "
        "in noclone.rates.two_way.",
    )

    control_prob: float = number(
        "share of the control rounds", 0.1, low=0, high=1, low_open=True, high_open=True
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with a single-photon source and superconducting detectors."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e8),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.005),
        )
        return link, cls()

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities per round of message bits and, with equal bases, of control results."""
        control = np.asarray(self.control_prob, float)
        return control_statistics(link, 1.0 - control, 0.5 * control)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per photon sent."""
        seen, control = self.statistics(link), np.asarray(self.control_prob, float)
        returned, qber = seen["returned"], error_rate(seen["wrong"], seen["returned"])
        efficiency = np.maximum(link.detectors("bob").efficiency, 1e-300)
        # Errors in X and in Z of all photons that reach the encoder, whether its detectors see them or not.
        forward = 2.0 * seen["control wrong"] / (0.5 * control * efficiency) * (1.0 - control)
        phase_error = forward_phase_error(forward, returned)
        secret = returned * two_way_secrecy(0.0, phase_error)
        left = returned * two_way_secrecy(qber, phase_error, self.f_ec)
        return Key(
            terms={"secret": secret, "reconciliation": left - secret},
            sifted=returned,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic",
                (
                    "The source sends exactly one photon, and at most one enters the encoder.",
                    "The encoder gives what it returns a random overall phase.",
                    "Detectors for control see each basis and bit with the same known efficiency.",
                ),
                "Lu, Fung, Ma, Cai, PRA 84, 042344 (2011), with loss as derived in noclone.rates.two_way",
            ),
            bounds={"phase_error": phase_error},
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds with real state vectors: state sent, rotation, encoding or control, projection."""
        far, near = link.detectors("bob"), link.detectors("bob", 2)
        transmittance = drawn_transmittance(link, rounds, rng)
        basis, sent = rng.integers(0, 2, rounds), rng.integers(0, 2, rounds)
        # The angle of a real qubit: 0 and pi/2 for Z, pi/4 and 3 pi/4 for X; iY adds a right angle.
        angle = 0.5 * np.pi * sent + 0.25 * np.pi * basis
        control = rng.random(rounds) < self.control_prob
        bit = rng.integers(0, 2, rounds)
        angle = angle + 0.5 * np.pi * bit * ~control
        measured = np.where(control, rng.integers(0, 2, rounds), basis)
        reach = np.where(control, transmittance * far.efficiency, transmittance**2 * near.efficiency)
        arrives = rng.random(rounds) < reach
        dark = np.where(control, far.dark_count_prob, near.dark_count_prob)
        # The receiver is turned against the sender by a small angle, to either side.
        tilt = np.arcsin(np.sqrt(link.bob.misalignment)) * (1 - 2 * rng.integers(0, 2, rounds))
        ones = np.where(measured == 1, np.sin(angle + tilt - 0.25 * np.pi), np.sin(angle + tilt)) ** 2
        found = (rng.random(rounds) < ones).astype(int)
        clicks = tuple((arrives & (found == value)) + (rng.random(rounds) < dark) for value in (0, 1))
        clicked, value = recorded((clicks[0], clicks[1]), rng)
        checked = clicked & control & (measured == basis)
        returned = clicked & ~control
        return {
            "returned": float(returned.sum()),
            "wrong": float((returned & ((value ^ sent) != bit)).sum()),
            "control": float(checked.sum()),
            "control wrong": float((checked & (value != sent)).sum()),
        }
