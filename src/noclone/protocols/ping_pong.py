"""Ping-pong: half of a Bell pair goes out, gets a phase flip or not, and is measured with the other half."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.fields import flag, number
from noclone.link import Fibre, Link, SinglePhotonSource, ThresholdDetectors
from noclone.protocols.control_rounds import control_statistics
from noclone.protocols.protocol import Floats, Free, Key, Protocol, Stations, Step
from noclone.protocols.pulse_trains import drawn_transmittance, error_rate, recorded
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Regime, Security


@dataclass(frozen=True, kw_only=True)
class PingPong(Protocol):
    """The ping-pong protocol as key distribution, with Eve's share as its authors gave it for no loss.

    A round is a Bell pair, and the rounds follow the source's clock. The travelling photon crosses the link's
    channel TWICE, out and back, so its transmittance is squared; its partner waits in a perfect memory. The
    link's source and detectors stand in one laboratory, whose owner the paper calls Bob; `SinglePhotonSource`
    stands for the travelling half of an ideal pair. Each measurement is wrong with the detectors'
    misalignment. Eve's share h(d), d being the errors of the control rounds, is right only where nothing is
    lost on the way; elsewhere the number protects nothing.

    Examples
    --------
    >>> import dataclasses
    >>> link, protocol = PingPong.typical(1)
    >>> protocol = dataclasses.replace(protocol, insecure=True)
    >>> protocol.rate(link).security.attacks
    'none'
    """

    NAME: ClassVar[str] = "ping-pong"
    TITLE: ClassVar[str] = "Ping-pong (two-way, Bell pairs)"
    FAMILY: ClassVar[Any] = "two-way"
    STATIONS: ClassVar[Stations] = {
        "alice": {SinglePhotonSource: ("clock_rate_hz",)},
        "bob": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"bostrom-2002": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("bob", "prepares the Bell pair Psi+, keeps one photon and sends the other"),
        Step("channel", "may lose or disturb it on the way out"),
        Step("alice", "leaves it (0) or applies Z (1) and returns it, or, in control rounds, measures Z"),
        Step("channel", "may lose or disturb it on the way back"),
        Step("bob", "tells Psi+ from Psi- with both photons"),
        Step("public", "Alice names the control rounds and her results, which must differ from Bob's"),
    )
    FORMULA: ClassVar[str] = r"R = (1-c)\,Q\,[1 - f\,h(e) - h(d)] \quad\text{(not secure with loss)}"
    FREE: ClassVar[tuple[Free, ...]] = (Free("protocol.control_prob", 1e-6, 0.5, "log"),)
    SOURCE: ClassVar[str] = "Bostrom, Felbinger, PRL 89, 187902 (2002), quant-ph/0209040"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "NOT SECURE with loss: below 60 % transmittance an attack without control errors tells Eve more than "
        "Bob (Wojcik, PRL 90, 157901, 2003).",
        "At 50 % control loss it gives Eve and Bob .311 bits each, or .189 when errors are symmetrised.",
        "Eve can make the messages random without being noticed by measuring on the way back.",
        "Bob needs a memory for the photon at home and a Bell measurement.",
        "Every crossing of the channel lengthens the pulse and brings background alike; background of the "
        "way out counts at the end as if none of it were lost on the way back.",
    )
    BROKEN: ClassVar[str] = (
        "unless the channel is free of loss, an eavesdropper learns the bits without errors in control mode "
        "(Wojcik, PRL 90, 157901, 2003)"
    )

    control_prob: float = number(
        "share of the control rounds", 0.1, low=0, high=1, low_open=True, high_open=True
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)
    insecure: bool = flag("compute although the protocol is broken", False)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with an ideal pair source and superconducting detectors."""
        link = Link(
            alice=SinglePhotonSource(clock_rate_hz=1e7),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-8, misalignment=0.01),
        )
        return link, cls()

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities per round of message bits and of control results."""
        control = np.asarray(self.control_prob, float)
        return control_statistics(link, 1.0 - control, control)

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per pair that would be left if nothing had been lost."""
        seen = self.statistics(link)
        returned, qber = seen["returned"], error_rate(seen["wrong"], seen["returned"])
        caught = np.minimum(error_rate(seen["control wrong"], seen["control"]), 0.5)
        return Key(
            terms={
                "taken for secret": returned * (1.0 - binary_entropy(caught)),
                "reconciliation": -returned * self.f_ec * binary_entropy(qber),
            },
            sifted=returned,
            qber=qber,
            security=Security("none", "asymptotic", (f"Nothing is secure: {self.BROKEN}.",), self.SOURCE),
            bounds={"control_error": caught},
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds with the four amplitudes of home and travelling photon."""
        far, near = link.detectors("bob"), link.detectors("bob", 2)
        transmittance = drawn_transmittance(link, rounds, rng)
        control = rng.random(rounds) < self.control_prob
        bit = rng.integers(0, 2, rounds)
        # Amplitudes of |01> and |10>, home first; errors are a spin flip or a phase flip of the traveller.
        sign = np.where(control | (bit == 0), 1.0, -1.0)
        state = np.stack([np.full(rounds, 0.5**0.5), sign * 0.5**0.5])
        faulty = rng.random(rounds) < link.bob.misalignment
        state[1] = np.where(faulty & ~control, -state[1], state[1])
        reach = np.where(control, transmittance * far.efficiency, transmittance**2 * near.efficiency)
        arrives = rng.random(rounds) < reach
        dark = np.where(control, far.dark_count_prob, near.dark_count_prob)
        minus = (rng.random(rounds) < 0.5 * (state[0] - state[1]) ** 2).astype(int)
        home = (rng.random(rounds) < state[1] ** 2).astype(int)
        found = np.where(control, (1 - home) ^ faulty, minus)
        clicks = tuple((arrives & (found == value)) + (rng.random(rounds) < dark) for value in (0, 1))
        clicked, value = recorded((clicks[0], clicks[1]), rng)
        return {
            "returned": float((clicked & ~control).sum()),
            "wrong": float((clicked & ~control & (value != bit)).sum()),
            "control": float((clicked & control).sum()),
            "control wrong": float((clicked & control & (value == home)).sum()),
        }
