"""Cascade (draft)."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from noclone.core.bits import Bits
from noclone.core.errors import InvalidInput
from noclone.core.seeds import stream
from noclone.distil.channel import ClassicalChannel, ProtocolViolation
from noclone.distil.messages import BitString, Message
from noclone.distil.reconciliation.cascade_strings import Strings
from noclone.distil.reconciliation.cascade_search import Search
from noclone.distil.reconciliation.reconciliation import Reconciled

NAME = "cascade"
THEOREM = ""
GROUP_FRAMES = 320
class AliceParities(Message):
    stage: ClassVar[str] = "reconciliation"
    parities: BitString
class BobDifferences(Message):
    stage: ClassVar[str] = "reconciliation"
    differs: BitString
@dataclass(frozen=True)
class Schedule:
    block_bits: Callable[[int, float], tuple[int, ...]]
    settled_passes: int
    frame_bits: int = 65_536

def _efficient(n: int, q: float) -> tuple[int, ...]:
    if n <= 64 or q >= 0.35: return (1,)
    q = max(q, 1 / n)
    first = 2 ** round(math.log2(0.88 / q)); second = 2 ** round(math.log2(9 / q))
    rest = (second, -(-n // 4), *[-(-n // 2)] * 11)
    return (min(first, n), *(b for b in rest if b < n))
def _original(n: int, q: float) -> tuple[int, ...]:
    first = math.ceil(.73 / max(q, 1 / n))
    return (min(first, n), *(b for b in (2*first, 4*first, 8*first) if b < n))
EFFICIENT = Schedule(_efficient, 3)
ORIGINAL = Schedule(_original, 0)

def _groups(count, error_rate, public_seed, schedule):
    frames = -(-count // schedule.frame_bits)
    frame_bits = -(-count // frames)
    block_bits = schedule.block_bits(frame_bits, error_rate)
    permutations = np.array([stream(public_seed, "cascade", p).permutation(frame_bits) for p in range(len(block_bits))]).astype(np.uint16)
    groups = -(-frames // GROUP_FRAMES)
    for g in range(groups):
        first, last = frames * g // groups, frames * (g + 1) // groups
        yield slice(first * frame_bits, min(count, last * frame_bits)), frame_bits, Search(last - first, permutations, block_bits, schedule.settled_passes), permutations
def _frames(bits, frame_bits, frames):
    padded = np.zeros(frames * frame_bits, np.uint8); padded[:bits.size] = bits
    return padded.reshape(frames, frame_bits)
def _expect(string, count):
    if string.count != count or len(string.packed) != (count + 7) // 8: raise ProtocolViolation("")
    return string.bits()
def alice(bits, error_rate, public_seed, channel, schedule=EFFICIENT):
    charged = 0; rounds = 0
    for part, frame_bits, search, permutations in _groups(bits.size, error_rate, public_seed, schedule):
        own = Strings(_frames(bits[part], frame_bits, -(-bits[part].size // frame_bits)), permutations)
        while search.asked:
            mine = own.parities(search)
            channel.send(AliceParities(BitString.of(mine)))
            charged += mine.size; rounds += 1
            search.learn(_expect(channel.receive(BobDifferences).differs, mine.size))
    alice.rounds = rounds
    return Reconciled(bits, charged, frame_bits, 0)
def bob(bits, error_rate, public_seed, channel, schedule=EFFICIENT):
    charged = 0; out = []
    for part, frame_bits, search, permutations in _groups(bits.size, error_rate, public_seed, schedule):
        own = Strings(_frames(bits[part], frame_bits, -(-bits[part].size // frame_bits)), permutations)
        while search.asked:
            mine = own.parities(search)
            differs = mine ^ _expect(channel.receive(AliceParities).parities, mine.size)
            channel.send(BobDifferences(BitString.of(differs)))
            charged += mine.size
            own.correct(search, search.learn(differs))
        out.append(own.corrected().ravel()[:bits[part].size])
    return Reconciled(np.concatenate(out), charged, frame_bits, 0)
