"""Coherent one-way with empty sequences: the variant whose phase error can be bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.errors import InvalidInput
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
from noclone.rates.entropy import binary_entropy
from noclone.rates.kato import kato_interval
from noclone.rates.security import Regime, Security
from noclone.rates.threshold_detection import record_of_light
from noclone.rates.vacuum_decoy import MonitorGains, gao_phase_error, tightened_phase_error

PHASE_ERRORS: Mapping[str, Callable[[ArrayLike, MonitorGains], Floats]] = {
    "tightened": tightened_phase_error,
    "li-2024": gao_phase_error,
}
SOURCES = {
    "tightened": "Li et al., Phys. Rev. Research 6, 013022 (2024), with the phase error of "
    "noclone.rates.vacuum_decoy.tightened_phase_error, proved there",
    "li-2024": "Gao et al., Opt. Express 30, 23783 (2022); Li et al., Phys. Rev. Research 6, 013022 (2024)",
}
PATTERNS = ("bit", "decoy", "vacuum")


@dataclass(frozen=True, kw_only=True)
class CoherentOneWayVacuumTail(Protocol):
    """Coherent one-way with a fourth sequence of two empty pulses (COW'), with a bound on the phase error.

    A round is a pulse, and the rounds follow the source's clock; a sequence takes two, and only the two
    pulses of a sequence interfere on the monitoring line. Both bounds hold against coherent attacks; with a
    block they include the fluctuations, without one they are the limit. ``li-2024`` is the published bound,
    ``tightened`` one that is never worse.

    Examples
    --------
    >>> link, protocol = CoherentOneWayVacuumTail.typical(25)
    >>> loose, tight = (protocol.rate(link, bound=name) for name in ("li-2024", "tightened"))
    >>> bool(0 < loose.rate_per_pulse < tight.rate_per_pulse)
    True
    """

    NAME: ClassVar[str] = "cow-vacuum-tail"
    TITLE: ClassVar[str] = "Coherent one-way with vacuum decoys (COW')"
    FAMILY: ClassVar[Any] = "distributed-phase"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "bob": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"tightened": "finite", "li-2024": "finite"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends two pulses of which one is empty, or a decoy: both full, or both empty"),
        Step("channel", "may lose light or disturb its coherence"),
        Step("bob", "records on the data line in which of the two places light arrived"),
        Step("bob", "lets the two pulses of a sequence interfere on the monitoring line"),
        Step("public", "Bob names the sequences he detected and the ports of the monitoring line"),
        Step("public", "Alice names the decoys; the phase error is bounded from their detections"),
    )
    FORMULA: ClassVar[str] = r"R = Q_Z\,[1 - h(e_{ph}) - f\,h(e)]"
    SOURCE: ClassVar[str] = (
        "Gao et al., Opt. Express 30, 23783 (2022), arXiv:2107.09329; "
        "Li et al., Phys. Rev. Research 6, 013022 (2024), arXiv:2309.16136"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The rate falls with the square of the transmittance: the intensity must fall with it.",
        "The phase of the pulses is known to Eve, which the bound allows; their intensity must be exact.",
        "It is not the variant of Lavie and Lim (Phys. Rev. Applied 18, 064053, 2022), in which every signal "
        "is followed by an empty pulse.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.intensities[0]", 1e-6, 0.3, "log"),
        Free("protocol.monitor_share", 0.05, 0.95),
        Free("protocol.decoy_prob", 0.01, 0.45, "log"),
        Free("protocol.vacuum_prob", 0.01, 0.45, "log"),
    )

    decoy_prob: float = number(
        "share of the sequences that are two full pulses", 0.1, low=0, high=1, low_open=True, high_open=True
    )
    vacuum_prob: float = number(
        "share of the sequences that are two empty pulses", 0.1, low=0, high=1, low_open=True, high_open=True
    )
    monitor_share: float = number(
        "share of the light that goes to the monitoring line",
        0.5,
        low=0,
        high=1,
        low_open=True,
        high_open=True,
    )
    visibility: float = number("visibility of the monitoring interferometer", 0.99, low=0, high=1)
    bound: str = choice("how Eve's share is bounded", "tightened", tuple(PHASE_ERRORS))
    eps_sec: float = number("secrecy failure probability", 1e-9, low=0, high=0.1, low_open=True)
    eps_cor: float = number("correctness failure probability", 1e-15, low=1e-30, high=0.1)
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)

    def check(self) -> None:
        """Leave some sequences for the key."""
        if self.decoy_prob + self.vacuum_prob >= 1:
            raise InvalidInput(
                "vacuum_prob", f"must leave sequences for the key, but decoy_prob is {self.decoy_prob:g}"
            )

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with superconducting detectors and an intensity in step with the transmittance."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.03 * 10 ** (-0.02 * length_km),), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-9, misalignment=0.002),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse a source of several intensities besides what every protocol refuses."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    @property
    def _shares(self) -> dict[str, Any]:
        """Sequences of each pattern, per pulse; none with bits where a grid leaves none."""
        decoy, vacuum = np.asarray(self.decoy_prob), np.asarray(self.vacuum_prob)
        return {
            "bit": 0.5 * np.maximum(1.0 - decoy - vacuum, 0.0),
            "decoy": 0.5 * decoy,
            "vacuum": 0.5 * vacuum,
        }

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities per pulse of bits, and of monitor clicks for each pattern and port."""
        bob, intensity, shares = link.detectors("bob"), link.alice.intensities[0], self._shares
        # Light on the monitoring line relative to a pulse, and the part of it at the faint port.
        ports = {"bit": (0.5, 0.5), "decoy": (1.0, 0.5 * (1.0 - self.visibility)), "vacuum": (0.0, 0.5)}
        total: dict[str, Any] = {}
        for share, (transmittance,) in link.segments():
            mean = transmittance * bob.efficiency * intensity
            data, monitor = mean * (1.0 - self.monitor_share), mean * self.monitor_share
            right, wrong = (
                record_of_light(data, 1.0, each, bob.dark_count_prob)
                for each in (1.0 - bob.misalignment, bob.misalignment)
            )
            parts = {"kept": shares["bit"] * (right + wrong), "wrong": shares["bit"] * wrong}
            for pattern, (light, at_faint) in ports.items():
                for side, part in (("bright", 1.0 - at_faint), ("faint", at_faint)):
                    seen = record_of_light(monitor * light, 1.0, part, bob.dark_count_prob)
                    parts[f"{pattern} {side}"] = shares[pattern] * seen
            total = {name: total.get(name, 0.0) + share * part for name, part in parts.items()}
        return {name: np.asarray(value, float) for name, value in total.items()}

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per pulse, of a block or in the limit."""
        seen, shares, intensity = self.statistics(link), self._shares, link.alice.intensities[0]
        kept, qber = seen["kept"], error_rate(seen["wrong"], seen["kept"])
        eps = self.eps_sec / 10.0

        def interval(name: str) -> tuple[Floats, Floats]:
            sent = shares[name.split()[0]]
            if pulses is None:
                return seen[name] / sent, seen[name] / sent
            low, high = kato_interval(seen[name] * pulses, 0.5 * pulses, eps)
            return low / (sent * pulses), high / (sent * pulses)

        decoy, vacuum = interval("decoy bright"), interval("vacuum bright")
        gains = MonitorGains(
            bit_bright=error_rate(seen["bit bright"], shares["bit"]),
            bit_faint=error_rate(seen["bit faint"], shares["bit"]),
            decoy_bright=decoy[1],
            decoy_faint=interval("decoy faint")[1],
            vacuum_bright=vacuum[1],
            vacuum_faint=interval("vacuum faint")[1],
            decoy_bright_low=decoy[0],
            vacuum_bright_low=vacuum[0],
        )
        phase_error = PHASE_ERRORS[bound](intensity, gains)
        terms: dict[str, Floats] = {}
        if pulses is not None:
            with np.errstate(divide="ignore"):
                phase_error = np.minimum(phase_error + np.sqrt(-np.log(eps) / (2.0 * kept * pulses)), 0.5)
            fixed = np.log2(2.0 / self.eps_cor) + 2.0 * np.log2(5.0 / self.eps_sec)
            terms = {"failure probabilities": -fixed / pulses + np.zeros_like(kept)}
        return Key(
            terms={
                "secret": kept * (1.0 - binary_entropy(phase_error)),
                "reconciliation": -kept * self.f_ec * binary_entropy(qber),
                **terms,
            },
            sifted=kept,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic" if pulses is None else "finite",
                (
                    "Intensities are exact and an empty pulse is empty.",
                    "The splitter to the data and the monitoring line treats all light alike.",
                    "Detectors are equally efficient, and double clicks are counted at random.",
                ),
                SOURCES[bound],
                eps_sec=None if pulses is None else self.eps_sec,
                eps_cor=None if pulses is None else self.eps_cor,
            ),
            bounds={"phase_error": phase_error},
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play sequences: photons of the data line by slot, amplitudes of the monitoring line by port."""
        bob, sequences = link.detectors("bob"), rounds // 2
        transmittance = drawn_transmittance(link, sequences, rng)
        field = np.sqrt(transmittance * bob.efficiency * link.alice.intensities[0])
        probs = [2.0 * float(self._shares[name]) for name in PATTERNS]
        pattern = rng.choice(3, size=sequences, p=probs)
        bit = rng.integers(0, 2, sequences)
        first, second = ((pattern == 1) | ((pattern == 0) & (bit == value)) for value in (1, 0))
        # Light that comes at the wrong time is found in the other slot of its sequence.
        sent = rng.poisson(
            (1.0 - self.monitor_share) * np.stack([first * field, second * field], axis=1) ** 2
        )
        late = rng.binomial(sent, bob.misalignment)
        slots = sent - late + late[:, ::-1] + (rng.random((sequences, 2)) < bob.dark_count_prob)
        clicked, value = recorded((slots[:, 1], slots[:, 0]), rng)
        kept = clicked & (pattern == 0)
        light = np.sqrt(self.monitor_share) * field
        turned = second * np.exp(1j * np.arccos(self.visibility))
        ports = (light * (first + turned) / 2, light * (first - turned) / 2)
        counts = (counted(ports[0], bob.dark_count_prob, rng), counted(ports[1], bob.dark_count_prob, rng))
        monitored, port = recorded(counts, rng)
        clicks = np.bincount((2 * pattern + port)[monitored], minlength=6)
        return {
            "kept": float(kept.sum()),
            "wrong": float((kept & (value != bit)).sum()),
            **{
                f"{name} {side}": float(clicks[2 * index + offset])
                for index, name in enumerate(PATTERNS)
                for offset, side in enumerate(("bright", "faint"))
            },
        }
