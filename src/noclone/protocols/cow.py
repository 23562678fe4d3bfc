"""Coherent one-way: the bit is which of two pulses is empty; broken by attacks that leave no trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.fields import flag, number
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.protocol import Floats, Free, Key, Protocol, Stations, Step
from noclone.protocols.pulse_trains import (
    check_one_intensity,
    counted,
    drawn_transmittance,
    error_rate,
    recorded,
)
from noclone.rates.coherent_one_way import legacy_rate, visibility_phase_error, zero_error_gain
from noclone.rates.security import Regime, Security
from noclone.rates.threshold_detection import record_of_light


class Sequences(NamedTuple):
    """What Alice sends: N sequences of two pulses.

    Attributes
    ----------
    decoy : array of bool, shape (N,)
    bit : array of int, shape (N,)
        Which of the pulses is empty, unless it is a decoy.
    full : array of bool, shape (N, 2)
        Which of the pulses are not empty.
    """

    decoy: NDArray[np.bool_]
    bit: NDArray[np.int64]
    full: NDArray[np.bool_]


def arriving(link: Link, sequences: int, rng: np.random.Generator) -> Floats:
    """Return the amplitude of a full pulse at Bob's detectors for each sequence, efficiency included.

    The order means nothing but this: neighbours meet the same channel, which varies slowly.
    """
    transmittance = np.sort(drawn_transmittance(link, sequences, rng))
    field: Floats = np.sqrt(transmittance * link.detectors("bob").efficiency * link.alice.intensities[0])
    return field


@dataclass(frozen=True, kw_only=True)
class CoherentOneWay(Protocol):
    """Coherent one-way as it was sold: three sequences of two pulses, and a visibility taken as security.

    A round is a pulse, and the rounds follow the source's clock; a sequence takes two. The rate is the legacy
    one and protects nothing: `zero_error_gain` among the bounds is what an eavesdropper can deliver to Bob
    with no error, full visibility and full knowledge. Where it reaches the gain, the key is worthless for
    certain; elsewhere nothing is proved.

    Examples
    --------
    >>> import dataclasses
    >>> link, protocol = CoherentOneWay.typical(100)
    >>> protocol = dataclasses.replace(protocol, insecure=True)
    >>> protocol.rate(link).security.attacks
    'none'
    >>> result = protocol.rate(link)
    >>> bool(result.bounds["zero_error_gain"] > result.sifted_bits)
    True
    """

    NAME: ClassVar[str] = "cow"
    TITLE: ClassVar[str] = "Coherent one-way (COW), the legacy rate"
    FAMILY: ClassVar[Any] = "distributed-phase"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "bob": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"branciard-2008": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends two pulses of which one is empty, or, as a decoy, two full ones"),
        Step("channel", "may lose light or disturb its coherence"),
        Step("bob", "records on the data line in which of the two places light arrived"),
        Step("bob", "lets neighbouring pulses interfere on the monitoring line"),
        Step("public", "Bob names the sequences he detected; Alice says which were decoys"),
        Step("public", "the visibility is computed from neighbouring full pulses"),
    )
    FORMULA: ClassVar[str] = r"R = Q_Z\,[1 - h(e_{ph}) - f\,h(e)] \quad\text{(not secure)}"
    SOURCE: ClassVar[str] = "Branciard, Gisin, Scarani, New J. Phys. 10, 013031 (2008)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The key is NOT SECURE: an attack without errors learns all of it over every long link.",
        "Any secure rate of this protocol falls at least with the square of the transmittance.",
        "Use cow-vacuum-tail, whose phase error is bounded.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.intensities[0]", 1e-4, 1.0, "log"),)
    BROKEN: ClassVar[str] = (
        "an attack that causes no error and keeps the visibility at 1 learns every bit of a long link, and "
        "no secure rate exceeds the order of the transmittance squared "
        "(Gonzalez-Payo et al., PRL 125, 260510, 2020, arXiv:2006.16891)"
    )

    decoy_prob: float = number(
        "share of the sequences that are decoys", 0.1, low=0, high=1, low_open=True, high_open=True
    )
    monitor_share: float = number(
        "share of the light that goes to the monitoring line",
        0.1,
        low=0,
        high=1,
        low_open=True,
        high_open=True,
    )
    visibility: float = number("visibility of the monitoring interferometer", 0.98, low=0, high=1)
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)
    insecure: bool = flag("compute although the protocol is broken", False)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with superconducting detectors and the intensity that suits the legacy rate."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.3,), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.005),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse a source of several intensities besides what every protocol refuses."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities per pulse of bits on the data line and clicks on the monitor."""
        bob, intensity = link.detectors("bob"), link.alice.intensities[0]
        keyed = 0.5 * (1.0 - self.decoy_prob)
        # Full neighbours: the two pulses of a decoy, or the last of a sequence and the first of the next.
        neighbours = 0.5 * (self.decoy_prob + (0.5 * (1.0 + self.decoy_prob)) ** 2)
        rows = []
        for share, (transmittance,) in link.segments():
            mean = transmittance * bob.efficiency * intensity
            data = mean * (1.0 - self.monitor_share)
            right, wrong = (
                record_of_light(data, 1.0, each, bob.dark_count_prob)
                for each in (1.0 - bob.misalignment, bob.misalignment)
            )
            bright, faint = (
                bob.dark_count_prob
                - (1.0 - bob.dark_count_prob)
                * np.expm1(-mean * self.monitor_share * 0.5 * (1.0 + sign * self.visibility))
                for sign in (1.0, -1.0)
            )
            parts = (keyed * (right + wrong), keyed * wrong, neighbours * bright, neighbours * faint)
            rows.append([share * np.asarray(part) for part in parts])
        names = ("kept", "wrong", "monitor bright", "monitor faint")
        return dict(zip(names, (sum(column) for column in zip(*rows, strict=True)), strict=True))

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the legacy key per pulse, and what the zero-error attack can deliver instead."""
        seen, intensity = self.statistics(link), link.alice.intensities[0]
        kept, bright, faint = seen["kept"], seen["monitor bright"], seen["monitor faint"]
        qber, visibility = error_rate(seen["wrong"], kept), error_rate(bright - faint, bright + faint)
        phase_error = visibility_phase_error(visibility, intensity)
        secret = legacy_rate(kept, 0.0, phase_error, self.f_ec)
        left = legacy_rate(kept, qber, phase_error, self.f_ec)
        return Key(
            terms={"taken for secret": secret, "reconciliation": left - secret},
            sifted=kept,
            qber=qber,
            security=Security("none", "asymptotic", (f"Nothing is secure: {self.BROKEN}.",), self.SOURCE),
            bounds={
                "claimed_phase_error": phase_error,
                "visibility": visibility,
                "zero_error_gain": 0.5 * zero_error_gain(intensity, self.decoy_prob),
            },
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play a train of sequences: photons of the data line by slot, amplitudes of the monitoring line."""
        field = arriving(link, rounds // 2, rng)
        return self.received(link, self.emitted(rounds // 2, rng), field, rng)

    def emitted(self, sequences: int, rng: np.random.Generator) -> Sequences:
        """Draw what Alice sends."""
        decoy = rng.random(sequences) < self.decoy_prob
        bit = rng.integers(0, 2, sequences)
        return Sequences(decoy, bit, np.stack([decoy | (bit == 1), decoy | (bit == 0)], axis=1))

    def received(
        self, link: Link, sent: Sequences, field: Floats, rng: np.random.Generator
    ) -> Mapping[str, float]:
        """Play Bob's two lines and return the events that `sample` counts.

        Parameters
        ----------
        link : Link
        sent : Sequences
            N of them.
        field : array, shape (N,)
            Amplitude of a full pulse of each sequence, efficiency included, before the lines divide.
        rng : numpy.random.Generator
        """
        bob = link.detectors("bob")
        # Light that comes at the wrong time is found in the other slot of its sequence.
        photons = rng.poisson((1.0 - self.monitor_share) * (field[:, None] * sent.full) ** 2)
        late = rng.binomial(photons, bob.misalignment)
        slots = photons - late + late[:, ::-1] + (rng.random(photons.shape) < bob.dark_count_prob)
        clicked, seen = recorded((slots[:, 1], slots[:, 0]), rng)
        kept = clicked & ~sent.decoy
        pulses, light = sent.full.reshape(-1), np.sqrt(self.monitor_share) * np.repeat(field, 2)
        both = pulses[1:] & pulses[:-1]
        turn = np.exp(1j * np.arccos(self.visibility))
        bright, faint = (
            counted((light[:-1][both] + sign * turn * light[1:][both]) / 2, bob.dark_count_prob, rng) > 0
            for sign in (1, -1)
        )
        return {
            "kept": float(kept.sum()),
            "wrong": float((kept & (seen != sent.bit)).sum()),
            "monitor bright": float(bright.sum()),
            "monitor faint": float(faint.sum()),
        }
