"""Round-robin differential phase shift: a random delay makes Eve's knowledge independent of the errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
)
from noclone.rates.entropy import binary_entropy
from noclone.rates.round_robin import (
    collective_leaks,
    phase_error_leaks,
    secret_bits_of_block,
    tagged_cost,
)
from noclone.rates.security import Regime, Security

LEAKS: Mapping[str, Callable[[int], Floats]] = {
    "yin-2018": collective_leaks,
    "sasaki-2014": phase_error_leaks,
}
SOURCES = {
    "yin-2018": "Yin et al., Nat. Commun. 9, 457 (2018), eq. (1)",
    "sasaki-2014": "Sasaki, Yamamoto, Koashi, Nature 509, 475 (2014); finite runs by the counts of "
    "Takesue et al., Nat. Photon. 9, 827 (2015)",
}


@dataclass(frozen=True, kw_only=True)
class RoundRobinDPS(Protocol):
    """Round-robin DPS: blocks of pulses with phases 0 and pi, of which Bob compares two at a random distance.

    A round is a pulse, and the rounds follow the source's clock; a block of `block_pulses` pulses gives at
    most one bit. Bob keeps a block in which exactly one of his two detectors clicks, in exactly one of the
    slots where two pulses of the block meet. ``yin-2018`` is for infinitely many blocks, ``sasaki-2014`` for
    finite ones too.

    Examples
    --------
    >>> link, protocol = RoundRobinDPS.typical(50)
    >>> loose, tight = (protocol.rate(link, bound=name) for name in ("sasaki-2014", "yin-2018"))
    >>> bool(loose.rate_per_pulse < tight.rate_per_pulse)
    True
    """

    NAME: ClassVar[str] = "rrdps"
    TITLE: ClassVar[str] = "Round-robin differential phase shift (RRDPS)"
    FAMILY: ClassVar[Any] = "distributed-phase"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "bob": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"yin-2018": "asymptotic", "sasaki-2014": "finite"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends a block of weak pulses, each with the phase 0 or pi at random"),
        Step("channel", "may lose light or disturb the phases"),
        Step("bob", "draws a delay and lets the block interfere with itself, shifted by it"),
        Step("bob", "keeps the block if a single detector clicks in a single slot"),
        Step("public", "Bob names the two pulses that met there"),
        Step("alice", "takes the difference of their phases as her bit"),
    )
    FORMULA: ClassVar[str] = r"R = \tfrac{1}{L}\,\{Q[1-f\,h(e)] - e_{src} - (Q-e_{src})\,I(L,n)\}"
    SOURCE: ClassVar[str] = (
        "Sasaki, Yamamoto, Koashi, Nature 509, 475 (2014); Yin et al., Nat. Commun. 9, 457 (2018)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Bob needs an interferometer whose delay is chosen at random for every block.",
        "The proofs want detectors that tell one photon from more; threshold detectors keep a few blocks in "
        "which several photons arrived.",
        "Double clicks are thrown away, which an attack on the detectors may use.",
        "The error rate is not used to bound Eve, although it could tighten yin-2018 for short blocks.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.intensities[0]", 1e-5, 0.5, "log"),)

    block_pulses: int = number("pulses per block", 32, low=3, high=256, whole=True)
    bound: str = choice("how Eve's share is bounded", "yin-2018", tuple(LEAKS))
    eps_sec: float = number(
        "failure probability of secrecy and correctness", 1e-10, low=0, high=0.1, low_open=True
    )
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with superconducting detectors and an intensity near the best for blocks of 32."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.05,), clock_rate_hz=1e9),
            channel=Fibre(length_km=length_km),
            bob=ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.02),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse a source of several intensities besides what every protocol refuses."""
        super().check_link(link)
        check_one_intensity(link, self.NAME)

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return the probabilities per pulse that a bit is kept and that it is kept wrong."""
        bob, intensity = link.detectors("bob"), link.alice.intensities[0]
        length = np.asarray(self.block_pulses, float)
        live = 1.0 - np.asarray(bob.dark_count_prob, float)
        kept: Any = 0.0
        wrong: Any = 0.0
        for share, (transmittance,) in link.segments():
            mean = transmittance * bob.efficiency * intensity
            silent = np.exp(-mean) * live * live
            # Odds of a click against none, at the detector that should click and at the other.
            right, other = (
                (np.expm1(mean * part) + bob.dark_count_prob) / live
                for part in (1.0 - bob.misalignment, bob.misalignment)
            )
            slots = _mean_of_one_slot(silent, length) / length
            kept, wrong = kept + share * slots * (right + other), wrong + share * slots * other
        return {"kept": np.asarray(kept), "wrong": np.asarray(wrong)}

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key per pulse under one of the bounds."""
        seen = self.statistics(link)
        length, kept = np.asarray(self.block_pulses, float), seen["kept"]
        qber = error_rate(seen["wrong"], kept)
        photons = length * link.alice.intensities[0]
        shape = np.broadcast_shapes(kept.shape, length.shape, np.shape(photons))
        if pulses is not None:
            shape = np.broadcast_shapes(shape, pulses.shape)
        secret: Floats = np.zeros(shape)
        terms: dict[str, Floats] = {}
        for each in np.unique(length):
            limit = kept * (1.0 - tagged_cost(kept * each, photons, LEAKS[bound](int(each))))
            mine = limit
            if pulses is not None:
                # Shares of the failure probability as in the experiment of Takesue et al.
                eps = self.eps_sec**2 / 24.0
                bits = secret_bits_of_block(kept * pulses, pulses / each, photons, int(each), eps)
                # Of endless blocks the search for the tail leaves a rounding error above the limit.
                mine = np.minimum(bits / pulses, limit)
                hashes = -np.log2(eps) - np.log2(self.eps_sec / 2.0)
                terms = {"hash lengths": -hashes / pulses + np.zeros(shape)}
            secret = np.where(length == each, mine, secret)
        return Key(
            terms={
                "secret": secret,
                "reconciliation": -kept * self.f_ec * binary_entropy(qber),
                **terms,
            },
            sifted=kept,
            qber=qber,
            security=Security(
                "collective" if bound == "yin-2018" else "coherent",
                "asymptotic" if pulses is None else "finite",
                (
                    "A kept block was detected as exactly one photon.",
                    "The photon number of a block is Poissonian and the delay uniformly random.",
                ),
                SOURCES[bound],
                eps_sec=None if pulses is None else self.eps_sec,
                eps_cor=None if pulses is None else self.eps_sec / 2.0,
            ),
            bounds={"eve_bits_per_sifted_bit": 1.0 - error_rate(secret, kept)},
        )

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play whole blocks: phases, a random delay, amplitudes in each slot, photons, dark counts."""
        bob, length = link.detectors("bob"), int(self.block_pulses)
        blocks = rounds // length
        transmittance = drawn_transmittance(link, blocks, rng)
        field = np.sqrt(transmittance * bob.efficiency * link.alice.intensities[0])[:, None]
        bits = rng.integers(0, 2, (blocks, length))
        delays = rng.integers(1, length, blocks)
        turn = np.exp(1j * np.arccos(1.0 - 2.0 * bob.misalignment))
        kept = wrong = 0
        for delay in range(1, length):
            mine = delays == delay
            early, late = bits[mine, :-delay], bits[mine, delay:]
            before, now = turn * (1 - 2 * early), 1 - 2 * late
            zero, one = (
                counted(field[mine] * (now + sign * before) / 2, bob.dark_count_prob, rng) > 0
                for sign in (1, -1)
            )
            single = zero.sum(axis=1) + one.sum(axis=1) == 1
            different = early ^ late
            kept += int(single.sum())
            wrong += int(((zero & (different == 1)) | (one & (different == 0)))[single].sum())
        return {"kept": float(kept), "wrong": float(wrong)}


def _mean_of_one_slot(silent: Floats, length: Floats) -> Floats:
    """Return the mean over the delay of n silent^n, where n = L - delay slots hold two pulses."""
    total = np.zeros(np.broadcast_shapes(silent.shape, length.shape))
    power = np.ones_like(silent)
    for slots in range(1, int(np.max(length))):
        power = power * silent
        total = total + np.where(slots < length, slots * power, 0.0)
    mean: Floats = total / (length - 1.0)
    return mean
