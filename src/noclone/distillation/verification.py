"""Verification: whether both parties now hold the same string, and if not, which frames differ.

Alice sends a fresh random hash key and the hash of her string, Bob says whether his agrees. If it
does not, hashes of the frames find the wrong ones; Alice sends those in clear, charged in full,
and the whole is verified again. A frame is never dropped and never kept unverified.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from noclone.core.bits import Bits, pack
from noclone.core.secrets import Secrets
from noclone.distillation.channel import ClassicalChannel, ProtocolViolation
from noclone.distillation.messages import BitString, Message, Numbers
from noclone.hashing import polynomial

TAG_BITS = polynomial.DIGEST_BITS
DIGEST_BYTES = 16
"""A hash value on the wire: two little-endian numbers of 64 bits."""
ROUNDS = 3
"""Whole-string comparisons before giving up; a further one follows each repair."""


class Digests(Message, frozen=True):
    """A public hash key and Alice's hashes under it, of the whole or of every frame."""

    stage = "verification"
    seed: bytes
    values: bytes

    def raw_key_bits(self) -> int:
        """Every hash value tells as many bits as it has."""
        return TAG_BITS * (len(self.values) // DIGEST_BYTES)


class Disagreements(Message, frozen=True):
    """Which of the hashed parts differ at Bob; empty: all agree."""

    stage = "verification"
    parts: Numbers


class Frames(Message, frozen=True):
    """Frames in clear."""

    stage = "verification"
    bits: BitString


class VerificationFailed(Exception):
    """The strings still differ after all repairs."""


@dataclass(frozen=True)
class Verified:
    """Outcome of verification.

    Attributes
    ----------
    bits : Bits
        The string, equal at both parties but for `collision_prob`.
    charged_bits : int
        Hash values and frames disclosed.
    collision_prob : float
        Probability that different strings pass.
    disclosed_frames : int
        Frames that went in clear.
    """

    bits: Bits = field(repr=False)
    charged_bits: int
    collision_prob: float
    disclosed_frames: int


def alice(bits: Bits, frame_bits: int, channel: ClassicalChannel, secrets: Secrets) -> Verified:
    """Run Alice's side.

    Parameters
    ----------
    bits : Bits
        Her string.
    frame_bits : int
        Length of the frames to fall back to.
    channel : ClassicalChannel
        To Bob.
    secrets : Secrets
        Where hash keys come from.

    Raises
    ------
    VerificationFailed
        If the strings cannot be made equal.
    """
    count = _Count(bits.size)
    for _ in range(ROUNDS):
        if _ask([bits], channel, secrets, count).size == 0:
            return count.verified(bits)
        frames = _frames(bits, frame_bits)
        wrong = _ask(frames, channel, secrets, count)
        clear = np.concatenate([frames[i] for i in wrong] or [bits[:0]])
        channel.send(Frames(BitString.of(clear)))
        count.disclose(len(wrong), clear.size)
    raise VerificationFailed


def bob(bits: Bits, frame_bits: int, channel: ClassicalChannel) -> Verified:
    """Run Bob's side; see `alice`."""
    bits = bits.copy()
    count = _Count(bits.size)
    for _ in range(ROUNDS):
        if _answer([bits], channel, count).size == 0:
            return count.verified(bits)
        frames = _frames(bits, frame_bits)
        wrong = _answer(frames, channel, count)
        clear = channel.receive(Frames).bits
        if clear.count != sum(frames[i].size for i in wrong):
            raise ProtocolViolation("frames in clear have another length than asked for")
        rest = clear.bits()
        for i in wrong:
            frames[i][:], rest = rest[: frames[i].size], rest[frames[i].size :]
        count.disclose(len(wrong), clear.count)
    raise VerificationFailed


def _frames(bits: Bits, frame_bits: int) -> list[Bits]:
    """Return views of the frames."""
    return [bits[start : start + frame_bits] for start in range(0, bits.size, frame_bits)]


def _hash(seed: bytes, parts: list[Bits]) -> bytes:
    values = [polynomial.digest_of(seed, pack(part).tobytes()) for part in parts]
    return np.array(values, "<u8").tobytes()


def _ask(parts: list[Bits], channel: ClassicalChannel, secrets: Secrets, count: _Count) -> np.ndarray:
    seed = secrets.bytes(polynomial.SEED_BYTES)
    channel.send(Digests(seed, _hash(seed, parts)))
    count.compare(len(parts))
    wrong = channel.receive(Disagreements).parts.array().astype(np.int64)
    if wrong.size and (np.any(np.diff(wrong) <= 0) or wrong[0] < 0 or wrong[-1] >= len(parts)):
        raise ProtocolViolation("disagreements are not parts of the string")
    return wrong


def _answer(parts: list[Bits], channel: ClassicalChannel, count: _Count) -> np.ndarray:
    message = channel.receive(Digests)
    if len(message.values) != DIGEST_BYTES * len(parts) or len(message.seed) != polynomial.SEED_BYTES:
        raise ProtocolViolation("hashes of another number of parts were expected")
    theirs = np.frombuffer(message.values, "<u8").reshape(-1, 2)
    mine = np.frombuffer(_hash(message.seed, parts), "<u8").reshape(-1, 2)
    wrong = np.flatnonzero((mine != theirs).any(axis=1)).astype(np.uint32)
    channel.send(Disagreements(Numbers.of(wrong)))
    count.compare(len(parts))
    return wrong


class _Count:
    """Adds up what verification discloses and may miss, the same at both parties."""

    def __init__(self, total_bits: int) -> None:
        self._bound = polynomial.collision_bound((total_bits + 7) // 8)
        self._bits = self._comparisons = self._frames = 0

    def compare(self, parts: int) -> None:
        self._bits += parts * TAG_BITS
        self._comparisons += parts

    def disclose(self, frames: int, bits: int) -> None:
        self._frames += frames
        self._bits += bits

    def verified(self, bits: Bits) -> Verified:
        return Verified(bits, self._bits, self._comparisons * self._bound, self._frames)
