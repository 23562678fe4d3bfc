"""LDPC reconciliation as two parties: Alice sends parities, Bob decodes.

Frames that Bob cannot decode get further parities in up to four rounds; what is left after
that Alice sends in clear. All parities and answers are charged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from noclone.core.bits import Bits
from noclone.core.errors import InvalidInput
from noclone.core.seeds import stream
from noclone.distillation.channel import ClassicalChannel, ProtocolViolation
from noclone.distillation.messages import BitString, Message
from noclone.distillation.reconciliation.ldpc.adaptation import COLUMNS, LEAST_ERROR_RATE, Plan, code, plan
from noclone.distillation.reconciliation.ldpc.code import Code
from noclone.distillation.reconciliation.ldpc.construction import Integers
from noclone.distillation.reconciliation.ldpc.decoder import decode, syndrome
from noclone.distillation.reconciliation.reconciliation import Reconciled

NAME = "ldpc"
THEOREM = (
    "Every bit that either party sends in reconciliation is charged, Bob's answers included: a message of n "
    "bits lowers the smooth min-entropy by at most n (arXiv:2307.00576). The error counts that estimation "
    "announces are functions of the error pattern, which phase-error bounds may give to Eve."
)

ROUNDS = (0, 1 / 16, 3 / 16, 7 / 16, 15 / 16)
"""Share of the block rows that have been made two, in each round."""
_CERTAIN = 30.0
"""Log-likelihood ratio of a bit that both parties know."""


class Parities(Message, frozen=True):
    """From Alice: the parities that are new in this round, frame after frame."""

    stage: ClassVar[str] = "reconciliation"
    parities: BitString


class Undecoded(Message, frozen=True):
    """From Bob: one bit for each frame of this round, 1 where decoding failed."""

    stage: ClassVar[str] = "reconciliation"
    failed: BitString


class Clear(Message, frozen=True):
    """From Alice: the frames given up."""

    stage: ClassVar[str] = "reconciliation"
    bits: BitString


def alice(bits: Bits, error_rate: float, public_seed: int, channel: ClassicalChannel) -> Reconciled:
    """Let Bob correct his string to Alice's.

    Parameters
    ----------
    bits : Bits
        Alice's string, shape (n,).
    error_rate : float
        Share of differing bits that both parties expect; it decides the code.
    public_seed : int
        Of the order in which a frame's bits enter the code.
    channel : ClassicalChannel
        To Bob.

    Returns
    -------
    Reconciled
        Her string, and what the exchange is charged.

    Raises
    ------
    InvalidInput
        If the error rate is not in [0, 0.5).
    ProtocolViolation
        If Bob's answers do not fit.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from noclone.distillation.channel import QueueChannel
    >>> mine = stream(1, "demo").integers(0, 2, 20_000, dtype=np.uint8)
    >>> yours = mine ^ (stream(2, "demo").random(20_000) < 0.02)
    >>> here, there = QueueChannel.pair()
    >>> with ThreadPoolExecutor() as pool:
    ...     answer = pool.submit(bob, yours, 0.02, 7, there)
    ...     outcome = alice(mine, 0.02, 7, here)
    >>> np.array_equal(answer.result().bits, mine), outcome.charged_bits < 4_500
    (True, True)
    """
    layout, place = _layout(len(bits), error_rate, public_seed)
    words = _words(bits, layout, place)
    waiting = np.arange(layout.frames)
    charged = 0
    for step in _rounds(layout):
        if not len(waiting):
            break
        news = np.concatenate([step.news(words[frame]) for frame in waiting])
        channel.send(Parities(BitString.of(news)))
        failed = _received(channel.receive(Undecoded).failed, len(waiting))
        charged += len(news) + len(failed)
        waiting = waiting[failed == 1]
    if len(waiting):
        clear = bits[_members(waiting, layout, len(bits))]
        channel.send(Clear(BitString.of(clear)))
        charged += len(clear)
    return Reconciled(bits, charged, layout.frame_bits, len(waiting))


def bob(bits: Bits, error_rate: float, public_seed: int, channel: ClassicalChannel) -> Reconciled:
    """Correct Bob's string to Alice's; see `alice`.

    Returns
    -------
    Reconciled
        His guess of her string. It has all her parities; that it is hers remains to be verified.

    Raises
    ------
    InvalidInput
        If the error rate is not in [0, 0.5).
    ProtocolViolation
        If Alice's messages do not fit.
    """
    layout, place = _layout(len(bits), error_rate, public_seed)
    words = _words(bits, layout, place)
    waiting = np.arange(layout.frames)
    known: dict[int, Bits] = {}
    charged = 0
    for step in _rounds(layout):
        if not len(waiting):
            break
        news = _received(channel.receive(Parities).parities, len(waiting) * step.fresh)
        failed = np.zeros(len(waiting), np.uint8)
        for k, frame in enumerate(waiting.tolist()):
            known[frame] = step.all_parities(known.get(frame), news[k * step.fresh : (k + 1) * step.fresh])
            length = min(layout.frame_bits, len(bits) - frame * layout.frame_bits)
            prior = _prior(step.code.length, place[:length], error_rate)
            pattern, iterations = decode(step.code, known[frame] ^ syndrome(step.code, words[frame]), prior)
            if iterations:
                words[frame] ^= pattern
            else:
                failed[k] = 1
        channel.send(Undecoded(BitString.of(failed)))
        charged += len(news) + len(failed)
        waiting = waiting[failed == 1]
    corrected = words[:, place].reshape(-1)[: len(bits)]
    if len(waiting):
        members = _members(waiting, layout, len(bits))
        corrected[members] = _received(channel.receive(Clear).bits, len(members))
        charged += len(members)
    return Reconciled(corrected, charged, layout.frame_bits, len(waiting))


@dataclass(frozen=True)
class _Round:
    """One round: rows `start` to `stop` of the first code become two each (round 0: none do)."""

    rows: int
    size: int
    start: int
    stop: int

    @property
    def code(self) -> Code:
        """The code of this round."""
        return code(self.rows, self.size, self.stop)

    @property
    def fresh(self) -> int:
        """Parities of a frame that are new in this round."""
        return (self.stop - self.start or self.rows) * self.size

    def news(self, word: Bits) -> Bits:
        """Return them: all in round 0, then those of the first half of each newly halved row."""
        parities = syndrome(self.code, word).reshape(-1, self.size)
        return (parities[2 * self.start : 2 * self.stop : 2] if self.stop else parities).reshape(-1)

    def all_parities(self, before: Bits | None, fresh: Bits) -> Bits:
        """Return all parities of this round's code from those of the round before."""
        if before is None:
            return fresh
        first = fresh.reshape(-1, self.size)
        rows = before.reshape(-1, self.size)
        # `start` rows were two already, so the next to be halved are from row 2 start on
        old = rows[2 * self.start : 2 * self.start + len(first)]
        pairs = np.stack((first, old ^ first), axis=1).reshape(-1, self.size)
        untouched = rows[2 * self.start + len(first) :]
        return np.concatenate((rows[: 2 * self.start], pairs, untouched)).reshape(-1)


def _rounds(layout: Plan) -> Iterator[_Round]:
    """Yield the rounds in order; none if the frames are too short for a code."""
    if layout.rows:
        stops = [round(share * layout.rows) for share in ROUNDS]
        for start, stop in pairwise([0, *stops]):
            yield _Round(layout.rows, layout.size, start, stop)


def _layout(count: int, error_rate: float, public_seed: int) -> tuple[Plan, Integers]:
    """Return the plan and the place in the code of each bit of a frame.

    Frames enter in a public random order: bursts of errors spread, and the places that a frame
    leaves free, which hold zeros known to both, are everywhere.
    """
    if not 0 <= error_rate < 0.5:
        raise InvalidInput("error_rate", f"must be at least 0 and below 0.5, but is {error_rate}")
    layout = plan(count, error_rate)
    order = stream(public_seed, "ldpc order").permutation(COLUMNS * layout.size)
    return layout, order[: layout.frame_bits]


def _words(bits: Bits, layout: Plan, place: Integers) -> Bits:
    """Return the frames as words of the code, shape (frames, code length)."""
    padded = np.zeros(layout.frames * layout.frame_bits, np.uint8)
    padded[: len(bits)] = bits
    words = np.zeros((layout.frames, COLUMNS * layout.size), np.uint8)
    words[:, place] = padded.reshape(layout.frames, layout.frame_bits)
    return words


def _prior(length: int, place: Integers, error_rate: float) -> NDArray[np.float32]:
    """Return the log-likelihood ratios of a word whose unknown bits are at `place`."""
    error_rate = max(error_rate, LEAST_ERROR_RATE)
    prior = np.full(length, _CERTAIN, np.float32)
    prior[place] = math.log((1 - error_rate) / error_rate)
    return prior


def _members(frames: Integers, layout: Plan, count: int) -> Integers:
    """Return the indices of the string's bits that belong to these frames."""
    members = frames[:, None] * layout.frame_bits + np.arange(layout.frame_bits)
    return members[members < count]


def _received(string: BitString, count: int) -> Bits:
    """Return the bits of a message, which must be `count`."""
    if string.count != count:
        raise ProtocolViolation(f"expected {count} bits, got {string.count}")
    return string.bits()
