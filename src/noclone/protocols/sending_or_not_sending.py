"""Sending-or-not-sending twin-field key distribution: the bit is whether a party sent a pulse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number, numbers
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.arms import averaged, check_clocks, drawn_arms
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.rates.interference import matched_clicks, random_phase_click
from noclone.rates.security import Security
from noclone.rates.sending_or_not_sending import RawBits, Untagged, odd_parity_pairs, raw_bits, untagged_bits
from noclone.rates.sending_or_not_sending_finite import (
    SHARES,
    OneSided,
    overhead_bits,
    single_photon_pairs,
    single_photons,
)
from noclone.rates.shor_preskill import key_terms
from noclone.sampling.interference import port_clicks

CHUNK = 1 << 18
ENDLESS_WINDOWS = 1e30
"""A block so long that every statistical deviation vanishes in double precision."""
SIGNAL, BRIGHT, WEAK, VACUUM = range(4)
"""Places in the sources' intensities and in `window_probs`; the first stands for Z windows there."""
ONE_SIDED = ((VACUUM, VACUUM), (WEAK, VACUUM), (VACUUM, WEAK), (BRIGHT, VACUUM), (VACUUM, BRIGHT))
"""What Alice and Bob send in the windows that `OneSided` names, in its order."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


class Estimate(NamedTuple):
    """What the bounds agree on: per round, shape (...) each.

    Attributes
    ----------
    secret, phase_error : ndarray
        Bits, or pairs, of single photons, and their phase error rate.
    share : ndarray
        Z windows of both parties among the rounds.
    rest : dict
        Further terms of the key.
    """

    secret: Floats
    phase_error: Floats
    share: Floats
    rest: dict[str, Floats]


@dataclass(frozen=True, kw_only=True)
class SendingOrNotSending(Protocol):
    """Sending-or-not-sending (SNS) twin-field key distribution, with or without active odd-parity pairing.

    A round is one pulse slot of each party, at Alice's clock. In a Z window each party sends a pulse of
    its intensity with a random phase, or does not send; Alice's bit is 1 if she sent, Bob's is 0 if he
    did. In an X window both send decoys whose phases are disclosed afterwards. Almost all windows are Z
    windows.

    The middle's `misalignment` is the error rate of X windows whose phases match, which the width of
    the phase slices, the drift of the phases and the polarisations contribute to.

    Examples
    --------
    >>> link, protocol = SendingOrNotSending.typical(400.0)
    >>> rate = protocol.rate(link)
    >>> bool(rate.rate_per_pulse > rate.plob)
    True
    """

    NAME: ClassVar[str] = "sending-or-not-sending"
    TITLE: ClassVar[str] = "Sending-or-not-sending twin-field QKD"
    FAMILY: ClassVar[Family] = "relay"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "middle": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
        "bob": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
    }
    BOUNDS: ClassVar[Mapping[str, Literal["asymptotic", "finite"]]] = {"infinite-decoys": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "decides whether to send a pulse of random phase; so does Bob; that is their bit"),
        Step("alice", "in a decoy window sends a pulse of random phase that she notes; so does Bob"),
        Step("middle", "lets the pulses interfere and announces when one detector alone clicks, and which"),
        Step("public", "both say which windows were for decoys, and their phases and intensities in those"),
        Step(
            "public", "with pairing, Bob announces pairs of his unequal bits; Alice keeps those odd for her"
        ),
        Step("public", "phase errors of single photons are bounded from decoys whose phases match"),
    )
    FORMULA: ClassVar[str] = (
        r"R = n_1\,[1-h(e_1^{ph})] - f\,n_t\,h(E),\quad "
        r"n_1 = 2\varepsilon(1-\varepsilon)\mu e^{-\mu} s_1;\quad "
        r"\text{AOPP: } n_1' = n_g u_0 u_1,\ e_1' = 2e_1(1-e_1)"
    )
    SOURCE: ClassVar[str] = (
        "Wang, Yu, Hu, PRA 98, 062323 (2018), eq. (4); "
        "pairing: Xu, Yu, Jiang, Hu, Wang, PRA 101, 042330 (2020)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Only the asymptotic rate is given; finite keys need the analysis of Jiang et al. (2019, 2020).",
        "Decoys are taken as infinitely many, so their intensities and shares do not appear.",
        "Where the arms or the parties differ, their decoys must have intensities in the proportion in which "
        "single photons come from them (Hu et al. 2019); pairing is then evaluated by the same formula.",
        "Time spent on reference light is not subtracted.",
    )
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (
        Free("alice.intensities[0]", 0.05, 1.0, "log"),
        Free("bob.intensities[0]", 0.05, 1.0, "log"),
        Free("protocol.alice_sending_prob", 0.005, 0.5, "log"),
        Free("protocol.bob_sending_prob", 0.005, 0.5, "log"),
    )

    alice_sending_prob: float = number("probability that Alice sends in a Z window", low=0, high=1)
    bob_sending_prob: float = number("probability that Bob sends in a Z window", low=0, high=1)
    pairing: str = choice("none, or active odd-parity pairing of the raw bits", "none", ("none", "aopp"))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return superconducting detectors halfway along a fibre, with pairing."""
        link = Link(
            alice=WeakCoherentSource(intensities=(0.5,), clock_rate_hz=1e9),
            channels=(Fibre(length_km=length_km / 2), Fibre(length_km=length_km / 2)),
            middle=ThresholdDetectors(efficiency=0.7, dark_count_prob=1e-9, misalignment=0.04),
            bob=WeakCoherentSource(intensities=(0.5,), clock_rate_hz=1e9),
        )
        return link, cls(alice_sending_prob=0.28, bob_sending_prob=0.28, pairing="aopp")

    def check_link(self, link: Link) -> None:
        """Refuse unequal clocks, too."""
        super().check_link(link)
        check_clocks(link)

    def _raw_bits(self, link: Link) -> RawBits:
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        dark = link.detectors("middle").dark_count_prob
        send_a, send_b = self.alice_sending_prob, self.bob_sending_prob
        return RawBits(*averaged(link, lambda a, b: raw_bits(send_a, send_b, a * mu_a, b * mu_b, dark)))

    def _untagged(self, link: Link) -> Untagged:
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        detectors = link.detectors("middle")
        dark, astray = detectors.dark_count_prob, detectors.misalignment
        send_a, send_b = self.alice_sending_prob, self.bob_sending_prob

        def clicks(a: Floats, b: Floats) -> tuple[Floats, ...]:
            single = untagged_bits(send_a, send_b, mu_a, mu_b, a, b, dark, astray)
            return single.alice, single.bob, single.phase_error * (single.alice + single.bob)

        alice, bob, errors = averaged(link, clicks)
        total = alice + bob
        return Untagged(alice, bob, np.divide(errors, total, out=np.full_like(total, 0.5), where=total > 0))

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the asymptotic key per Z window."""
        bits, single = self._raw_bits(link), self._untagged(link)
        if self.pairing == "aopp":
            pairs = odd_parity_pairs(bits, single)
            secret, error, kept, wrong = pairs.untagged, pairs.phase_error, pairs.total, pairs.wrong
        else:
            secret, error = single.alice + single.bob, single.phase_error
            kept, wrong = bits.total, bits.wrong
        qber, raw = (
            np.divide(part, all_bits, out=np.zeros_like(all_bits), where=all_bits > 0)
            for part, all_bits in ((wrong, kept), (bits.wrong, bits.total))
        )
        return Key(
            terms=key_terms(secret, error, kept, qber, self.f_ec),
            sifted=kept,
            qber=qber,
            security=Security(
                "coherent",
                "asymptotic",
                (
                    "The phases of pulses are uniformly random, and unknown to Eve in Z windows.",
                    "Infinitely many decoys show the yield and the phase errors of single photons.",
                    "Nothing is assumed of the middle.",
                ),
                self.SOURCE,
            ),
            bounds={"phase_error": error, "untagged": secret, "raw_qber": raw},
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return raw and wrong bits per Z window, what pairing leaves, and clicks of X windows."""
        detectors = link.detectors("middle")
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        visibility = 1 - 2 * detectors.misalignment
        bits = self._raw_bits(link)
        right, wrong = averaged(
            link, lambda a, b: matched_clicks(a * mu_a, b * mu_b, visibility, detectors.dark_count_prob)
        )
        result = {
            "raw bit | Z": bits.total,
            "wrong bit | Z": bits.wrong,
            "right click | X": right,
            "wrong click | X": wrong,
        }
        if self.pairing == "aopp":
            pairs = odd_parity_pairs(bits, self._untagged(link))
            result |= {"surviving pair | Z": pairs.total, "wrong pair | Z": pairs.wrong}
        return result

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play this many Z windows, pair their raw bits, and play as many X windows of matched phases."""
        detectors = link.detectors("middle")
        dark, offset = detectors.dark_count_prob, 2 * np.arcsin(np.sqrt(detectors.misalignment))
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        counts: Counter[str] = Counter()
        raw: list[NDArray[np.bool_]] = []
        for n, a, b in drawn_arms(link, rounds, CHUNK, rng):
            sends = rng.random((2, n)) < [[self.alice_sending_prob], [self.bob_sending_prob]]
            turn_a, turn_b = np.exp(2j * np.pi * rng.random((2, n)))
            first, second = port_clicks(
                np.sqrt(a * mu_a) * turn_a * sends[0], np.sqrt(b * mu_b) * turn_b * sends[1], dark, rng
            )
            raw.append(np.stack([sends[0], ~sends[1]])[:, first ^ second])
            flip = rng.integers(0, 2, n)  # the phases of matched X windows differ by 0 or pi
            field_b = np.sqrt(b * mu_b) * (1 - 2 * flip) * np.exp(1j * offset)
            first, second = port_clicks(np.sqrt(a * mu_a) + 0j, field_b, dark, rng)
            one, right = first ^ second, first == (flip == 0)
            counts["right click | X"] += int(np.count_nonzero(one & right))
            counts["wrong click | X"] += int(np.count_nonzero(one & ~right))
        alice, bob = np.concatenate(raw, axis=1)
        counts["raw bit | Z"] = alice.size
        counts["wrong bit | Z"] = int(np.count_nonzero(alice != bob))
        if self.pairing == "aopp":
            kept, wrong = _pair(alice, bob, rng)
            counts["surviving pair | Z"], counts["wrong pair | Z"] = kept, wrong
        return counts


def _pair(alice: NDArray[np.bool_], bob: NDArray[np.bool_], rng: np.random.Generator) -> tuple[int, int]:
    """Pair each of Bob's rarer bits with a random one of the other value; return pairs kept, pairs wrong."""
    zeros, ones = (rng.permutation(np.flatnonzero(bob == value)) for value in (False, True))
    pairs = min(zeros.size, ones.size)
    zeros, ones = zeros[:pairs], ones[:pairs]
    odd = alice[zeros] != alice[ones]
    return int(np.count_nonzero(odd)), int(np.count_nonzero(odd & alice[zeros]))
