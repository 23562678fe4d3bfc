"""Measurement-device-independent QKD: an untrusted relay projects two weak pulses on a Bell state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import choice, number, numbers
from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.arms import averaged, check_clocks, drawn_arms
from noclone.protocols.bell_relay import bell_relay_declaration
from noclone.protocols.declaration import Declaration
from noclone.protocols.protocol import (
    Family,
    Floats,
    Free,
    Key,
    Protocol,
    Regime,
    Stations,
    Step,
    flat_fields,
)
from noclone.rates import mdi_curty, mdi_four_intensity
from noclone.rates.mdi import Announced, diagonal_gains, rectilinear_gains, single_photon_pairs
from noclone.rates.mdi_curty import curty_2014, overhead_bits
from noclone.rates.mdi_decoy import pair_errors, pair_yield, rescaled
from noclone.rates.mdi_four_intensity import four_intensity
from noclone.rates.security import Security
from noclone.rates.shor_preskill import key_terms
from noclone.sampling.bell_measurement import bell_announcements

ENDLESS_PAIRS = 1e30
"""A block so long that every statistical deviation vanishes in double precision."""
Bools = NDArray[np.bool_]

CHUNK = 1 << 17
"""Rounds that are played at once."""
Estimate = tuple[Floats, Floats, dict[str, Floats]]
"""Single-photon pairs per round, their phase error rate, and further terms of the key."""


class Choices(NamedTuple):
    """Intensities (K, ...), and how often both parties choose Z, or X, with each pair of them (K, K, ...)."""

    a: Floats
    b: Floats
    key: Floats
    test: Floats

    @property
    def pairs_sent(self) -> Floats:
        """How many pairs of single photons are sent per round where signals give key."""
        sent: Floats = self.key[0, 0] * self.a[0] * self.b[0] * np.exp(-self.a[0] - self.b[0])
        return sent

    @property
    def falling(self) -> Bools:
        """Whether all intensities fall strictly, as those of a source must."""
        falling = (np.diff(self.a, axis=0) < 0) & (np.diff(self.b, axis=0) < 0)
        return np.asarray(falling.all(axis=0))


@dataclass(frozen=True, kw_only=True)
class MDI(Protocol):
    """Measurement-device-independent QKD with decoy states, each party with intensities of its own.

    A round is a pair of pulses, one of each party, at Alice's clock. Both choose an intensity by
    `intensity_probs`, then a basis, Z with the probability that `basis_probs` gives for the intensity. The
    middle has two detectors behind a beam splitter and reads them in two modes (time bins); it announces a
    Bell state when one of them alone clicks in each mode. Signals, the first intensities, give the key where
    both chose Z. `four-intensity` makes no use of signals in X and decoys in Z: its `basis_probs` should be
    1, 0, 0, 0.

    The middle's `misalignment` is the probability that one of the two pulses arrives in the state
    orthogonal to the one sent, in either basis.

    Examples
    --------
    >>> link, protocol = MDI.typical(100.0)
    >>> rate = protocol.rate(link, pulses=1e13)
    >>> bool(0 < rate.rate_per_pulse < rate.plob)
    True
    """

    NAME: ClassVar[str] = "mdi"
    TITLE: ClassVar[str] = "Measurement-device-independent QKD"
    FAMILY: ClassVar[Family] = "relay"
    STATIONS: ClassVar[Stations] = {
        "alice": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
        "middle": {ThresholdDetectors: ("efficiency", "dark_count_prob", "misalignment", "gate_width_s")},
        "bob": {WeakCoherentSource: ("intensities", "clock_rate_hz")},
    }
    BOUNDS: ClassVar[Mapping[str, Regime]] = {
        "four-intensity": "finite",
        "curty-2014": "finite",
        "three-intensity": "asymptotic",
        "infinite": "asymptotic",
    }
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "sends a pulse of random phase, intensity, basis and bit in two modes"),
        Step("bob", "does the same, so that both pulses meet in the middle"),
        Step("middle", "lets them interfere mode by mode and announces when one detector clicks in each"),
        Step("public", "the same detector twice is one Bell state, different ones are the other"),
        Step("public", "Alice and Bob name their bases and intensities; rounds of unequal bases are dropped"),
        Step("bob", "flips his bit, in the diagonal basis only for the state of different detectors"),
        Step("public", "rounds in X and rounds with decoys are disclosed; they bound what Eve knows"),
    )
    FORMULA: ClassVar[str] = (
        r"R = p_Z^2 \left\{ \mu_a \mu_b e^{-\mu_a-\mu_b} Y_{11} [1 - h(e_{11}^X)] - Q^Z f\,h(E^Z) \right\}"
    )
    SOURCE: ClassVar[str] = (
        "Lo, Curty, Qi, PRL 108, 130503 (2012); Ma, Razavi, PRA 86, 062319 (2012), eqs. (21)-(54)"
    )
    LIMITS: ClassVar[tuple[str, ...]] = (
        "Both parties use the same shares of intensities and bases; their intensities may differ.",
        "Pulses must be indistinguishable but for phase and bit; a poor overlap is entered as misalignment.",
        "Four-intensity needs an exact vacuum; the other bounds take any weakest intensity.",
        "Infinite assumes that photon-number yields are known, as after infinitely many intensities.",
        "Sources are trusted: phases must be random and intensities as stated.",
    )
    CAPACITY: ClassVar = "single-repeater"
    FREE: ClassVar[tuple[Free, ...]] = (
        *(Free(f"{party}.intensities[0]", 0.05, 1.0, "log") for party in ("alice", "bob")),
        *(Free(f"{party}.intensities[1]", 0.02, 0.6, "log") for party in ("alice", "bob")),
        *(Free(f"{party}.intensities[2]", 1e-3, 0.2, "log") for party in ("alice", "bob")),
        Free("protocol.intensity_probs", 1e-3, 10.0, "odds"),
    )

    intensity_probs: tuple[float, ...] = numbers(
        "share of pulses of each intensity at each party; they sum to 1", low=0, low_open=True, high=1
    )
    basis_probs: tuple[float, ...] = numbers(
        "probability of basis Z, which gives the key, for pulses of each intensity", low=0, high=1
    )
    bound: str = choice("how Eve's share is bounded", "four-intensity", tuple(BOUNDS))
    f_ec: float = number("leakage of reconciliation over the Shannon limit", 1.16, low=1, high=10)
    eps_sec: float = number("secrecy failure probability", 1e-10, low=0, high=0.1, low_open=True)
    eps_cor: float = number("correctness failure probability", 1e-15, low=1e-30, high=0.1)

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return gigahertz sources and superconducting detectors halfway along a fibre."""
        source = WeakCoherentSource(intensities=(0.6, 0.16, 0.03, 0.0), clock_rate_hz=1e9)
        half = Fibre(length_km=length_km / 2)
        link = Link(
            alice=source,
            channels=(half, half),
            middle=ThresholdDetectors(efficiency=0.7, dark_count_prob=1e-8, misalignment=0.01),
            bob=source,
        )
        return link, cls(intensity_probs=(0.86, 0.015, 0.1, 0.025), basis_probs=(1, 0, 0, 0))

    def check(self) -> None:
        """Shares must sum to 1, and every intensity needs both."""
        total = sum(self.intensity_probs)
        if abs(total - 1) > 1e-9:
            raise InvalidInput("intensity_probs", f"must sum to 1, but sum to {total:g}")
        if len(self.basis_probs) != len(self.intensity_probs):
            raise InvalidInput(
                "basis_probs",
                f"must be one for each of the {len(self.intensity_probs)} intensities, "
                f"but are {len(self.basis_probs)}",
            )

    def check_link(self, link: Link) -> None:
        """Refuse unequal clocks and intensities that do not fit the shares or the bound, too."""
        super().check_link(link)
        check_clocks(link)
        for party in ("alice", "bob"):
            count = len(getattr(link, party).intensities)
            if count != len(self.intensity_probs):
                raise InvalidInput(
                    f"{party}.intensities",
                    f"must be {len(self.intensity_probs)}, as many as the protocol has shares, "
                    f"but are {count}",
                )
        self._check_bound(link, self.bound)

    def _check_bound(self, link: Link, bound: str) -> None:
        needed = {"four-intensity": 4, "curty-2014": 3, "three-intensity": 3}.get(bound)
        if needed is not None and len(self.intensity_probs) != needed:
            raise InvalidInput(
                "protocol.bound",
                f"{bound} needs {needed} intensities, but the sources have {len(self.intensity_probs)}",
            )
        for party in ("alice", "bob"):
            weakest = getattr(link, party).intensities[-1]
            if bound == "four-intensity" and np.any(np.not_equal(weakest, 0.0)):
                raise InvalidInput(
                    f"{party}.intensities[3]",
                    f"must be 0 for {bound}, whose vacuum is exact, but is {weakest}",
                )

    def _choices(self, link: Link, block: Any = 0.0) -> Choices:
        """Return what both choose, with room for the axes of the grid, and of the block, behind the first."""
        devices = (self, *link.devices.values())
        rank = max(np.ndim(value) for value in (block, *(x for part in devices for x in flat_fields(part))))
        rank = max(rank, *(np.ndim(x) for _, transmittances in link.segments() for x in transmittances))
        share, z, a, b = (
            _stacked(values, rank)
            for values in (
                self.intensity_probs,
                self.basis_probs,
                link.alice.intensities,
                link.bob.intensities,
            )
        )
        key, test = share * z, share * (1.0 - z)
        return Choices(a, b, key[:, None] * key, test[:, None] * test)

    def _gains(
        self,
        link: Link,
        choices: Choices,
        formula: Callable[..., Announced],
        chosen: slice = slice(None),
    ) -> Announced:
        """Return the gains of each pair of the chosen intensities, (K, K, ...)."""
        middle, a, b = link.detectors("middle"), choices.a[chosen, None], choices.b[chosen]
        noise = middle.dark_count_prob, middle.misalignment
        return Announced(*averaged(link, lambda arm_a, arm_b: formula(arm_a * a, arm_b * b, *noise)))

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key from the expected announcements; there is none where intensities do not fall."""
        self._check_bound(link, bound)
        block = np.asarray(ENDLESS_PAIRS if pulses is None else pulses, float)
        choices = self._choices(link, block)
        keyed = slice(None) if bound in _KEYED_DECOYS else slice(1)
        gains = self._gains(link, choices, rectilinear_gains, keyed)
        signal, wrong = gains.click[0, 0], gains.error[0, 0]
        qber = np.divide(wrong, signal, out=np.zeros_like(signal), where=signal > 0)
        sifted = choices.key[0, 0] * signal
        pairs, phase_error, rest = _ESTIMATES[bound](self, link, choices, gains, block)
        pairs = np.where(choices.falling, pairs, 0.0)
        return Key(
            terms=key_terms(pairs, phase_error, sifted, qber, self.f_ec) | rest,
            sifted=sifted,
            qber=qber,
            security=self._security(bound, finite=pulses is not None),
            bounds={"phase_error": phase_error, "single_photon_pairs": pairs},
        )

    def _infinite(self, link: Link, choices: Choices, gains: Announced, block: Floats) -> Estimate:
        middle = link.detectors("middle")
        yields, errors = averaged(
            link, lambda a, b: single_photon_pairs(a, b, middle.dark_count_prob, middle.misalignment)
        )
        return choices.pairs_sent * yields, _rate(errors, yields), {}

    def _three_intensity(self, link: Link, choices: Choices, gains: Announced, block: Floats) -> Estimate:
        a, b = choices.a, choices.b
        test, scale = self._gains(link, choices, diagonal_gains), rescaled(a, b, 1.0)
        key, tested, wrong = (scale * part for part in (gains.click, test.click, test.error))
        phase_error = _rate(pair_errors(a, b, wrong, wrong), pair_yield(a, b, tested, tested))
        return choices.pairs_sent * pair_yield(a, b, key, key), phase_error, {}

    def _four_intensity(self, link: Link, choices: Choices, gains: Announced, block: Floats) -> Estimate:
        test = self._gains(link, choices, diagonal_gains, slice(1, None))
        rounds, eps = block * choices.test[1:, 1:], self.eps_sec / mdi_four_intensity.SHARES
        counts, errors = rounds * test.click, rounds[1, 1] * test.error[1, 1]
        signals = block * choices.key[0, 0]
        found = four_intensity(choices.a[:3], choices.b[:3], rounds, counts, errors, signals, eps)
        overhead = -overhead_bits(eps, self.eps_cor) / block
        return found.bits / block, found.phase_error, {"secrecy and correctness": overhead}

    def _curty_2014(self, link: Link, choices: Choices, gains: Announced, block: Floats) -> Estimate:
        test = self._gains(link, choices, diagonal_gains)
        # Either Bell state gives a key of its own, from half of the announcements.
        half, eps = 0.5 * block, 0.5 * self.eps_sec / mdi_curty.SHARES
        counts = (
            half * choices.key * gains.click,
            half * choices.test * test.click,
            half * choices.test * test.error,
        )
        each = curty_2014(choices.a, choices.b, choices.key, choices.test, *counts, eps)
        overhead = -overhead_bits(eps, 0.5 * self.eps_cor) / half
        rest = {"empty pulses": each.vacuum / half, "secrecy and correctness": overhead}
        return each.single / half, each.phase_error, rest

    def _security(self, bound: str, finite: bool) -> Security:
        assumptions = [
            "The phases of all pulses are uniformly random and unknown to Eve.",
            "Nothing is assumed of the middle.",
        ]
        if bound == "infinite":
            assumptions.append("Infinitely many decoy intensities show the yields of all photon numbers.")
        elif not finite:
            assumptions.append("Infinitely many rounds show the gain of every pair of intensities.")
        elif bound == "four-intensity":
            assumptions.append(
                "Failure probabilities are composed as by Curty et al. 2014; the paper gives those of the "
                "estimation only."
            )
        return Security(
            "coherent",
            "finite" if finite else "asymptotic",
            tuple(assumptions),
            _SOURCES[bound],
            eps_sec=self.eps_sec if finite else None,
            eps_cor=self.eps_cor if finite else None,
        )

    def statistics(self, link: Link) -> Mapping[str, Floats]:
        """Return announcements, and those with unequal bits, by intensities where both chose one basis."""
        result, choices = {}, self._choices(link)
        for basis, chosen, formula in (
            ("Z", choices.key, rectilinear_gains),
            ("X", choices.test, diagonal_gains),
        ):
            if np.any(chosen > 0):
                gains = self._gains(link, choices, formula)
                share = chosen / chosen.sum(axis=(0, 1))
                for i, j in np.ndindex(chosen.shape[:2]):
                    result[f"announced, {i} and {j} | {basis}"] = share[i, j] * gains.click[i, j]
                    result[f"wrong, {i} and {j} | {basis}"] = share[i, j] * gains.error[i, j]
        return result

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Play this many rounds in which both chose Z, and as many in which both chose X."""
        counts: dict[str, float] = {}
        middle = link.detectors("middle")
        share, z = np.array(self.intensity_probs), np.array(self.basis_probs)
        light_a, light_b = np.array(link.alice.intensities), np.array(link.bob.intensities)
        for basis, chosen in (("Z", share * z), ("X", share * (1 - z))):
            if not chosen.any():
                continue
            seen = np.zeros((2, share.size, share.size), int)
            for n, arm_a, arm_b in drawn_arms(link, rounds, CHUNK, rng):
                kinds = rng.choice(share.size, (2, n), p=chosen / chosen.sum())
                announced, wrong = bell_announcements(
                    basis == "Z",
                    arm_a * light_a[kinds[0]],
                    arm_b * light_b[kinds[1]],
                    float(middle.dark_count_prob),
                    float(middle.misalignment),
                    rng,
                )
                for event, happened in enumerate((announced, announced & wrong)):
                    np.add.at(seen[event], tuple(kinds[:, happened]), 1)
            for i, j in np.ndindex(seen.shape[1:]):
                counts[f"announced, {i} and {j} | {basis}"] = int(seen[0, i, j])
                counts[f"wrong, {i} and {j} | {basis}"] = int(seen[1, i, j])
        return counts

    def declaration(self) -> Declaration:
        """Return what is sent, announced and kept, for pulses of one photon each and bases chosen alike."""
        basis_prob = float(np.dot(self.intensity_probs, self.basis_probs))
        return bell_relay_declaration(basis_prob)


_KEYED_DECOYS = ("three-intensity", "curty-2014")
"""Bounds that use decoys in the key basis."""
_ESTIMATES: dict[str, Callable[[MDI, Link, Choices, Announced, Floats], Estimate]] = {
    "infinite": MDI._infinite,
    "three-intensity": MDI._three_intensity,
    "four-intensity": MDI._four_intensity,
    "curty-2014": MDI._curty_2014,
}
_SOURCES = {
    "infinite": "Lo, Curty, Qi, PRL 108, 130503 (2012)",
    "three-intensity": "Xu, Curty, Qi, Lo, New J. Phys. 15, 113007 (2013), table 2",
    "four-intensity": "Zhou, Yu, Wang, PRA 93, 042324 (2016)",
    "curty-2014": "Curty et al., Nat. Commun. 5, 3732 (2014), with two corrections",
}


def _stacked(values: tuple[Any, ...], rank: int) -> Floats:
    """Stack numbers or arrays of a grid along a new first axis, with `rank` axes behind it."""
    stacked = np.stack(np.broadcast_arrays(*(np.asarray(value, float) for value in values)))
    return stacked.reshape(stacked.shape[:1] + (1,) * (rank + 1 - stacked.ndim) + stacked.shape[1:])


def _rate(errors: Floats, total: Floats) -> Floats:
    """Return an error rate between 0 and 1/2, the latter where there is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0.0, np.clip(errors / total, 0.0, 0.5), 0.5)
