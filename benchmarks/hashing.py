"""Privacy amplification to a quarter of the input, the polynomial hash, and a recorded channel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from measure import Row, timed
from noclone.core.registry import named_modules
from noclone.core.secrets import SystemSecrets
from noclone.distillation.authentication import Tag, TranscriptChannel
from noclone.distillation.channel import ChannelClosed
from noclone.distillation.key_pool import pools_in_memory
from noclone.distillation.messages import Message
from noclone.hashing.polynomial import SEED_BYTES, digest_of

INPUT_BITS = (10**5, 10**6, 10**7)
TRANSCRIPT_BYTES = 10**8
MESSAGE_BYTES = (10**6, 10**2)


class Nowhere:
    """A channel that forgets what is sent."""

    def send(self, message: Message) -> None:
        pass

    def receive(self, kind: type) -> Message:
        raise ChannelClosed("nobody answers")


def rows() -> Iterator[Row]:
    generator = np.random.default_rng(1)
    for bits in INPUT_BITS:
        packed = generator.integers(0, 256, bits // 8, dtype=np.uint8)
        for name, family in named_modules("noclone.hashing").items():
            seed = generator.bytes(-(-family.seed_bits(bits, bits // 4) // 8))

            def amplify(family=family, packed=packed, bits=bits, seed=seed) -> None:
                family.extract(packed, bits, bits // 4, seed)

            job = f"privacy amplification, {bits:,} bits"
            yield timed(amplify).row(job, name, bits, "bits", family.PROPERTY)
    message = generator.bytes(TRANSCRIPT_BYTES)
    run = timed(lambda: digest_of(bytes(SEED_BYTES), message))
    yield run.row("polynomial hash", "noclone", TRANSCRIPT_BYTES, "bytes")
    channel = TranscriptChannel(Nowhere(), pools_in_memory(1, SystemSecrets())[0], SystemSecrets())
    for size in MESSAGE_BYTES:
        count = TRANSCRIPT_BYTES // size // 10
        tag = Tag(bytes(size))
        run = timed(lambda tag=tag, count=count: [channel.send(tag) for _ in range(count)])
        yield run.row(f"recorded channel, messages of {size:,} bytes", "noclone", count * size, "bytes")
