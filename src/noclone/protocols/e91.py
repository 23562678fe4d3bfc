"""E91: entangled pairs measured in three directions each, with a CHSH test among the mismatched ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from noclone.core.fields import choice, number
from noclone.link import Fibre, Link, ThresholdDetectors
from noclone.link.pair_sources import PulsedPairSource
from noclone.protocols.bbm92 import RECEIVER, play_pulses, pulsed_coincidences
from noclone.protocols.declaration import Declaration, Outcome, Signal
from noclone.protocols.protocol import Floats, Free, Key, Protocol, Step
from noclone.rates.device_independent import error_of_chsh, holevo_bits
from noclone.rates.entropy import binary_entropy
from noclone.rates.security import Security
from noclone.sampling import pairs

ANGLES_A = np.array([0.0, np.pi / 4, np.pi / 2])
ANGLES_B = np.array([np.pi / 4, np.pi / 2, 3 * np.pi / 4])
"""Directions on the Bloch sphere of Ekert, PRL 67, 661 (1991), in the order of his indices."""

KEYED = ((1, 0), (2, 1))
"""Pairs of settings, from 0, that give key: both directions are the same."""
TESTED = {(0, 0): 1, (0, 2): -1, (2, 0): 1, (2, 2): 1}
"""Pairs of settings of the CHSH test and their signs in S; all have the same angle, but for the sign."""

QUBITS = Security(
    "coherent",
    "asymptotic",
    (
        "both stations' measurements are trusted, in the directions stated",
        "every coincidence comes from one photon at each station",
        "whether a station detects does not depend on the direction",
    ),
    "Koashi, Preskill, PRL 90, 057902 (2003), with phase errors read from the CHSH correlations",
)
VIOLATION = Security(
    "collective",
    "asymptotic",
    (
        "the coincidences are a fair sample of all pairs, so that the key is not device-independent",
        "the stations leak nothing and choose their settings at random",
    ),
    "Acín et al., PRL 98, 230501 (2007); Pironio et al., New J. Phys. 11, 045021 (2009)",
)


@dataclass(frozen=True, kw_only=True)
class E91(Protocol):
    """Ekert's protocol with a pulsed source of polarisation-entangled pairs.

    One round is one pump pulse. Each party picks one of three directions with equal probability: 2 of the
    9 combinations give key, 4 test the CHSH inequality, 3 are discarded.

    Examples
    --------
    >>> link, protocol = E91.typical(20.0)
    >>> chsh = float(protocol.rate(link).bounds["chsh"])
    >>> 2.0 < chsh < 2.83
    True
    """

    NAME: ClassVar[str] = "e91"
    TITLE: ClassVar[str] = "E91"
    FAMILY: ClassVar[Any] = "entanglement"
    STATIONS: ClassVar[Any] = {
        "alice": {ThresholdDetectors: RECEIVER},
        "middle": {PulsedPairSource: ("mean_pairs", "polarisation_error", "clock_rate_hz")},
        "bob": {ThresholdDetectors: RECEIVER},
    }
    BOUNDS: ClassVar[Any] = {"trusted-devices": "asymptotic", "chsh": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("middle", "sends one photon of each pair to Alice and one to Bob"),
        Step("alice", "measures along 0, 45 or 90 degrees of the Bloch sphere, chosen at random"),
        Step("bob", "measures along 45, 90 or 135 degrees, chosen at random"),
        Step("public", "both announce which rounds they detected and along which direction"),
        Step("public", "rounds of the directions 0 and 90 with 45 and 135 are disclosed and give S"),
        Step("public", "rounds of equal directions are kept, and errors are estimated"),
    )
    FORMULA: ClassVar[str] = (
        r"R = \tfrac{2}{9} Q \left[1 - f h(E) - h(\tfrac12 - \tfrac{S}{4\sqrt2})\right] \text{ or } "
        r"\tfrac{2}{9} Q \left[1 - f h(E) - h\left(\tfrac12 + \tfrac12\sqrt{S^2/4 - 1}\right)\right]"
    )
    SOURCE: ClassVar[str] = "Ekert, PRL 67, 661 (1991); Acín et al., PRL 98, 230501 (2007), eqs. (2), (3)"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "the CHSH test sees coincidences only and thus assumes fair sampling: this is not "
        "device-independent key distribution",
        "asymptotic",
        "dead time and after-pulses are not modelled",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("middle.mean_pairs", 1e-4, 2.0, "log"),)

    bound: str = choice("what Eve's share is read from", "trusted-devices", ("trusted-devices", "chsh"))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a source in the middle of a fibre and superconducting detectors at both ends."""
        station = ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-7, misalignment=0.005)
        half = Fibre(length_km=length_km / 2)
        source = PulsedPairSource(mean_pairs=0.12 + 0.16 * np.exp(-length_km / 25), clock_rate_hz=1e9)
        return Link(alice=station, channels=(half, half), middle=source, bob=station), cls()

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key, priced by the phase errors or by the violation that S shows."""
        gain, correlated = pulsed_coincidences(link)
        _, tested = pulsed_coincidences(link, np.pi / 4)
        with np.errstate(invalid="ignore", divide="ignore"):
            qber = np.where(gain > 0, (gain - correlated) / (2 * gain), 0.0)
            chsh = np.where(gain > 0, 4 * tested / gain, 0.0)
        if bound == "chsh":
            lost, term, security = holevo_bits(chsh), "Holevo information", VIOLATION
        else:
            lost, term, security = binary_entropy(error_of_chsh(chsh)), "phase errors", QUBITS
        sifted = gain * (len(KEYED) / 9)
        return Key(
            terms={
                "sifted": sifted,
                term: -sifted * lost,
                "reconciliation": -self.f_ec * sifted * binary_entropy(qber),
            },
            sifted=sifted,
            qber=qber,
            bounds={"chsh": chsh, "phase_error": error_of_chsh(chsh)},
            security=security,
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return coincidences, those of the key and of the test, unequal bits and rounds won in the game."""
        gain, correlated = pulsed_coincidences(link)
        _, tested = pulsed_coincidences(link, np.pi / 4)
        key, test = len(KEYED) / 9, len(TESTED) / 9
        return {
            "coincidence": gain,
            "key": key * gain,
            "error": key * (gain - correlated) / 2,
            "test": test * gain,
            "test won": test * (gain + tested) / 2,
        }

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play rounds pulse by pulse: numbers of pairs, directions, interference, loss, clicks."""
        sign = np.zeros((3, 3), int)
        sign[tuple(zip(*TESTED, strict=True))] = list(TESTED.values())
        keyed = np.zeros((3, 3), bool)
        keyed[tuple(zip(*KEYED, strict=True))] = True

        def play(rounds: int) -> dict[str, int]:
            x, y = rng.integers(0, 3, (2, rounds))
            bits_a, bits_b = play_pulses(link, ANGLES_B[y] - ANGLES_A[x], rng)
            both, equal = (bits_a >= 0) & (bits_b >= 0), bits_a == bits_b
            key, tested = both & keyed[x, y], both & (sign[x, y] != 0)
            return {
                "coincidence": both.sum(),
                "key": key.sum(),
                "error": (key & ~equal).sum(),
                "test": tested.sum(),
                "test won": (tested & (equal == (sign[x, y] > 0))).sum(),
            }

        return pairs.in_chunks(play, rounds)

    def declaration(self) -> Declaration:
        """Return what Alice's measurement prepares of one pair for Bob, and what he does with it."""

        def states(angles: Floats, name: str) -> dict[str, tuple[Any, int, str]]:
            return {
                f"{name}{i + 1}={bit}": (_state(angle + np.pi * bit), bit, f"{name}{i + 1}")
                for i, angle in enumerate(angles)
                for bit in (0, 1)
            }

        sent, seen = states(ANGLES_A, "a"), states(ANGLES_B, "b")
        return Declaration(
            {name: Signal(1 / 6, state, bit, said) for name, (state, bit, said) in sent.items()},
            {
                name: Outcome(np.outer(state, state.conj()).astype(np.complex128) / 3, said)
                for name, (state, _, said) in seen.items()
            },
            {(f"a{a + 1}", f"b{b + 1}={bit}"): bit for a, b in KEYED for bit in (0, 1)},
        )


def _state(angle_rad: float) -> Any:
    return np.array([np.cos(angle_rad / 2), np.sin(angle_rad / 2)], complex)
