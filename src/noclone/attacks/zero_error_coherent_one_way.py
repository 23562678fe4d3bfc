"""The attack on coherent one-way that causes no error: runs of sequences that Eve has discriminated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from noclone.link import Link
from noclone.protocols.cow import CoherentOneWay, arriving
from noclone.protocols.protocol import Floats, Protocol
from noclone.protocols.round_attack import RoundAttack
from noclone.rates.coherent_one_way import discrimination_prob
from noclone.rates.threshold_detection import record_of_light

Bools = NDArray[np.bool_]

STRETCH = 1000
"""Sequences in a row that Eve attacks, or leaves alone, together."""
BRIGHTEST = 20.0
"""Photons that Bob's data line detects on average of the brightest pulses she sends."""


class _Passed(NamedTuple):
    """How much Eve sends on, per sequence of an attacked stretch.

    Attributes
    ----------
    bits : float
        Sequences that carry a bit.
    neighbours : float
        Pairs of full pulses, side by side.
    """

    bits: float
    neighbours: float


@dataclass(frozen=True, kw_only=True)
class ZeroErrorCoherentOneWay(RoundAttack):
    """Eve discriminates every sequence of two pulses and sends on only what must interfere with nothing else.

    In attacked stretches of the train she discriminates the three sequences, all with one probability of
    success. Within a run of successes she sends on, as bright as needed, what lies between the first sequence
    that begins with an empty pulse and the last that ends with one; all else is blocked. At such ends no
    interference can be missed, and in between it is perfect. Her pulses are as bright as it takes to leave
    Bob's sifted bits as many as they were; beyond `rates.coherent_one_way.zero_error_gain` per sequence she
    cannot. Where a stretch begins or ends, a full pulse may lose its neighbour; nothing else disturbs.

    Notes
    -----
    The idea is that of Gonzalez-Payo, Trenyi, Wang, Curty, PRL 125, 260510 (2020); their measurement and
    their choice of what to send are better, so that their attack matches higher gains. This one keeps the
    gain, the error rate and the visibility, but not how the clicks divide between the lines and between bits
    and decoys: who counts these may see it.

    Examples
    --------
    >>> from noclone.protocols.cow import CoherentOneWay
    >>> eve = ZeroErrorCoherentOneWay()
    >>> [eve.hidden(CoherentOneWay(), CoherentOneWay.typical(length)[0]) for length in (50, 100)]
    [False, True]
    """

    NAME: ClassVar[str] = "zero-error-coherent-one-way"
    PROTOCOLS: ClassVar[tuple[str, ...]] = ("cow",)
    DOES: ClassVar[str] = "discriminates the sequences without error, which works for some of them only"
    RESENDS: ClassVar[str] = "what lies, in a run of successes, between two empty pulses, as bright as needed"
    LEARNS: ClassVar[str] = "every bit that light gives; of dark counts, those whose sequence she identified"
    CHANGES: ClassVar[str] = (
        "neither gain nor error rate nor visibility on a long link; decoys click less often"
    )
    SOURCE: ClassVar[str] = "after Gonzalez-Payo, Trenyi, Wang, Curty, PRL 125, 260510 (2020)"

    def hidden(self, protocol: Protocol, link: Link) -> bool:
        """Return whether Eve can make as many sifted bits as the honest channel."""
        cow = self._checked(protocol, link)
        return _brightness(cow, link) < BRIGHTEST

    def statistics(self, protocol: Protocol, link: Link) -> dict[str, Floats]:
        """Return the probabilities per pulse of bits on the data line and clicks on the monitor."""
        cow = self._checked(protocol, link)
        bob, honest = link.detectors("bob"), cow.statistics(link)
        data = _brightness(cow, link)
        kept, wrong = _bits(cow, link, data)
        nominal = cow.decoy_prob + (0.5 * (1.0 + cow.decoy_prob)) ** 2
        passed = _passed(cow, link.alice.intensities[0])
        light = data * cow.monitor_share / (1.0 - cow.monitor_share)
        attacked = {"kept": kept, "wrong": wrong}
        straddling = {}
        # Pairs of full pulses of which one lies in an attacked stretch, blocked, and the other does not.
        mixed = 2.0 * self.fraction * (1.0 - self.fraction) * (0.5 * (1.0 + cow.decoy_prob)) ** 2 / STRETCH
        for name, sign in (("monitor bright", 1.0), ("monitor faint", -1.0)):

            def clicks(mean: float, share: float) -> float:
                return float(bob.dark_count_prob - (1.0 - bob.dark_count_prob) * np.expm1(-mean * share))

            full = clicks(light, 0.5 * (1.0 + sign * cow.visibility))
            dark = bob.dark_count_prob
            attacked[name] = 0.5 * (passed.neighbours * full + (nominal - passed.neighbours) * dark)
            lone, both = 0.0, 0.0
            for share, (way,) in link.segments():
                mean = float(way) * bob.efficiency * link.alice.intensities[0] * cow.monitor_share
                lone += share * clicks(mean, 0.25)
                both += share * clicks(mean, 0.5 * (1.0 + sign * cow.visibility))
            # The mixture below takes half of them for honest and half for blocked pairs.
            straddling[name] = 0.5 * mixed * (lone - 0.5 * (both + dark))
        return {
            name: np.asarray(
                (1.0 - self.fraction) * honest[name]
                + self.fraction * attacked[name]
                + straddling.get(name, 0.0)
            )
            for name in honest
        }

    def information(self, protocol: Protocol, link: Link) -> float:
        """Return the share of sifted bits of sequences that Eve discriminated."""
        cow = self._checked(protocol, link)
        kept, _ = _bits(cow, link, _brightness(cow, link))
        dark = sum(_recorded(cow, link, 0.0))
        unknown = 0.5 * (1.0 - cow.decoy_prob) * (1.0 - _success(link)) * dark
        return float(1.0 - unknown / kept) if kept > 0 else 0.0

    def sample(
        self, protocol: Protocol, link: Link, rounds: int, rng: np.random.Generator
    ) -> Mapping[str, float]:
        """Play a train of sequences: what Eve passes on, photons of the data line, and interference."""
        cow, sequences = self._checked(protocol, link), rounds // 2
        sent, honest = cow.emitted(sequences, rng), arriving(link, sequences, rng)
        stretches = -(-sequences // STRETCH)
        attacked = np.repeat(rng.random(stretches) < self.fraction, STRETCH)[:sequences]
        known = rng.random(sequences) < _success(link)
        brightness = np.sqrt(_brightness(cow, link) / (1.0 - cow.monitor_share))
        field = np.where(attacked, brightness * _sent_on(known, sent.full), honest)
        return cow.received(link, sent, field, rng)

    def _checked(self, protocol: Protocol, link: Link) -> CoherentOneWay:
        self.check_setup(protocol, link)
        assert isinstance(protocol, CoherentOneWay)
        return protocol


def _success(link: Link) -> float:
    return float(discrimination_prob(link.alice.intensities[0]))


def _passed(protocol: CoherentOneWay, intensity: float) -> _Passed:
    """Return what Eve sends on, exactly, runs cut off at the ends of a stretch included."""
    success = float(discrimination_prob(intensity))
    bit = 0.5 * (1.0 - protocol.decoy_prob) * success
    decoy = protocol.decoy_prob * success
    going_on = bit + decoy
    # Chance that a run going on from a sequence, with i sequences to the stretch's end, meets what it needs.
    met = bit * (1.0 - going_on ** np.arange(STRETCH + 1)) / (1.0 - going_on)
    before, after = met[:STRETCH], met[STRETCH - 1 :: -1]
    bits = float(np.sum(bit * (before + after)))
    inner = float(np.sum(decoy * before * after))
    across = float(np.sum((bit + decoy * before[:-1]) * (bit + decoy * after[1:])))
    return _Passed(bits / STRETCH, (inner + across) / STRETCH)


def _recorded(protocol: CoherentOneWay, link: Link, data: float) -> tuple[float, float]:
    """Return the probabilities of the right bit and of the wrong one, for so many detected photons."""
    bob = link.detectors("bob")
    shares = (1.0 - bob.misalignment, bob.misalignment)
    right, wrong = (float(record_of_light(data, 1.0, each, bob.dark_count_prob)) for each in shares)
    return right, wrong


def _bits(protocol: CoherentOneWay, link: Link, data: float) -> tuple[float, float]:
    """Return sifted bits and wrong ones per pulse of attacked stretches, for light so bright."""
    passed = _passed(protocol, link.alice.intensities[0]).bits
    blocked = 1.0 - protocol.decoy_prob - passed
    (right, wrong), (luck, error) = (_recorded(protocol, link, each) for each in (data, 0.0))
    return 0.5 * (passed * (right + wrong) + blocked * (luck + error)), 0.5 * (
        passed * wrong + blocked * error
    )


def _brightness(protocol: CoherentOneWay, link: Link) -> float:
    """Return the photons detected on the data line per pulse that leave as many sifted bits as there were."""
    goal = float(protocol.statistics(link)["kept"])

    def short(data: float) -> float:
        return goal - _bits(protocol, link, data)[0]

    return BRIGHTEST if short(BRIGHTEST) >= 0 else float(brentq(short, 0.0, BRIGHTEST, xtol=1e-14))


def _sent_on(known: Bools, full: Bools) -> Bools:
    """Return which sequences Eve sends on, treating each stretch by itself.

    Parameters
    ----------
    known : ndarray of bool, shape (N,)
        Where she succeeded.
    full : ndarray of bool, shape (N, 2)
        Which of the two pulses are not empty.
    """
    padding = -len(known) % STRETCH
    known, begins, ends = (
        np.pad(each, (0, padding)).reshape(-1, STRETCH) for each in (known, ~full[:, 0], ~full[:, 1])
    )
    started, stopped = known & begins, known & ends
    for i in range(1, STRETCH):
        started[:, i] |= known[:, i] & started[:, i - 1]
        stopped[:, -1 - i] |= known[:, -1 - i] & stopped[:, -i]
    sent: Bools = (started & stopped).reshape(-1)[: len(known.reshape(-1)) - padding]
    return sent
