"""Privacy amplification: a public random hash makes a shorter, secret key of each basis's string."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from noclone.core.bits import Bits, pack, unpack
from noclone.core.registry import named_modules, pick
from noclone.core.secrets import Secrets
from noclone.distillation.channel import ClassicalChannel, ProtocolViolation
from noclone.distillation.messages import Message
from noclone.hashing.extractor import Extractor


class Seed(Message, frozen=True):
    """The function's choice, public, made after the strings are fixed."""

    stage = "amplification"
    seed: bytes


def extractor(name: str) -> Extractor:
    """Return the extractor module of this name."""
    return cast(Extractor, pick("protocol.amplification", name, named_modules("noclone.hashing")))


def alice(
    strings: tuple[Bits, Bits],
    lengths: tuple[int, int],
    name: str,
    channel: ClassicalChannel,
    secrets: Secrets,
) -> NDArray[np.uint8]:
    """Run Alice's side: choose each function, tell Bob, return the packed key."""
    family = extractor(name)
    parts = []
    for bits, length in zip(strings, lengths, strict=True):
        if length:
            seed = secrets.bytes((family.seed_bits(bits.size, length) + 7) // 8)
            channel.send(Seed(seed))
            parts.append(unpack(family.extract(pack(bits), bits.size, length, seed), length))
    return pack(np.concatenate(parts))


def bob(
    strings: tuple[Bits, Bits], lengths: tuple[int, int], name: str, channel: ClassicalChannel
) -> NDArray[np.uint8]:
    """Run Bob's side; see `alice`."""
    family = extractor(name)
    parts = []
    for bits, length in zip(strings, lengths, strict=True):
        if length:
            seed = channel.receive(Seed).seed
            if len(seed) != (family.seed_bits(bits.size, length) + 7) // 8:
                raise ProtocolViolation("the seed of privacy amplification has the wrong length")
            parts.append(unpack(family.extract(pack(bits), bits.size, length, seed), length))
    return pack(np.concatenate(parts))
