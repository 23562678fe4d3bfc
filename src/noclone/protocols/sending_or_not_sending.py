"""Sending-or-not-sending twin-field key distribution: the bit is whether a party sent a pulse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number, numbers
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.arms import averaged, check_clocks, drawn_arms
from noclone.protocols.protocol import Family, Floats, Free, Key, Protocol, Regime, Stations, Step
from noclone.rates.security import Security
from noclone.rates.sending_or_not_sending import (
    RawBits,
    Untagged,
    lone_click,
    odd_parity_pairs,
    raw_bits,
    sliced_clicks,
    untagged_bits,
)
from noclone.rates.sending_or_not_sending_finite import (
    ONE_SIDED,
    SHARES,
    OneSided,
    one_sided_shares,
    overhead_bits,
    single_photon_pairs,
    single_photons,
)
from noclone.rates.shor_preskill import key_terms
from noclone.sampling.interference import port_clicks
from noclone.sampling.sending_or_not_sending import drawn_pulses, paired_bits

CHUNK = 1 << 18
ENDLESS_WINDOWS = 1e30
"""A block so long that every statistical deviation vanishes in double precision."""
SIGNAL, BRIGHT, WEAK, VACUUM = range(4)
"""Places in the sources' intensities and in `window_probs`; the first stands for Z windows there."""
Estimate = tuple[Floats, Floats, dict[str, Floats]]
"""Bits or pairs of single photons per round, their phase error rate, and further terms of the key."""


@dataclass(frozen=True, kw_only=True)
class SendingOrNotSending(Protocol):
    """Sending-or-not-sending (SNS) twin-field key distribution, with or without active odd-parity pairing.

    A round is one pulse slot of each party, at Alice's clock. In a Z window a party sends a pulse of its
    first intensity with a random phase, or does not send; Alice's bit is 1 if she sent, Bob's is 0 if he
    did. In a decoy window it sends one of its weaker intensities and says which afterwards; of a Z window
    that met a decoy window it says whether it sent. Windows in which both sent the weaker decoy are X
    windows; their phases are disclosed and those are used whose phases match.

    `infinite-decoys` takes all windows as Z windows and reads the first intensity only. `jiang-2019` needs
    four: signal, brighter decoy, weaker decoy, and 0.

    The middle's `misalignment` is the error rate of X windows whose phases are equal, which the drift of the
    phases and the polarisations contribute to; the width of the phase slices adds to it.

    Examples
    --------
    >>> link, protocol = SendingOrNotSending.typical(400.0)
    >>> limit = protocol.rate(link)
    >>> bool(limit.rate_per_pulse > limit.plob)
    True
    >>> rate = protocol.rate(link, bound="jiang-2019", pulses=1e13)
    >>> bool(rate.plob < rate.rate_per_pulse < limit.rate_per_pulse)
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
    BOUNDS: ClassVar[Mapping[str, Regime]] = {"infinite-decoys": "asymptotic", "jiang-2019": "finite"}
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
        "Infinite-decoys takes decoys as infinitely many and phase slices as narrow.",
        "Where the arms or the parties differ, infinite-decoys assumes decoys in the proportion in which "
        "single photons come from them (Hu et al. 2019); jiang-2019 gives the excess of either party to Eve.",
        "Jiang-2019 has the key length of Jiang et al. (2019); how far counts deviate, and what pairing does "
        "to phase errors under coherent attacks, is derived here; entropies are smoothed by the root of the "
        "probability that the phase errors are more than stated, not by that probability.",
        "Time spent on reference light is not subtracted.",
    )
    CAPACITY: ClassVar[Literal["repeaterless", "single-repeater"]] = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (
        *(Free(f"{party}.intensities[0]", 0.05, 1.0, "log") for party in ("alice", "bob")),
        *(Free(f"{party}.intensities[1]", 0.02, 0.9, "log") for party in ("alice", "bob")),
        *(Free(f"{party}.intensities[2]", 1e-3, 0.2, "log") for party in ("alice", "bob")),
        *(Free(f"protocol.{party}_sending_prob", 0.005, 0.5, "log") for party in ("alice", "bob")),
        Free("protocol.window_probs", 1e-4, 3.0, "odds"),
        Free("protocol.phase_slice_rad", 0.05, 1.5, "log"),
    )

    alice_sending_prob: float = number("probability that Alice sends in a Z window", low=0, high=1)
    bob_sending_prob: float = number("probability that Bob sends in a Z window", low=0, high=1)
    window_probs: tuple[float, ...] = numbers(
        "share of Z windows and of windows for each weaker intensity, at each party; they sum to 1",
        (0.9, 0.005, 0.09, 0.005),
        low=0,
        low_open=True,
        high=1,
    )
    phase_slice_rad: float = number(
        "how far the phases of an X window that is used may be from equal or opposite ones",
        0.2,
        unit="rad",
        low=0,
        low_open=True,
        high=np.pi / 2,
    )
    pairing: str = choice("none, or active odd-parity pairing of the raw bits", "none", ("none", "aopp"))
    bound: str = choice("how Eve's share is bounded", "infinite-decoys", tuple(BOUNDS))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.1, low=1, high=10)
    eps_sec: float = number("secrecy failure probability", 1e-10, low=0, high=0.1, low_open=True)
    eps_cor: float = number("correctness failure probability", 1e-15, low=1e-30, high=0.1)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return superconducting detectors halfway along a fibre, with pairing."""
        source = WeakCoherentSource(intensities=(0.5, 0.3, 0.045, 0.0), clock_rate_hz=1e9)
        link = Link(
            alice=source,
            channels=(Fibre(length_km=length_km / 2), Fibre(length_km=length_km / 2)),
            middle=ThresholdDetectors(efficiency=0.7, dark_count_prob=1e-9, misalignment=0.04),
            bob=source,
        )
        return link, cls(alice_sending_prob=0.28, bob_sending_prob=0.28, pairing="aopp")

    def check(self) -> None:
        """Shares must be four and sum to 1."""
        total = sum(self.window_probs)
        if len(self.window_probs) != 4:
            raise InvalidInput("window_probs", f"must be 4, but are {len(self.window_probs)}")
        if abs(total - 1) > 1e-9:
            raise InvalidInput("window_probs", f"must sum to 1, but sum to {total:g}")

    def check_link(self, link: Link) -> None:
        """Refuse unequal clocks and intensities that do not fit the bound, too."""
        super().check_link(link)
        check_clocks(link)
        self._check_bound(link, self.bound)

    def _check_bound(self, link: Link, bound: str) -> None:
        if bound != "jiang-2019":
            return
        for party in ("alice", "bob"):
            intensities = getattr(link, party).intensities
            if len(intensities) != 4 or np.any(np.not_equal(intensities[VACUUM], 0.0)):
                raise InvalidInput(
                    f"{party}.intensities",
                    f"must be 4, the last of them 0, for {bound}, but are {intensities}",
                )

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
        return Untagged(alice, bob, _ratio(errors, alice + bob))

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key; there is none where intensities do not fall."""
        self._check_bound(link, bound)
        bits, single = self._raw_bits(link), self._untagged(link)
        pairs = odd_parity_pairs(bits, single)
        paired = self.pairing == "aopp"
        kept, wrong = (pairs.total, pairs.wrong) if paired else (bits.total, bits.wrong)
        estimate: Estimate = single.alice + single.bob, single.phase_error, {}
        share = np.asarray(1.0)
        if bound == "jiang-2019":
            share = np.square(self.window_probs[SIGNAL])
            estimate = self._jiang_2019(link, bits, ENDLESS_WINDOWS if pulses is None else pulses)
        elif paired:
            estimate = pairs.untagged, pairs.phase_error, {}
        secret, phase_error, rest = estimate
        qber, raw = (
            np.divide(part, all_bits, out=np.zeros_like(all_bits), where=all_bits > 0)
            for part, all_bits in ((wrong, kept), (bits.wrong, bits.total))
        )
        sifted, secret = share * kept, np.where(_falling(link), secret, 0.0)
        return Key(
            terms=key_terms(secret, phase_error, sifted, qber, self.f_ec) | rest,
            sifted=sifted,
            qber=qber,
            security=self._security(bound, finite=pulses is not None),
            bounds={"phase_error": phase_error, "untagged": secret, "raw_qber": raw},
        )

    def _jiang_2019(self, link: Link, bits: RawBits, block: Any) -> Estimate:
        a, b = link.alice.intensities, link.bob.intensities
        eps = np.asarray(self.eps_sec) / SHARES
        used = block * np.square(self.window_probs[SIGNAL])
        windows = [block * part for part in self._one_sided_shares()]
        clicks = [sent * gain for sent, gain in zip(windows, self._one_sided_gains(link), strict=True)]
        matched = block * np.square(self.window_probs[WEAK]) * self.phase_slice_rad / (np.pi / 2)
        send_a, send_b = self.alice_sending_prob, self.bob_sending_prob
        photons = single_photons(
            (a[WEAK], b[WEAK]),
            (a[BRIGHT], b[BRIGHT]),
            OneSided(*windows),
            OneSided(*clicks),
            matched,
            matched * self._x_clicks(link)[1],
            (
                used * send_a * (1 - send_b) * a[SIGNAL] * np.exp(-a[SIGNAL]),
                used * (1 - send_a) * send_b * b[SIGNAL] * np.exp(-b[SIGNAL]),
            ),
            eps**2,
        )
        if self.pairing == "aopp":
            zeros, ones = used * (bits.bob + bits.both), used * (bits.alice + bits.neither)
            secret, phase_error = single_photon_pairs(photons, zeros, ones, eps**2)
        else:
            secret = photons.bits
            phase_error = np.fmin(_ratio(photons.phase_errors, secret), 0.5)
        overhead = -overhead_bits(eps, self.eps_cor) / block
        return secret / block, phase_error, {"secrecy and correctness": overhead}

    def _one_sided_shares(self) -> OneSided:
        return one_sided_shares(self.window_probs, self.alice_sending_prob, self.bob_sending_prob)

    def _one_sided_gains(self, link: Link) -> tuple[Floats, ...]:
        dark, a, b = link.detectors("middle").dark_count_prob, link.alice.intensities, link.bob.intensities

        def clicks(arm_a: Floats, arm_b: Floats) -> tuple[Floats, ...]:
            return tuple(lone_click(arm_a * a[i] + arm_b * b[j], dark) for i, j in ONE_SIDED)

        return averaged(link, clicks)

    def _x_light(self, link: Link) -> tuple[Any, Any]:
        """Return what both send in X windows: the weaker decoy, or the signal where there are no decoys."""
        kind = WEAK if _has_decoys(link) else SIGNAL
        return link.alice.intensities[kind], link.bob.intensities[kind]

    def _x_clicks(self, link: Link) -> tuple[Floats, Floats]:
        """Return how often the right detector alone clicks in an X window that is used, or the wrong."""
        detectors, (mu_a, mu_b) = link.detectors("middle"), self._x_light(link)
        noise = detectors.misalignment, self.phase_slice_rad, detectors.dark_count_prob
        right, wrong = averaged(link, lambda a, b: sliced_clicks(a * mu_a, b * mu_b, *noise))
        return right, wrong

    def _security(self, bound: str, finite: bool) -> Security:
        assumptions = [
            "The phases of pulses are uniformly random, and unknown to Eve in Z windows.",
            "Nothing is assumed of the middle.",
        ]
        if bound == "infinite-decoys":
            assumptions.append("Infinitely many decoys show yields and phase errors of single photons.")
        else:
            assumptions.append("Nothing at all leaves a party that does not send.")
        if bound == "jiang-2019" and not finite:
            assumptions.append("Infinitely many windows show the gain of every kind of window.")
        return Security(
            "coherent",
            "finite" if finite else "asymptotic",
            tuple(assumptions),
            self.SOURCE if bound == "infinite-decoys" else JIANG,
            eps_sec=self.eps_sec if finite else None,
            eps_cor=self.eps_cor if finite else None,
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return raw and wrong bits per Z window, what pairing leaves, clicks of X and of decoy windows."""
        bits, (right, wrong) = self._raw_bits(link), self._x_clicks(link)
        result = {
            "raw bit | Z": bits.total,
            "wrong bit | Z": bits.wrong,
            "right click | X": right,
            "wrong click | X": wrong,
        }
        if self.pairing == "aopp":
            pairs = odd_parity_pairs(bits, self._untagged(link))
            result |= {"surviving pair | Z": pairs.total, "wrong pair | Z": pairs.wrong}
        if _has_decoys(link):
            each = zip(_ONE_SIDED_NAMES, self._one_sided_shares(), self._one_sided_gains(link), strict=True)
            result |= {name: share * gain for name, share, gain in each}
        return result

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play this many Z windows, pair their raw bits; as many X windows of matching phases.

        With decoys as many windows of any kind, of which those with at most one decoy are counted.
        """
        detectors = link.detectors("middle")
        dark, angle = detectors.dark_count_prob, 2 * np.arcsin(np.sqrt(detectors.misalignment))
        mu_a, mu_b = link.alice.intensities[0], link.bob.intensities[0]
        x_a, x_b = self._x_light(link)
        counts: Counter[str] = Counter()
        raw: list[NDArray[np.bool_]] = []
        for n, a, b in drawn_arms(link, rounds, CHUNK, rng):
            sends = rng.random((2, n)) < [[self.alice_sending_prob], [self.bob_sending_prob]]
            turn_a, turn_b = np.exp(2j * np.pi * rng.random((2, n)))
            first, second = port_clicks(
                np.sqrt(a * mu_a) * turn_a * sends[0], np.sqrt(b * mu_b) * turn_b * sends[1], dark, rng
            )
            raw.append(np.stack([sends[0], ~sends[1]])[:, first ^ second])
            # Matching phases differ by 0 or pi, up to the slice; the other errors are those of polarisations.
            flip = rng.integers(0, 2, n)
            apart = rng.uniform(-self.phase_slice_rad, self.phase_slice_rad, n)
            field_b = np.sqrt(b * x_b) * (1 - 2 * flip) * np.exp(1j * apart)
            first, second = port_clicks(np.sqrt(a * x_a) + 0j, field_b, dark, rng, angle)
            one, right = first ^ second, first == (flip == 0)
            counts["right click | X"] += int(np.count_nonzero(one & right))
            counts["wrong click | X"] += int(np.count_nonzero(one & ~right))
            if _has_decoys(link):
                counts.update(self._played_decoys(link, a, b, rng))
        alice, bob = np.concatenate(raw, axis=1)
        counts["raw bit | Z"] = alice.size
        counts["wrong bit | Z"] = int(np.count_nonzero(alice != bob))
        if self.pairing == "aopp":
            kept, wrong = paired_bits(alice, bob, rng)
            counts["surviving pair | Z"], counts["wrong pair | Z"] = kept, wrong
        return counts

    def _played_decoys(self, link: Link, a: Floats, b: Floats, rng: np.random.Generator) -> dict[str, int]:
        """Return clicks of the windows in `ONE_SIDED` among windows with these transmittances."""
        sending_probs = self.alice_sending_prob, self.bob_sending_prob
        (i, j), disclosed = drawn_pulses(a.size, self.window_probs, sending_probs, VACUUM, rng)
        light_a, light_b = a * np.array(link.alice.intensities)[i], b * np.array(link.bob.intensities)[j]
        kind = np.where(disclosed, 4 * i + j, -1)
        played = np.isin(kind, [4 * kind_a + kind_b for kind_a, kind_b in ONE_SIDED])
        first, second = port_clicks(
            np.sqrt(light_a[played]) + 0j,
            np.sqrt(light_b[played]) + 0j,
            link.detectors("middle").dark_count_prob,
            rng,
        )
        clicked = kind[played][first ^ second]
        return {
            name: int(np.count_nonzero(clicked == 4 * kind_a + kind_b))
            for name, (kind_a, kind_b) in zip(_ONE_SIDED_NAMES, ONE_SIDED, strict=True)
        }


JIANG = (
    "Jiang, Yu, Hu, Wang, Phys. Rev. Applied 12, 024061 (2019); "
    "pairing: Jiang, Hu, Xu, Yu, Wang, New J. Phys. 22, 053048 (2020)"
)
_ONE_SIDED_NAMES = (
    "click, no pulse",
    "click, weaker decoy of Alice",
    "click, weaker decoy of Bob",
    "click, brighter decoy of Alice",
    "click, brighter decoy of Bob",
)


def _has_decoys(link: Link) -> bool:
    return len(link.alice.intensities) == len(link.bob.intensities) == 4


def _falling(link: Link) -> Any:
    """Return whether all intensities fall strictly, as those of a source must."""
    sources = (link.alice.intensities, link.bob.intensities)
    steps = [np.greater(*pair) for source in sources for pair in pairwise(source)]
    return reduce(np.logical_and, steps, np.asarray(True))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, 1/2 where there is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, 0.5)
