"""Discrete modulation: one of finitely many coherent states, heterodyne detection, reverse reconciliation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.core.fields import number
from noclone.link import Fibre, Link
from noclone.link.coherent import CoherentReceiver, DiscreteModulation, constellation
from noclone.protocols.gg02 import RECEIVER_FIELDS
from noclone.protocols.protocol import Free, Key, Moment, Protocol, Step
from noclone.protocols.quadratures import (
    batches,
    check_converter,
    conditions,
    mean_products,
    outcomes,
    symbol_moments,
)
from noclone.protocols.reverse_reconciliation import (
    INDEPENDENT,
    MOST_NOISE_SNU,
    OSCILLATOR,
    VARYING,
    Interval,
    key_of,
    receiver_assumption,
)
from noclone.rates.discrete_modulation import InformationCurve, Moments, after_channel, moments
from noclone.rates.gaussian_modulation import heterodyne_noise, holevo_heterodyne, signal_to_noise
from noclone.rates.security import Security

Floats = NDArray[np.float64]

BATCH = 128
"""Mean photon numbers whose moments are computed at once; it bounds the memory."""


@lru_cache(maxsize=128)
def _moments(name: str, distribution: str, shaping: float, photons: tuple[float, ...]) -> Floats:
    """Return the moments of one constellation at some mean photon numbers, shape (3, P)."""
    points, probs, symmetry, *_ = constellation(name, distribution, shaping)
    each = [
        moments(points, probs, symmetry, np.array(photons[start : start + BATCH]))
        for start in range(0, len(photons), BATCH)
    ]
    return np.concatenate([np.stack(part) for part in each], axis=1)


@lru_cache(maxsize=128)
def _curve(name: str, distribution: str, shaping: float) -> InformationCurve:
    shape = constellation(name, distribution, shaping)
    return InformationCurve(shape.levels, shape.level_probs, shape.symmetry)


def _states(source: DiscreteModulation) -> Moments:
    """Return the moments of the states that a source sends, of the grid's shape."""
    shaping, variance = np.broadcast_arrays(np.asarray(source.shaping, float), source.modulation_variance_snu)
    table = np.empty((3, *shaping.shape))
    for strength in np.unique(shaping):
        here = shaping == strength
        photons, which = np.unique(variance[here] / 2, return_inverse=True)
        values = _moments(source.constellation, source.distribution, float(strength), tuple(photons.tolist()))
        table[:, here] = values[:, which]
    return Moments(*table)


@dataclass(frozen=True, kw_only=True)
class DiscreteModulationQKD(Protocol):
    """Coherent states of a constellation; Bob measures both quadratures.

    A round is one symbol, at the clock of the source. The mutual information is that of the constellation,
    not of a Gaussian of equal variance. The excess noise of the source is referred to the channel's input
    and Eve's, with all of the channel; the receiver's loss and noise are Eve's unless it is trusted.

    Where a channel varies, the parties know the transmittance of every interval and make a key of it by
    itself: K = sum of share x K(T), never K at the mean T. Intervals that give none are dropped.

    Examples
    --------
    >>> link, protocol = DiscreteModulationQKD.typical(25)
    >>> 0.05 < float(protocol.rate(link).rate_per_pulse) < 0.15
    True
    """

    NAME: ClassVar[str] = "discrete-modulation"
    TITLE: ClassVar[str] = "Discrete modulation: two-state, QPSK, 8-PSK and QAM"
    FAMILY: ClassVar = "continuous-variable"
    STATIONS: ClassVar = {
        "alice": {
            DiscreteModulation: (
                "constellation",
                "modulation_variance_snu",
                "distribution",
                "shaping",
                "excess_noise_snu",
                "clock_rate_hz",
            ),
        },
        "bob": {CoherentReceiver: RECEIVER_FIELDS},
    }
    BOUNDS: ClassVar[Mapping[str, Literal["asymptotic", "finite"]]] = {"asymptotic": "asymptotic"}
    STEPS: ClassVar[tuple[Step, ...]] = (
        Step("alice", "draws a state of the constellation and sends it"),
        Step("channel", "attenuates the state and adds noise"),
        Step("bob", "measures both quadratures"),
        Step("public", "some pairs are disclosed, from which the mean photon number and correlations follow"),
        Step("public", "Bob sends what Alice needs to correct her data to his"),
    )
    FORMULA: ClassVar[str] = (
        r"K = \beta I_{AB} - g(\nu_1) - g(\nu_2) + g(\nu_3),\quad"
        r" Z^* = 2 c_1 - 2\sqrt{\left(n_B - c_2^2/\langle n\rangle\right) w}"
    )
    SOURCE: ClassVar[str] = "Denys, Brown, Leverrier, Quantum 5, 540 (2021), Theorem 1"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "The two-state protocol (bpsk) gets no key from this bound at an excess noise of .005 or more, and "
        "at .001 only over short lines; other proofs for it are not computed here.",
        "The bound is asymptotic; no finite key is claimed.",
        "Constellations of few states tolerate an excess noise of about .01 shot-noise units only.",
    )
    FREE: ClassVar[tuple[Free, ...]] = (Free("alice.modulation_variance_snu", 0.05, 20.0, "log"),)

    reconciliation_efficiency: float = number(
        "share beta of the mutual information that reconciliation yields", 0.95, low=0, high=1
    )
    frame_error_rate: float = number(
        "share of frames that reconciliation gives up", 0.0, low=0, high=1, high_open=True
    )

    @classmethod
    def typical(cls, length_km: float) -> tuple[Link, Self]:
        """Return a link with 64-QAM, shaped binomially, at 1 GHz and a calibrated receiver."""
        link = Link(
            alice=DiscreteModulation(
                constellation="64qam",
                distribution="binomial",
                modulation_variance_snu=5.0,
                excess_noise_snu=0.005,
                clock_rate_hz=1e9,
            ),
            channel=Fibre(length_km=length_km),
            bob=CoherentReceiver(
                detection="heterodyne", efficiency=0.65, electronic_noise_snu=0.05, trusted=True
            ),
        )
        return link, cls()

    def check_link(self, link: Link) -> None:
        """Refuse, besides other devices, homodyne detection and a converter that saturates."""
        super().check_link(link)
        if link.bob.detection != "heterodyne":
            raise InvalidInput(
                "bob.detection", f"must be heterodyne for {self.NAME}, but is {link.bob.detection}"
            )
        gain = link.bob.efficiency / 2
        for _, through, noise in conditions(link):
            signal = through * link.alice.modulation_variance_snu
            check_converter("bob", link.bob, 1 + link.bob.added_noise_snu + gain * (signal + noise))

    def key(self, link: Link, bound: str, pulses: Floats | None) -> Key:
        """Return the key, from every interval of the channel by itself; see `Protocol.key`."""
        source, bob = link.alice, link.bob
        states, detector = _states(source), heterodyne_noise(bob.efficiency, bob.added_noise_snu)
        rows = []
        for share, through, all_noise in conditions(link):
            noise = np.minimum(all_noise, MOST_NOISE_SNU)
            snr = signal_to_noise(source.modulation_variance_snu, 1.0, through, noise, detector)
            if bob.trusted:
                holevo = holevo_heterodyne(after_channel(states, through, noise), detector)
            else:
                behind = bob.efficiency * noise + 2 * bob.added_noise_snu
                holevo = holevo_heterodyne(after_channel(states, bob.efficiency * through, behind), 1.0)
            rows.append(Interval(share, self._information(source, snr), holevo))
        assumptions = [INDEPENDENT, receiver_assumption(bob.trusted), OSCILLATOR]
        if len(rows) > 1:
            assumptions.append(VARYING)
        return key_of(
            rows,
            self.reconciliation_efficiency,
            self.frame_error_rate,
            1.0,
            bob.quadratures,
            Security("collective", "asymptotic", tuple(assumptions), self.SOURCE),
        )

    def _information(self, source: DiscreteModulation, snr: Floats) -> Floats:
        """Return the mutual information of the constellation, of the grid's shape."""
        shaping, ratio = np.broadcast_arrays(np.asarray(source.shaping, float), snr)
        bits = np.empty(ratio.shape)
        for strength in np.unique(shaping):
            here = shaping == strength
            bits[here] = _curve(source.constellation, source.distribution, float(strength))(ratio[here])
        return bits

    def statistics(self, link: Link) -> Mapping[str, Floats | Moment]:
        """Return the second moments of symbols and outcomes, averaged over both quadratures."""
        source = link.alice
        powers = np.asarray(source.modulation_variance_snu, float) * 2
        spread = np.vectorize(lambda strength: self._spread(source, strength))(source.shaping)
        return symbol_moments(link, powers, spread * powers**2, 2, 1.0)

    @staticmethod
    def _spread(source: DiscreteModulation, shaping: float) -> float:
        """Return the relative variance of the photon number that the amplitudes alone cause."""
        shape = constellation(source.constellation, source.distribution, float(shaping))
        return float(shape.probs @ np.abs(shape.points) ** 4 - 1)

    def sample(self, link: Link, rounds: int, rng: np.random.Generator) -> Mapping[str, float]:
        """Draw symbols, add every noise on the way, digitise, and return the sample means."""
        source = link.alice
        shape = constellation(source.constellation, source.distribution, source.shaping)
        amplitudes = shape.points * np.sqrt(source.modulation_variance_snu / 2)

        def play(size: int) -> dict[str, Floats]:
            symbol = amplitudes[rng.choice(len(amplitudes), size=size, p=shape.probs)]
            sent = 2 * np.stack([symbol.real, symbol.imag])
            seen = outcomes(rng, link, sent + rng.standard_normal(sent.shape))
            pairs = {"alice * alice": sent * sent, "bob * bob": seen * seen, "alice * bob": sent * seen}
            return {name: value.mean(axis=0) for name, value in pairs.items()}

        return mean_products((play(size) for size in batches(rounds)), rounds)
