"""Cascade: reconciliation by an interactive binary search over disclosed block parities.

Alice sends parities of blocks of her string, Bob answers each with one bit: does the parity of
his string, as corrected so far, differ? Public bookkeeping (`cascade_search`) settles what is
asked next, so a message is a bare string of bits. The frames of a group go through it in
lockstep, so the number of round trips hardly grows with theirs.

Two schedules of blocks share this engine. `EFFICIENT` stands in the line of "options 7 and 8" of
Martinez-Mateo et al. (arXiv:1407.3257): blocks of a power of two, reuse of sub-blocks, many final
passes over halves of the frame; bits already known to agree are left out of bisections ("option
6"). `ORIGINAL` is the protocol of Brassard and Salvail (EUROCRYPT '93): four passes, the first
with blocks of 0.73/q bits, doubling.

What is charged, and why
------------------------
Tupkary and Lütkenhaus (arXiv:2307.00576, Phys. Rev. Applied 20, 064040) point out that counting
Alice's parities alone, as is usual, overlooks what Bob's answers tell Eve. They mend it so: let X
and Y be the raw keys and hand Eve the whole error pattern W = X xor Y. Bob's answer is the parity
of W over the block asked, less the errors located before, so given W his side of the dialogue,
and with it the choice of every block, tells nothing new. What remains are linear functions of X,
one bit for every parity that Alice sends. Hence

    H_min(X | E, dialogue)  >=  H_min(X | E, W) - (number of parities sent by Alice),

and `charged_bits` is that number: every bit of every `AliceParities` message. Parities that both
can infer (the other half of a bisected block; the last block of a later pass, since the first
pass leaves each frame even) are not sent and not charged. The number depends on W, so the key's
length must be allowed to vary with it.

The condition: the bound on the key's entropy must hold with W given to Eve. A bound by the phase
error rate of qubit pairs does: W is the set of outcomes of Z_A Z_B, which commutes with X_A X_B,
so revealing it leaves phase errors as they were. This needs Bob's detection squashed to a qubit,
and credit for single photons only: an event in which Alice sent vacuum has a random X, but Eve may
have supplied Y, and then W tells her X. So the vacuum term s_0 of decoy bounds (Lim et al. 2014)
must not be credited to a key that is reconciled in this way. Where the condition fails, Bob's
answers are to be charged like Alice's parities: 2 `charged_bits` in all, one answer a parity.

Cascade does not notice errors that remain (an even number in every segment); verification does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
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
from noclone.distillation.reconciliation.cascade_search import Search
from noclone.distillation.reconciliation.cascade_strings import Strings
from noclone.distillation.reconciliation.reconciliation import Reconciled

NAME = "cascade"

THEOREM = (
    "Tupkary and Lütkenhaus (arXiv:2307.00576): with the error pattern W = X xor Y handed to Eve, Cascade "
    "leaks no more than the parities that Alice sends, provided the entropy bound is one for H(X|E,W), as "
    "phase-error bounds for squashed single photons are when vacuum events are not credited."
)

GROUP_FRAMES = 128
"""Frames that advance together; a party needs about 0.4 MB for each."""


class AliceParities(Message, frozen=True):
    """Parities of Alice's string over the blocks that are next, in the order of the search."""

    stage: ClassVar[str] = "reconciliation"
    parities: BitString


class BobDifferences(Message, frozen=True):
    """For each of Alice's parities, whether that of Bob's corrected string differs."""

    stage: ClassVar[str] = "reconciliation"
    differs: BitString


@dataclass(frozen=True)
class Schedule:
    """How the blocks of the passes follow from the frame's length and the expected error rate.

    Attributes
    ----------
    block_bits : callable
        ``block_bits(frame_bits, error_rate)`` gives the block length of every pass. Passes of
        equal length open together. The sole length 1 sends the frame in clear.
    settled_passes : int
        In this many first passes bits known to agree are left out of bisections.
    frame_bits : int
        Length of a frame, at most 65 536.
    """

    block_bits: Callable[[int, float], tuple[int, ...]]
    settled_passes: int
    frame_bits: int = 65_536


def _powers_of_two(frame_bits: int, error_rate: float) -> tuple[int, ...]:
    # 0.88 and 9 errors a block balance leakage against round trips between 0.5 and 8 %. From an
    # error rate of 0.35 on the leakage would come near the frame's length, and in a tiny frame the
    # final passes alone would.
    if frame_bits <= 64 or error_rate >= 0.35:
        return (1,)
    error_rate = max(error_rate, 1 / frame_bits)
    first = 2 ** round(math.log2(0.88 / error_rate))
    second = 2 ** round(math.log2(9 / error_rate))
    later = (second, -(-frame_bits // 4), *[-(-frame_bits // 2)] * 11)
    return (min(first, frame_bits), *(bits for bits in later if bits < frame_bits))


def _doubling(frame_bits: int, error_rate: float) -> tuple[int, ...]:
    first = math.ceil(0.73 / min(max(error_rate, 1 / frame_bits), 0.5))
    later = (2 * first, 4 * first, 8 * first)
    return (min(first, frame_bits), *(bits for bits in later if bits < frame_bits))


EFFICIENT = Schedule(_powers_of_two, settled_passes=2)
"""Powers of two with sub-block reuse, 14 passes."""

ORIGINAL = Schedule(_doubling, settled_passes=0)
"""Four passes with doubling blocks (Brassard and Salvail 1993)."""


def alice(
    bits: Bits,
    error_rate: float,
    public_seed: int,
    channel: ClassicalChannel,
    schedule: Schedule = EFFICIENT,
) -> Reconciled:
    """Reconcile as Alice, whose string stays as it is.

    Parameters
    ----------
    bits : array of 0/1, shape (n,)
        Her string, n >= 1.
    error_rate : float
        Expected error rate, public; sizes the blocks only. A wrong one costs leakage.
    public_seed : int
        Seed of the passes' permutations, drawn after the quantum signals have been received.
    channel : ClassicalChannel
        To a Bob who was given the same public values.
    schedule : Schedule
        Block lengths; both parties' must be the same.

    Returns
    -------
    Reconciled
        Her string and what the dialogue leaked.

    Raises
    ------
    InvalidInput
        If the string is empty or the error rate is not in [0, 1].
    ProtocolViolation
        If an answer has not as many bits as there were parities.

    Notes
    -----
    The protocol is that of Brassard and Salvail, "Secret-key reconciliation by public
    discussion", EUROCRYPT '93, with the schedule of the module's description.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from noclone.distillation.channel import QueueChannel
    >>> hers, his = QueueChannel.pair()
    >>> x = np.arange(1000, dtype=np.uint8) % 3 % 2
    >>> y = x.copy()
    >>> y[[7, 70, 700]] ^= 1
    >>> with ThreadPoolExecutor() as pool:
    ...     other = pool.submit(bob, y, 0.01, 1, his)
    ...     ours = alice(x, 0.01, 1, hers)
    >>> bool((other.result().bits == x).all()), ours.charged_bits == other.result().charged_bits
    (True, True)
    """
    plan = _plan(len(bits), error_rate, public_seed, schedule)
    charged_bits = 0
    for part in plan.parts:
        own, search = _start(plan, bits[part])
        while search.asked:
            channel.send(AliceParities(BitString.of(own.parities(search))))
            charged_bits += search.asked
            search.learn(_expected(channel.receive(BobDifferences).differs, search.asked))
    return Reconciled(bits, charged_bits, plan.frame_bits, plan.disclosed_frames)


def bob(
    bits: Bits,
    error_rate: float,
    public_seed: int,
    channel: ClassicalChannel,
    schedule: Schedule = EFFICIENT,
) -> Reconciled:
    """Reconcile as Bob, who corrects his string to be Alice's.

    Parameters
    ----------
    bits : array of 0/1, shape (n,)
        His string, as long as Alice's.
    error_rate, public_seed, channel, schedule
        As for `alice`.

    Returns
    -------
    Reconciled
        The corrected string and what the dialogue leaked.

    Raises
    ------
    InvalidInput, ProtocolViolation
        As for `alice`.

    Examples
    --------
    See `alice`, which needs a Bob.
    """
    plan = _plan(len(bits), error_rate, public_seed, schedule)
    charged_bits = 0
    corrected = bits.copy()
    for part in plan.parts:
        own, search = _start(plan, bits[part])
        while search.asked:
            hers = _expected(channel.receive(AliceParities).parities, search.asked)
            differs = hers ^ own.parities(search)
            channel.send(BobDifferences(BitString.of(differs)))
            charged_bits += search.asked
            own.correct(search, search.learn(differs))
        own.correct_original(corrected[part])
    return Reconciled(corrected, charged_bits, plan.frame_bits, plan.disclosed_frames)


@dataclass(frozen=True)
class _Plan:
    frame_bits: int
    block_bits: tuple[int, ...]
    permutations: NDArray[np.uint16]
    parts: tuple[slice, ...]
    disclosed_frames: int
    settled_passes: int


def _plan(count: int, error_rate: float, public_seed: int, schedule: Schedule) -> _Plan:
    if count < 1:
        raise InvalidInput("bits", "must not be empty")
    if not 0 <= error_rate <= 1:
        raise InvalidInput("error_rate", f"must lie between 0 and 1, but is {error_rate}")
    # Frames of nearly equal length instead of full ones and a rest that may be tiny.
    frames = -(-count // schedule.frame_bits)
    frame_bits = -(-count // frames)
    block_bits = schedule.block_bits(frame_bits, error_rate)
    permutations = np.array(
        [stream(public_seed, "cascade", p).permutation(frame_bits) for p in range(len(block_bits))], np.uint16
    )
    groups = -(-frames // GROUP_FRAMES)
    edges = [min(count, frames * group // groups * frame_bits) for group in range(groups + 1)]
    parts = tuple(slice(first, last) for first, last in pairwise(edges))
    disclosed_frames = frames if block_bits[0] == 1 else 0
    return _Plan(frame_bits, block_bits, permutations, parts, disclosed_frames, schedule.settled_passes)


def _start(plan: _Plan, bits: Bits) -> tuple[Strings, Search]:
    # The last frame is filled up with zeros, which agree.
    count = -(-len(bits) // plan.frame_bits)
    frames = np.zeros((count, plan.frame_bits), np.uint8)
    frames.ravel()[: len(bits)] = bits
    search = Search(count, plan.permutations, plan.block_bits, plan.settled_passes)
    return Strings(frames, plan.permutations), search


def _expected(string: BitString, count: int) -> Bits:
    if string.count != count:
        raise ProtocolViolation(f"expected {count} bits, got {string.count}")
    return string.bits()
